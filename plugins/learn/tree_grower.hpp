#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "plugins/learn/forest.hpp"
#include "plugins/learn/forest_data.hpp"

namespace millrace::learn {

/// A tree that was grown: nodes in preorder, and the shares of leaves that are not pure, which
/// follow the rows of pure ones.
struct GrownTree {
  std::vector<ForestNode> nodes;
  std::vector<float> shares;
};

/// Numbers without end from a seed (SplitMix64 of Steele, Lea and Flood, 2014).
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t seed) : state_{seed} {}
  std::uint64_t next();
  /// A number below `bound` (Lemire's product).
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }

 private:
  std::uint64_t state_;
};

/// Grows one tree. For a node it looks at the columns it drew, or, where the node has few rows, at
/// those rows: whichever holds fewer values.
class TreeGrower {
 public:
  /// `room`: bytes that all trees together may still take.
  TreeGrower(const ForestData& data, std::uint64_t seed, const IsStopping& is_stopping,
             std::atomic<std::int64_t>& room);
  /// Throws Failure with Exhausted where there is no more room, Cancelled when stopping.
  GrownTree grow();

 private:
  struct Entry {
    float value;
    std::uint32_t row;
  };
  struct Split {
    std::uint32_t column = 0;
    float threshold = 0;
    double score = -1;
  };
  struct Range {
    std::size_t begin, end;  // of rows_
    std::uint32_t parent;    // whose right child it is, or kNone
  };
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr float kSame = 1e-7F;  // scikit-learn's FEATURE_THRESHOLD

  void draw_rows();
  void count_classes(const Range& range);
  void draw_columns();
  std::optional<Split> find_split(const Range& range);
  void gather_column(std::uint32_t column, const Range& range, std::vector<Entry>& entries) const;
  void gather_by_column(const Range& range);
  void gather_by_row(const Range& range);
  std::optional<std::uint32_t> draw_varying_column(const Range& range);
  void look_at(std::uint32_t column, std::span<Entry> entries, const Range& range, Split& best);
  std::size_t divide(const Range& range, const Split& split);
  void add_leaf(GrownTree& tree);
  void take_room(std::size_t bytes);

  const ForestData& data_;
  const IsStopping& is_stopping_;
  std::atomic<std::int64_t>& room_;
  SplitMix random_;
  std::vector<std::uint32_t> weights_;       // by row: how often it was drawn
  std::vector<std::uint32_t> rows_;          // that were drawn, each once; nodes are ranges of it
  std::vector<std::uint32_t> places_;        // by row, in rows_
  std::vector<std::uint32_t> columns_;       // a permutation, whose beginning was drawn
  std::size_t drawn_ = 0;                    // columns for a node
  std::vector<std::uint32_t> slots_;         // by column: 1 + its place among the drawn
  std::vector<std::vector<Entry>> entries_;  // by drawn column
  std::vector<std::int64_t> totals_, left_, zeros_;  // weights in a node by class
  std::int64_t weight_ = 0;                          // of the node
  std::vector<std::pair<std::uint32_t, float>> seen_;
};

}  // namespace millrace::learn
