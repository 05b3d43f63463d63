#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include <millrace/context.hpp>
#include <millrace/params.hpp>

#include "plugins/label/regex_rules.hpp"

namespace millrace::label {

/// The parameters of rules that are patterns, members of a JSON object without its braces.
inline constexpr std::string_view kRegexParams = R"(
    "column": {"type": "string", "default": "text", "minLength": 1, "doc": "Name of the column with the texts."},
    "rules": {"type": "object", "additionalProperties": true,
      "doc": "The rule set: {label: [pattern, ...], ...}, patterns as Python's re takes them."},
    "rules_file": {"type": "uri", "doc": "Address of the rule set as a JSON file, in place of `rules`; up to 64 MiB. It is read when the node begins."},
    "ignore_case": {"type": "boolean", "default": true,
      "doc": "Patterns match upper and lower case alike. Texts are lower-cased either way, so without this a capital letter of a pattern matches nothing."},
    "match_limit": {"type": "integer", "default": 10000000, "minimum": 1000, "maximum": 1000000000000, "unit": "steps",
      "doc": "What one search for one pattern may take; ten million are about a second. A step is each way that a search goes on from a place where it had a choice, and each 256 bytes that it passes. All searches of one text together may take ten times that."},
    "heap_limit": {"type": "integer", "default": 33554432, "minimum": 1048576, "maximum": 1073741824, "unit": "bytes",
      "doc": "Memory that one search may take for the places it may have to come back to."},
    "max_over_limit": {"type": "number", "default": 0.001, "minimum": 0, "maximum": 1,
      "doc": "The share of rows in which a search may go over these limits. Such a row counts as one without that pattern, is counted as `rowsOverMatchLimit`, and told of once for each pattern and batch; when more of the rows that were read are so, the run fails."},
    "max_patterns": {"type": "integer", "default": 2000, "minimum": 1, "maximum": 20000,
      "doc": "Patterns that a rule set may have, and labels. A pattern may have 65,536 characters, a label 1,024 bytes; compiled they may take 256 MiB together, and as they run, half of that again."})";

/// Says what is wrong with those parameters, as plan() does: exactly one of `rules` and
/// `rules_file`, and patterns that Python takes. Sets the traits "reads" and, where there is a
/// file, "blocking".
void plan_regexes(Context& context, const Params& params);

/// Rows read and rows in which a search went over its limits, of all instances of a node.
/// [any thread]
class OverLimitTally {
 public:
  explicit OverLimitTally(std::size_t rules) : rows_of_(rules) {}
  struct Sums {
    std::int64_t rows = 0;
    std::int64_t over = 0;
    std::uint32_t worst = 0;  // the rule that is over in most rows
  };
  /// Adds a batch; `rows_of` is by rule. Returns the sums so far.
  Sums add(std::int64_t rows, std::int64_t over, const std::vector<std::int64_t>& rows_of);
  [[nodiscard]] Sums sums() const;

 private:
  mutable std::mutex mutex_;  // guards all that follows
  std::int64_t rows_ = 0, over_ = 0;
  std::vector<std::int64_t> rows_of_;
};

/// A rule set that was compiled, and what the instances of a node in a job count together. Outside
/// of jobs each instance counts for itself.
struct CompiledRegexes {
  std::shared_ptr<const RegexRules> rules;
  std::shared_ptr<OverLimitTally> tally;
};

/// Reads and compiles the rule set of a node, once for all its instances. Whoever comes first logs
/// what Python warns of. [any thread]
[[nodiscard]] CompiledRegexes compiled_regexes(Context& context, const Params& params);

}  // namespace millrace::label
