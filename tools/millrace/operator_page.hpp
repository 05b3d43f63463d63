#pragma once

#include <string>
#include <vector>

#include "engine/plugin/operator_info.hpp"

namespace millrace::tool {

/// Returns the documentation page of an operator in Markdown, made from its declaration alone.
std::string operator_page(const OperatorInfo& info);

/// Returns the page that lists all operators, by role, with links to their pages "<id>.md".
std::string operator_index(const std::vector<const OperatorInfo*>& operators);

}  // namespace millrace::tool
