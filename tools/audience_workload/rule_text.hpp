#pragma once

#include <string>
#include <vector>

#include "tools/audience_workload/keywords.hpp"
#include "tools/audience_workload/patterns.hpp"

namespace millrace::workload {

/// A line for each rule: label, text and, of a keyword, its type, with tabs between them.
std::string to_tsv(const std::vector<Keyword>& keywords);
std::string to_tsv(const std::vector<Pattern>& patterns);

/// A rule set as a task takes it: {"label": [["text", "type"], ...]} and {"label": ["text", ...]},
/// and a line feed.
std::string to_rule_set(const std::vector<Keyword>& keywords);
std::string to_rule_set(const std::vector<Pattern>& patterns);

}  // namespace millrace::workload
