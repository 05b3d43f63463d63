#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::label {

/// A place of a text at which a rule matches: code points [begin, end) of the text as it came, as
/// Python counts them.
struct RuleHit {
  std::uint32_t rule;
  std::int64_t begin, end;
  bool operator==(const RuleHit&) const = default;
};

/// How the rules of a set did over many texts.
class RuleReport {
 public:
  struct Counts {
    std::int64_t rows = 0;       // in which the rule matched
    std::int64_t alone = 0;      // of them: no other rule did
    std::int64_t conflicts = 0;  // of them: a rule of another label did
    std::int64_t chosen = 0;     // of them: its label was chosen
    bool operator==(const Counts&) const = default;
  };
  /// The label that was chosen, and another one that had a rule in the same text.
  using Pair = std::pair<std::uint32_t, std::uint32_t>;
  /// Pairs that are counted; rows of any more are not.
  static constexpr std::size_t kMaxPairs = 100'000;

  /// `labels` has the label of each rule.
  explicit RuleReport(std::vector<std::uint32_t> labels);

  /// Counts one text: its hits by rule, and the label that it got.
  void add(std::span<const RuleHit> hits, std::int32_t chosen);

  [[nodiscard]] const Counts& of_rule(std::size_t rule) const { return counts_[rule]; }
  /// In how many rows, by pair.
  [[nodiscard]] const std::map<Pair, std::int64_t>& conflicts() const { return conflicts_; }

  [[nodiscard]] std::string snapshot() const;
  /// Goes on from a snapshot; DataInvalid when it is none of these rules.
  void restore(std::string_view state);

 private:
  const std::vector<std::uint32_t> labels_;
  std::vector<Counts> counts_;
  std::map<Pair, std::int64_t> conflicts_;
  std::vector<std::uint32_t> rules_, matched_;  // of the current text
};

}  // namespace millrace::label
