#include "engine/graph/plan.hpp"

#include <algorithm>

#include <millrace/abi.h>

#include "engine/graph/passes.hpp"

namespace millrace {

bool PlanNode::replicable() const {
  return std::all_of(chain.begin(), chain.end(),
                     [](const Node& node) { return node.info->replicable; });
}

bool accepts(const OperatorInfo& info, std::string_view what) {
  const auto list = info.hints.find("accepts");
  return list != info.hints.end() && list->is_array() && info.params.contains(what) &&
         std::find(list->begin(), list->end(), Json(what)) != list->end();
}

const Node* without_checkpoint(const Plan& plan) {
  for (std::size_t place = 0; place < plan.nodes.size(); ++place) {
    const bool is_input = plan.first_into[place] == plan.first_into[place + 1];
    for (const Node& node : plan.nodes[place].chain) {
      const bool tells = node.table->snapshot != nullptr && node.table->restore != nullptr;
      if (is_input ? !tells || !node.checkpoint
                   : !tells && node.checkpoint && !node.info->replicable && !node.info->stateless)
        return &node;
    }
  }
  return nullptr;
}

const std::vector<PlannerPass>& planner_passes() {
  static const std::vector<PlannerPass> passes{
      {"push_filters", "A filter right behind an input is done by the input, where that can.",
       push_filters},
      {"prune_columns", "An input reads only the columns that somebody uses.", prune_columns},
      {"put_readers", "Behind an input that emits places goes the operator that reads there.",
       put_readers},
      {"materialise",
       "Recipes are made real in one node, in front of the first that needs the result.",
       materialise},
      {"lossless_turns", "Mirrors and quarter turns of JPEG pictures are done without decoding.",
       lossless_turns},
      {"fuse", "Nodes that follow one another without a fork are run as one.", fuse},
  };
  return passes;
}

Result<std::shared_ptr<const Plan>> make_plan(const Graph& graph, Registry& registry) {
  auto plan = std::make_shared<Plan>();
  plan->log_file = graph.log_file;
  plan->seed = graph.seed;
  plan->name = graph.name;
  plan->max_records = graph.max_records;
  plan->defaults = graph.defaults;
  plan->connections = graph.connections;
  plan->edges = graph.edges;
  plan->first_into = graph.first_into;
  plan->nodes.reserve(graph.nodes.size());
  for (const auto& node : graph.nodes) {
    auto& made = plan->nodes.emplace_back();
    made.chain.push_back(node);
  }
  for (const auto& pass : planner_passes()) {
    if (auto done = pass.apply(*plan, registry); !done.ok())
      return std::move(done).error().within(pass.name);
  }
  return std::shared_ptr<const Plan>{std::move(plan)};
}

}  // namespace millrace
