#include <algorithm>
#include <optional>
#include <unordered_set>

#include "engine/graph/passes.hpp"
#include "engine/graph/plan_edit.hpp"
#include "engine/graph/planning_services.hpp"
#include "engine/plugin/operator_instance.hpp"
#include "engine/plugin/registry.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

using Lineage = std::vector<std::string>;  // ids of the operators that would make the rows of an
                                           // edge real, sorted

void add_to(Lineage& lineage, const std::string& id) {
  const auto place = std::lower_bound(lineage.begin(), lineage.end(), id);
  if (place == lineage.end() || *place != id) lineage.insert(place, id);
}

class Materialiser {
 public:
  Materialiser(Plan& plan, Registry& registry)
      : plan_{plan}, registry_{registry}, lineage_(plan.nodes.size()) {}

  Result<void> run() {
    for (std::size_t node = 0; node < plan_.nodes.size(); ++node) MR_CHECK(visit(node));
    insert_before(plan_, std::move(insertions_));
    return {};
  }

 private:
  Result<void> visit(std::size_t place) {
    const auto& node = plan_.nodes[place].chain.front();
    Lineage arriving;
    for (const auto& edge : edges_into(std::as_const(plan_), place)) {
      for (const auto& id : lineage_[static_cast<std::size_t>(edge.from.value)])
        add_to(arriving, id);
    }
    auto& leaving = lineage_[place];
    for (const auto& id : arriving) {
      if (node.info->passes_lazy || node.info->lazy == id) {
        add_to(leaving, id);
      } else if (node.info->id != id) {  // the operator itself may stand in the pipeline
        MR_CHECK(insert(place, node, id));
      }
    }
    if (!node.info->lazy.empty()) add_to(leaving, node.info->lazy);
    return {};
  }

  Result<void> insert(std::size_t place, const Node& consumer, const std::string& id) {
    const auto* info = registry_.find(id);
    if (info == nullptr) {
      return Error{
          Code::NotFound,
          fmt::format("no operator makes the rows real that reach \"{}\": {}", consumer.name, id)};
    }
    MR_TRY(const auto* table, registry_.table(*info));
    MR_TRY(auto checked, params_for(*info, *table, consumer));
    auto traits = std::make_shared<OperatorInfo>(*info);
    MR_CHECK(apply_traits(*traits, checked.traits));
    Node made;
    made.name = free_name(consumer.name + ".render");
    made.info = std::move(traits);
    made.table = table;
    made.params = std::make_shared<const Json>(std::move(checked.params));
    made.retry = consumer.retry;
    made.resources = made.info->resources;
    made.timeout = consumer.timeout;
    made.checkpoint = consumer.checkpoint;
    plan_.steps.push_back(fmt::format(
        "materialise: \"{}\" ({}) goes in front of \"{}\", which needs what the recipes make",
        made.name, id, consumer.name));
    PlanNode node;
    node.note = "inserted: makes recipes real";
    node.chain.push_back(std::move(made));
    insertions_.push_back({place, std::move(node)});
    return {};
  }

  // Takes those of the consumer's parameters that the operator declares too, and for the others
  // what the pipeline has as defaults of the operator.
  Result<CheckedParams> params_for(const OperatorInfo& info, const mr_operator& table,
                                   const Node& consumer) {
    Json params = plan_.defaults.value(info.id, Json::object());
    for (const auto& [name, declaration] : info.params.items()) {
      const auto given = consumer.params->find(name);
      if (given != consumer.params->end()) params[name] = *given;
    }
    PlanningServices services{plan_.seed};
    auto checked = check_parameters(info, &table, params, services);
    if (!checked.faults.empty()) {
      return Error{Code::InvalidArgument,
                   fmt::format("the operator {} cannot take its parameters from \"{}\": {}",
                               info.id, consumer.name, checked.faults.front().message)};
    }
    return checked;
  }

  std::string free_name(const std::string& wanted) {
    if (!names_) {
      names_.emplace();
      for (const auto& node : plan_.nodes) names_->insert(node.chain.front().name);
    }
    auto name = wanted;
    for (int number = 2; !names_->insert(name).second; ++number)
      name = fmt::format("{}{}", wanted, number);
    return name;
  }

  Plan& plan_;
  Registry& registry_;
  std::vector<Lineage> lineage_;  // of what leaves each node
  std::vector<Insertion> insertions_;
  std::optional<std::unordered_set<std::string>> names_;  // made when the first node is put in
};

}  // namespace

Result<void> materialise(Plan& plan, Registry& registry) {
  return Materialiser{plan, registry}.run();
}

}  // namespace millrace
