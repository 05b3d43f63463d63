#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct hs_database;
struct hs_scratch;

namespace millrace::label {

/// One pass over a text that tells which of many patterns may be found in it: never too few.
/// [any thread; each with its own scratch]
class RegexPrefilter {
 public:
  struct Entry {
    std::string text;  // by text_for_prefilter()
    std::uint32_t id = 0;
  };
  struct FreeScratch {
    void operator()(hs_scratch* scratch) const;
  };
  using Scratch = std::unique_ptr<hs_scratch, FreeScratch>;

  /// Compiles what Vectorscan takes; the ids of the rest are added to `refused`.
  RegexPrefilter(const std::vector<Entry>& entries, std::vector<std::uint32_t>& refused);

  [[nodiscard]] Scratch make_scratch() const;
  /// Adds the ids of the patterns that may be found in a text, which is valid UTF-8; each once, in
  /// no order.
  void scan(std::string_view text, Scratch& scratch, std::vector<std::uint32_t>& candidates) const;
  [[nodiscard]] std::size_t size_bytes() const;

 private:
  struct FreeDatabase {
    void operator()(hs_database* database) const;
  };
  std::unique_ptr<hs_database, FreeDatabase> database_;  // none: it has no patterns
};

}  // namespace millrace::label
