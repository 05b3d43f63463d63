#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "plugins/label/keyword_index.hpp"
#include "plugins/label/lower_block.hpp"

struct hs_scratch;

namespace millrace::label {

/// A keyword that was found within a row of a block.
struct KeywordHit {
  std::uint32_t row;     // of the block
  std::uint32_t target;  // a label or rule of the index
  std::uint32_t end;     // of the keyword, in the bytes of the block
  std::uint32_t bytes;   // of the keyword
};

/// Searches blocks for the keywords within texts, many rows at once. [one thread]
class KeywordSearch {
 public:
  /// Rows that are searched at once give no more hits; with more, they are searched in parts.
  static constexpr std::size_t kMaxHits = 1u << 16;

  /// `stopping` is asked for each block and each 65,536 matches; the search then ends with
  /// Cancelled.
  KeywordSearch(std::shared_ptr<const KeywordIndex> index, std::function<bool()> stopping);
  ~KeywordSearch();
  KeywordSearch(const KeywordSearch&) = delete;
  KeywordSearch& operator=(const KeywordSearch&) = delete;

  /// Calls each(first, behind, hits) for all rows of the block in order, some at a time: rows
  /// [first, behind), and their hits by row. A label or rule has one hit in a row, at any of the
  /// places where it matches.
  using Each = std::function<void(std::size_t, std::size_t, std::span<const KeywordHit>)>;
  void run(const LowerBlock& block, const Each& each);

 private:
  struct Scan;
  struct FreeScratch {
    void operator()(hs_scratch* scratch) const;
  };
  void run(const LowerBlock& block, std::size_t first, std::size_t behind, const Each& each);
  bool scan(const LowerBlock& block, std::size_t first, std::size_t behind);

  const std::shared_ptr<const KeywordIndex> index_;  // all searches for a rule set share it
  const std::function<bool()> stopping_;
  std::unique_ptr<hs_scratch, FreeScratch> scratch_;
  std::vector<KeywordHit> hits_;
  std::vector<std::uint64_t> seen_in_;  // by target: the row of its last hit, among all so far
  std::uint64_t rows_before_ = 1;       // those of earlier scans
};

}  // namespace millrace::label
