#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

namespace millrace::label {

/// The last code point.
inline constexpr std::uint32_t kLastCodePoint = 0x10FFFF;

/// Code points from `first` to `last`, both included.
struct CodeRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  auto operator<=>(const CodeRange&) const = default;
};

/// A set of code points: ranges that ascend and do not touch. What a pattern says of one character
/// is such a set in the end, so no engine's own idea of letters or case has a part in it.
class CodeSet {
 public:
  CodeSet() = default;
  /// From ranges in any order, which may overlap.
  explicit CodeSet(std::vector<CodeRange> ranges);
  static const CodeSet& all();

  [[nodiscard]] std::span<const CodeRange> ranges() const { return ranges_; }
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] bool is_single() const {
    return ranges_.size() == 1 && ranges_[0].first == ranges_[0].last;
  }
  [[nodiscard]] bool has(std::uint32_t code) const;
  /// Whether every code point of `other` is in this one.
  [[nodiscard]] bool has_all(const CodeSet& other) const;

  [[nodiscard]] CodeSet complement() const;
  [[nodiscard]] CodeSet with(const CodeSet& other) const;
  [[nodiscard]] CodeSet without(const CodeSet& other) const;

  auto operator<=>(const CodeSet&) const = default;

 private:
  std::vector<CodeRange> ranges_;
};

}  // namespace millrace::label
