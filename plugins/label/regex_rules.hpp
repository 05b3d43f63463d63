#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/label/regex_prefilter.hpp"
#include "plugins/label/regex_search.hpp"

namespace millrace::label {

/// One label and its patterns, as Python writes them.
struct RegexLabel {
  std::string name;
  std::vector<std::string> patterns;
};

/// What compiled rules may take together: programs, and the states that RE2 keeps of them.
inline constexpr std::size_t kRegexProgramBytes = std::size_t{256} << 20;
inline constexpr std::size_t kRegexStateBytes = std::size_t{128} << 20;

/// The patterns of all labels, compiled. [any thread]
class RegexRules {
 public:
  /// Throws Failure: InvalidArgument for a wrong pattern, "label 男性, pattern 0: nothing to repeat
  /// at position 0", Exhausted where they need more memory than kRegexProgramBytes, Cancelled when
  /// `stopping`, which is asked before each pattern, says so.
  RegexRules(const std::vector<RegexLabel>& labels, bool ignores_case,
             const std::function<bool()>& stopping);

  struct Rule {
    std::uint32_t label = 0;  // its place among the labels
    std::uint32_t index = 0;  // of the pattern within the label
    std::string pattern;      // as it was written
    RegexSearch search;
  };
  [[nodiscard]] const std::vector<std::string>& labels() const { return labels_; }
  [[nodiscard]] const std::vector<Rule>& rules() const { return rules_; }
  /// Warnings of Python, with label and index.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  /// "pattern 3 of label 男性"
  [[nodiscard]] std::string name_of(std::uint32_t rule) const;

 private:
  friend class RegexScan;
  std::vector<std::string> labels_;
  std::vector<Rule> rules_;
  std::vector<std::string> warnings_;
  std::vector<std::uint32_t> unfiltered_;  // rules that each text is searched for
  std::optional<RegexPrefilter> prefilter_;
};

/// Searches texts for all rules. [one thread]
class RegexScan {
 public:
  /// What is looked for: whether patterns are found, or where as well, which takes longer.
  enum class Aim : std::uint8_t { Whether, Where };

  /// `stopping` is asked before each search; the scan then ends with Cancelled.
  RegexScan(std::shared_ptr<const RegexRules> rules, const SearchLimits& limits,
            std::function<bool()> stopping, Aim aim = Aim::Whether);

  /// Searches a text, which is lower-cased; bytes that are no UTF-8 are taken as U+FFFD. `found`
  /// are the rules that are found in it, `over` those whose search went over the limits; both
  /// ascend.
  void run(std::string_view text);
  [[nodiscard]] const std::vector<std::uint32_t>& found() const { return found_; }
  [[nodiscard]] const std::vector<std::uint32_t>& over() const { return over_; }
  /// With Aim::Where: the place of each rule that was found, in bytes of searched().
  [[nodiscard]] const std::vector<SearchPlace>& places() const { return places_; }
  /// The text, or what it was taken as. Lives until the next run, as long as the text does.
  [[nodiscard]] std::string_view searched() const { return searched_; }

 private:
  std::string_view repaired(std::string_view text);

  const std::shared_ptr<const RegexRules> rules_;  // all scans for a rule set share it
  const std::function<bool()> stopping_;
  const Aim aim_;
  RegexPrefilter::Scratch scratch_;
  SearchMemory memory_;
  std::vector<std::uint32_t> candidates_;
  std::vector<std::uint32_t> found_;
  std::vector<std::uint32_t> over_;
  std::vector<SearchPlace> places_;
  std::string_view searched_;
  std::string repaired_;
};

}  // namespace millrace::label
