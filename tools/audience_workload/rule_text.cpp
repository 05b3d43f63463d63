#include "tools/audience_workload/rule_text.hpp"

#include <iterator>

#include "engine/base/json.hpp"

#include <fmt/format.h>

namespace millrace::workload {
namespace {

Json rule_json(const Keyword& keyword) { return Json::array({keyword.text, keyword.type}); }
Json rule_json(const Pattern& pattern) { return pattern.text; }

// The rules of a label follow each other.
template <typename Rule>
std::string rule_set(const std::vector<Rule>& rules) {
  Json set = Json::object();
  for (const auto& rule : rules) set[std::string{rule.label}].push_back(rule_json(rule));
  return set.dump() + '\n';
}

}  // namespace

std::string to_tsv(const std::vector<Keyword>& keywords) {
  std::string out;
  for (const auto& one : keywords)
    fmt::format_to(std::back_inserter(out), "{}\t{}\t{}\n", one.label, one.text, one.type);
  return out;
}

std::string to_tsv(const std::vector<Pattern>& patterns) {
  std::string out;
  for (const auto& one : patterns)
    fmt::format_to(std::back_inserter(out), "{}\t{}\n", one.label, one.text);
  return out;
}

std::string to_rule_set(const std::vector<Keyword>& keywords) { return rule_set(keywords); }
std::string to_rule_set(const std::vector<Pattern>& patterns) { return rule_set(patterns); }

}  // namespace millrace::workload
