#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>

#include "plugins/label/keyword_rules.hpp"

namespace millrace::test {

/// Reads a rule set from JSON text that comes `piece` bytes at a time.
label::KeywordRules keyword_rules(std::string_view json, const label::KeywordLimits& limits = {},
                                  std::size_t piece = 7);

/// What the reader says of a rule set that it refuses; empty when it takes it.
std::string refused_keyword_rules(std::string_view json, const label::KeywordLimits& limits = {});

/// A batch of one column, "text".
Batch texts(const std::vector<std::optional<std::string>>& values);

}  // namespace millrace::test
