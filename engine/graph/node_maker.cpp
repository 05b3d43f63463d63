#include "engine/graph/node_maker.hpp"

#include <utility>

#include "engine/graph/planning_services.hpp"
#include "engine/plugin/operator_instance.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

Result<CheckedParams> params_of(const Plan& plan, const OperatorInfo& info,
                                const mr_operator& table, const Node& origin) {
  Json params = plan.defaults.value(info.id, Json::object());
  for (const auto& [name, declaration] : info.params.items()) {
    const auto given = origin.params->find(name);
    if (given != origin.params->end()) params[name] = *given;
  }
  PlanningServices services{plan.seed};
  auto checked = check_parameters(info, &table, params, services);
  if (!checked.faults.empty()) {
    return Error{Code::InvalidArgument,
                 fmt::format("the operator {} cannot take its parameters from \"{}\": {}", info.id,
                             origin.name, checked.faults.front().message)};
  }
  return checked;
}

}  // namespace

Result<Node> NodeMaker::make(const std::string& id, const Node& origin, std::string_view ending,
                             const std::function<std::string()>& missing) {
  const auto* info = registry_.find(id);
  if (info == nullptr) return Error{Code::NotFound, missing()};
  MR_TRY(const auto* table, registry_.table(*info));
  MR_TRY(auto checked, params_of(plan_, *info, *table, origin));
  auto traits = std::make_shared<OperatorInfo>(*info);
  MR_CHECK(apply_traits(*traits, checked.traits));
  Node made;
  made.name = free_name(fmt::format("{}.{}", origin.name, ending));
  made.info = std::move(traits);
  made.table = table;
  made.params = std::make_shared<const Json>(std::move(checked.params));
  made.retry = origin.retry;
  made.resources = made.info->resources;
  made.timeout = origin.timeout;
  made.checkpoint = origin.checkpoint;
  return made;
}

std::string NodeMaker::free_name(const std::string& wanted) {
  if (!names_) {
    names_.emplace();
    for (const auto& node : plan_.nodes) names_->insert(node.chain.front().name);
  }
  auto name = wanted;
  for (int number = 2; !names_->insert(name).second; ++number)
    name = fmt::format("{}{}", wanted, number);
  return name;
}

}  // namespace millrace
