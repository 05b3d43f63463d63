#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>
#include <millrace/context.hpp>

#include "plugins/label/choice.hpp"
#include "plugins/label/explain_report.hpp"

namespace millrace::label {

/// A rule set as explanations show it.
struct ShownRules {
  struct Rule {
    std::uint32_t label = 0;  // its place in labels
    std::int64_t place = 0;   // among the rules of its label, from 0
    std::string text;
    std::string type;  // of a keyword
  };
  std::string text_column;  // "keyword" or "pattern"
  bool has_types = false;
  std::vector<std::string> labels;
  std::vector<Rule> rules;

  [[nodiscard]] std::vector<std::uint32_t> labels_of_rules() const;
};

/// For each rule another one that makes it needless.
using HiddenBy = std::vector<std::optional<std::uint32_t>>;

/// The column of reasons: for each text a list of the rules that match it. [one thread]
class Reasons {
 public:
  /// Lists at most so many rules for one text.
  Reasons(const ShownRules& rules, std::size_t most) : rules_{rules}, most_{most} {}

  /// Adds a text; the rules of the chosen label come first.
  void append(std::span<const RuleHit> hits, const Choice& choice);
  [[nodiscard]] Batch add_to(Batch batch, std::string_view name) &&;

 private:
  void append(const ShownRules::Rule& rule, const RuleHit& hit);

  const ShownRules& rules_;
  const std::size_t most_;
  Builder<std::string_view> labels_, texts_, types_;
  Builder<std::int64_t> places_, begins_, ends_;
  std::vector<std::int64_t> lengths_;
};

/// What all texts together say of the rules: the rows of the ports `rules` and `conflicts`.
/// [one thread]
class ExplainSummary {
 public:
  explicit ExplainSummary(const ShownRules& rules)
      : rules_{rules}, report_{rules.labels_of_rules()} {}

  void add(std::span<const RuleHit> hits, const Choice& choice) { report_.add(hits, choice.label); }
  /// Emits the next rows, and asks for another call while there are more.
  void finish(Context& context, const HiddenBy& hidden_by);

  [[nodiscard]] std::string snapshot() const;
  /// Throws Failure with DataInvalid.
  void restore(std::string_view state);

 private:
  [[nodiscard]] Batch rule_rows(std::size_t first, std::size_t behind,
                                const HiddenBy& hidden_by) const;
  [[nodiscard]] Batch conflict_rows() const;

  const ShownRules& rules_;
  RuleReport report_;
  std::size_t reported_ = 0;  // rules
};

}  // namespace millrace::label
