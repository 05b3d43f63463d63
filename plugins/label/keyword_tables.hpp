#pragma once

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace millrace::label {

/// What a keyword counts for, with repetitions where it counts more than once.
using Targets = std::vector<std::uint32_t>;
/// Keywords, lower-cased, with what each counts for.
using KeywordTargets = std::map<std::string, Targets, std::less<>>;

/// Finds the keywords that a text begins with. Keywords are sorted, and each knows the longest
/// other one that it begins with: what precedes a text in the order leads to all. [any thread]
class StartTable {
 public:
  explicit StartTable(const KeywordTargets& keywords);

  /// Calls each(targets, bytes of the keyword) for each, the longest first.
  template <class Each>
  void find(std::string_view text, const Each& each) const {
    if (text.empty() || !may_begin(text.front(), text.size() > 1 ? text[1] : '\0')) return;
    for (auto entry = longest(text); entry != kNone; entry = entries_[entry].shorter) {
      each(std::span{entries_[entry].targets}, entries_[entry].keyword.size());
    }
  }
  [[nodiscard]] std::size_t longest_bytes() const { return longest_bytes_; }
  /// Whether a keyword begins with these bytes, or is the first one. Most texts end here: of one in
  /// Han a single byte says little.
  [[nodiscard]] bool may_begin(char first, char second) const {
    return beginnings_[pair(first, second)];
  }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  struct Entry {
    std::string keyword;
    Targets targets;
    std::uint32_t shorter = kNone;
  };
  static std::size_t pair(char first, char second) {
    return std::size_t{static_cast<unsigned char>(first)} << 8 | static_cast<unsigned char>(second);
  }
  [[nodiscard]] std::uint32_t longest(std::string_view text) const;

  std::vector<Entry> entries_;     // sorted by bytes
  std::bitset<65536> beginnings_;  // by pair()
  std::size_t longest_bytes_ = 0;
};

/// Finds the keywords that a text ends with: a StartTable of everything backwards. [any thread]
class EndTable {
 public:
  explicit EndTable(const KeywordTargets& keywords);

  template <class Each>
  void find(std::string_view text, const Each& each) const {
    if (text.empty()) return;
    if (!table_.may_begin(text.back(), text.size() > 1 ? text[text.size() - 2] : '\0')) return;
    const auto tail = text.substr(text.size() - std::min(text.size(), table_.longest_bytes()));
    table_.find(std::string{tail.rbegin(), tail.rend()}, each);
  }

 private:
  StartTable table_;
};

/// Finds the keyword that a text is. [any thread]
class EqualTable {
 public:
  explicit EqualTable(const KeywordTargets& keywords);

  template <class Each>
  void find(std::string_view text, const Each& each) const {
    if (!sizes_[std::min(text.size(), sizes_.size() - 1)]) return;
    const auto found = keywords_.find(text);
    if (found != keywords_.end()) each(std::span{found->second}, text.size());
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::bitset<256> sizes_;  // of the keywords in bytes; the last one stands for all longer ones
  std::unordered_map<std::string, Targets, Hash, std::equal_to<>> keywords_;
};

}  // namespace millrace::label
