#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>

#include "plugins/label/choice.hpp"
#include "plugins/label/keyword_index.hpp"
#include "plugins/label/keyword_search.hpp"
#include "plugins/label/lower_block.hpp"

namespace millrace::label {

/// What a rule set makes of texts. [one thread]
class KeywordMatcher {
 public:
  KeywordMatcher(std::shared_ptr<const KeywordIndex> labels, std::function<bool()> stopping);

  /// Fills `choices` with one for each row; a null has no label.
  void match(const Column<std::string_view>& texts, std::vector<Choice>& choices);

 private:
  void match_rows(std::size_t first, std::size_t behind, std::span<const KeywordHit> hits,
                  std::vector<Choice>& choices);

  const std::shared_ptr<const KeywordIndex> index_;
  KeywordSearch search_;
  LabelCounts counts_;
  LowerBlock block_;
};

}  // namespace millrace::label
