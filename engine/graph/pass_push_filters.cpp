#include "engine/graph/passes.hpp"
#include "engine/graph/plan_edit.hpp"
#include "engine/plugin/parameter_value.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

// Returns the conditions that say the same as the filter, or null when it has not told of any.
const Json* conditions(const Node& node) {
  if (node.info->role != "filter" || !node.info->ports.empty()) return nullptr;
  const auto where = node.info->hints.find("where");
  return where != node.info->hints.end() && where->is_array() && !where->empty() ? &*where
                                                                                 : nullptr;
}

}  // namespace

Result<void> push_filters(Plan& plan, Registry&) {
  const Successors successors{plan};
  std::vector<bool> removed(plan.nodes.size(), false);
  bool is_changed = false;
  for (std::size_t input = 0; input < plan.nodes.size(); ++input) {
    auto& source = plan.nodes[input].chain.front();
    if (source.info->role != "input" || !accepts(*source.info, "where")) continue;
    // Along the nodes that follow one another alone; the input's "where" is an array of conditions
    // that must all hold.
    auto at = input;
    while (successors.of(at).size() == 1) {
      const auto& edge = plan.edges[successors.of(at).front()];
      const auto next = static_cast<std::size_t>(edge.to.value);
      const auto& filter = plan.nodes[next].chain.front();
      const auto* where = conditions(filter);
      if (where == nullptr || !edge.port.empty() || edges_into(plan, next).size() != 1) break;
      auto all = source.params->value("where", Json::array());
      if (!all.is_array()) break;
      all.insert(all.end(), where->begin(), where->end());
      source.params = with_param(*source.params, "where", std::move(all));
      plan.steps.push_back(fmt::format("push_filters: \"{}\" is done by \"{}\": where {}",
                                       filter.name, source.name, shown(*where)));
      removed[next] = true;
      is_changed = true;
      at = next;
    }
  }
  if (is_changed) remove_nodes(plan, removed);
  return {};
}

}  // namespace millrace
