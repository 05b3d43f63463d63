#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>

#include "plugins/label/explain_report.hpp"
#include "plugins/label/keyword_index.hpp"
#include "plugins/label/keyword_search.hpp"
#include "plugins/label/lower_block.hpp"

namespace millrace::label {

/// Finds which rules of a set match texts, and where. [one thread]
class KeywordExplainer {
 public:
  KeywordExplainer(const KeywordRules& rules, std::function<bool()> stopping);

  /// Calls each(row, hits) for every row in order, with its hits by rule: of a keyword within a
  /// text one of its places. Nulls have none.
  using Each = std::function<void(std::int64_t row, std::span<const RuleHit> hits)>;
  void explain(const Column<std::string_view>& texts, const Each& each);

  /// For each rule the first of the same label that makes it needless, if there is one: the rule is
  /// of type partially alone, and the keyword of the other, of that type too, is part of its own,
  /// or the same and listed earlier.
  [[nodiscard]] std::vector<std::optional<std::uint32_t>> hidden_by();

 private:
  void collect(std::size_t row, std::span<const KeywordHit> hits);

  const KeywordRules& rules_;
  const std::shared_ptr<const KeywordIndex> index_;
  KeywordSearch search_;
  LowerBlock block_;
  std::vector<RuleHit> hits_;  // of one row, first in bytes of the lower-cased text
};

/// Turns places in bytes of a lower-cased text into places in code points of the text itself; the
/// two differ by U+0130 alone, whose lower case has two. A place within it becomes its border.
void to_code_points(std::string_view text, std::string_view lowered, std::span<RuleHit> hits);

}  // namespace millrace::label
