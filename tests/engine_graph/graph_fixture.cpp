#include "tests/engine_graph/graph_fixture.hpp"

#include <stdexcept>

namespace millrace::test {

Result<void> AddressServices::check_uri(std::string_view uri, bool) {
  if (uri.substr(0, 4) == "bad:")
    return Error{Code::InvalidArgument, "unknown scheme", "uri_scheme"};
  if (uri.substr(0, 7) == "denied:") return Error{Code::PermissionDenied, "not yours"};
  return {};
}

Result<std::string> AddressServices::identify(std::string_view uri) {
  if (uri.starts_with("lost:")) return Error{Code::Io, "the disk is away"};
  std::string object{uri};
  for (auto at = object.find("./"); at != std::string::npos; at = object.find("./"))
    object.erase(at, 2);
  return object;
}

Registry& test_registry() {
  static const auto registry = [] {
    auto opened = Registry::open({});
    if (!opened.ok()) throw std::runtime_error{opened.error().message};
    const auto added = (*opened)->add(GRAPH_OPERATORS);
    if (!added.ok()) throw std::runtime_error{added.error().message};
    return *std::move(opened);
  }();
  return *registry;
}

Json parsed(std::string_view text) {
  auto json = parse_json(text);
  if (!json.ok()) throw std::runtime_error{json.error().message};
  return *std::move(json);
}

Validation validated(std::string_view document, const PipelineRules& rules, const Json& given) {
  AddressServices services;
  return validate_document(parsed(document), given, test_registry(), services, rules);
}

std::vector<std::string> faults_of(std::string_view document, const PipelineRules& rules,
                                   const Json& given) {
  std::vector<std::string> words;
  for (const auto& fault : validated(document, rules, given).faults)
    words.push_back(fault.kind + " " + fault.pointer);
  return words;
}

std::string message_of(std::string_view kind, std::string_view document,
                       const PipelineRules& rules) {
  for (const auto& fault : validated(document, rules).faults) {
    if (fault.kind == kind) return fault.message;
  }
  return {};
}

std::shared_ptr<const Plan> planned(std::string_view document) {
  const auto validation = validated(document);
  if (!validation.graph) {
    throw std::runtime_error{"the test's pipeline is not valid: " + validation.faults.front().kind +
                             " " + validation.faults.front().pointer + " " +
                             validation.faults.front().message};
  }
  auto plan = make_plan(*validation.graph, test_registry());
  if (!plan.ok()) throw std::runtime_error{plan.error().message};
  return *std::move(plan);
}

std::vector<std::string> names_of(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& node : plan.nodes) {
    std::string name;
    for (const auto& member : node.chain) name += (name.empty() ? "" : "+") + member.name;
    names.push_back(name);
  }
  return names;
}

PipelineRules mix_rules() {
  PipelineRules rules;
  rules.strict_mix = true;
  rules.relaxed_roles = false;
  rules.max_nodes = 1000;
  return rules;
}

}  // namespace millrace::test
