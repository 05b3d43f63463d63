#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <millrace/context.hpp>
#include <millrace/params.hpp>

namespace millrace::label {

/// How a keyword is looked for. A rule may ask for several, and counts for each.
enum class Match : std::uint8_t { Partially = 1, Start = 2, End = 4, Equal = 8 };

/// A set of Match.
class Matches {
 public:
  [[nodiscard]] bool has(Match match) const { return (bits_ & static_cast<unsigned>(match)) != 0; }
  void add(Match match) { bits_ |= static_cast<unsigned>(match); }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  /// The words of a rule set, with commas between: "start,end".
  [[nodiscard]] std::string text() const;
  bool operator==(const Matches&) const = default;

 private:
  unsigned bits_ = 0;
};

struct KeywordRule {
  std::uint32_t label = 0;  // its place in KeywordRules::labels
  std::uint32_t place = 0;  // among the rules of its label as they are written, from 0
  Matches matches;          // at least one
  std::string keyword;      // as it is written
  bool operator==(const KeywordRule&) const = default;
};

/// {label: [[keyword, type], ...], ...}: an object of labels in the order that decides between
/// equal counts, each with its rules. A type is a text that contains one or several of the words
/// partially, start, end, absolutely and exactly, or a list of them. Rules of other types are left
/// out and counted.
struct KeywordRules {
  std::vector<std::string> labels;
  std::vector<KeywordRule> rules;  // by label, then by place
  std::int64_t ignored = 0;        // rules of unknown types
  bool operator==(const KeywordRules&) const = default;
};

/// What a rule set may be.
struct KeywordLimits {
  std::size_t max_keywords = 100'000;  // and labels
  bool exactly_is_equality = true;     // the word "exactly" means what "absolutely" does
  std::uint64_t max_file_bytes = std::uint64_t{64} << 20;
  static constexpr std::size_t kMaxKeywordBytes = 8192;
  static constexpr std::size_t kMaxLabelBytes = 1024;
  static constexpr std::size_t kMaxTextBytes = std::size_t{64} << 20;  // of all keywords
};

/// Puts a rule set together, in the order in which it is written. What is wrong is a Failure with
/// InvalidArgument that names label and place.
class KeywordRulesBuilder {
 public:
  explicit KeywordRulesBuilder(const KeywordLimits& limits) : limits_{limits} {}

  /// Begins the rules of a label. Of a label that stands twice the last rules count, at the place
  /// of the first, as in a Python dict.
  void begin_label(std::string_view label);
  void begin_rule();
  void keyword(std::string_view text);
  void type(std::string_view text);         // contains words
  void listed_type(std::string_view text);  // one of a list of types: is a word
  void end_rule();
  [[nodiscard]] KeywordRules take();

  /// Refuses what is written at the current place: "keyword rules: label 'A', rule 3: " and why.
  [[noreturn]] void refuse(std::string_view why) const;

  // What a reader finds that can be no rule set.
  static constexpr std::string_view kNoRules = "must be an object of labels, each with its rules";
  static constexpr std::string_view kNoList = "must be a list of pairs of a keyword and its type";
  static constexpr std::string_view kNoPair = "is no pair of a keyword and its type";
  static constexpr std::string_view kNoKeyword = "has a keyword that is no text";
  static constexpr std::string_view kNoType = "has a type that is no text and no list of texts";

 private:
  struct Label {
    std::string name;
    std::vector<KeywordRule> rules;
    std::uint32_t written = 0;  // rules, with those of unknown types
  };

  const KeywordLimits limits_;
  std::vector<Label> labels_;
  std::unordered_map<std::string, std::size_t> places_;  // of the labels
  std::size_t current_ = 0, keywords_ = 0, text_bytes_ = 0;
  KeywordRule rule_;
  bool is_in_rule_ = false;
};

/// Reads a rule set that stands in the parameters.
[[nodiscard]] KeywordRules read_keyword_rules(const Value& rules, const KeywordLimits& limits);

/// Reads a rule set from JSON text piece by piece, and ends with the first thing that is wrong:
/// no more is in memory than the rules and one text. `read` fills a buffer, and returns how many
/// bytes it has put there, 0 at the end. What is no JSON is a Failure with InvalidArgument that
/// names the byte, a text over KeywordLimits::max_file_bytes one with Exhausted. [any thread]
[[nodiscard]] KeywordRules read_keyword_rules(
    const std::function<std::size_t(std::span<char>)>& read, const KeywordLimits& limits);

}  // namespace millrace::label
