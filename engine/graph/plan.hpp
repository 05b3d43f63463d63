#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph/graph.hpp"

namespace millrace {

/// A node of the plan: one operator, or a chain of them that is run as one.
struct PlanNode {
  std::vector<Node> chain;  // at least one; more where the planner fused
  std::string
      note;  // why it is here, when the pipeline did not say so ("inserted: makes pictures real")

  [[nodiscard]] const Node& head() const { return chain.front(); }
  [[nodiscard]] const Node& tail() const { return chain.back(); }
  [[nodiscard]] bool replicable() const;  // all of the chain are
};

/// What will really run. Immutable once made; shared by all runs of a route's pipeline.
struct Plan {
  std::vector<PlanNode> nodes;  // topological order
  std::vector<Edge> edges;      // NodeIds are places in `nodes`; sorted by (to, place in preOps)
  std::vector<std::uint32_t> first_into;
  std::string log_file;
  std::uint64_t seed = 0;
  std::string name;
  std::int64_t max_records = kMaxRecords;
  Json defaults = Json::object();  // operator id -> parameters, for nodes that passes put in
  NamedConnections connections{};  // of the pipeline's own
  std::vector<std::string> steps;  // what each pass did, a line each: `millrace explain`
};

/// A step from graph to plan. Each is one file in engine/graph/pass_*.cpp and prints what it did
/// into plan.steps.
struct PlannerPass {
  std::string_view name;
  std::string_view doc;
  Result<void> (*apply)(Plan& plan, Registry& registry);
};

/// The passes in the order in which they run: push_filters, prune_columns, put_readers,
/// materialise, lossless_turns, fuse.
const std::vector<PlannerPass>& planner_passes();

/// Runs all passes. Fails with NotFound when an operator that a pass needs is not installed.
Result<std::shared_ptr<const Plan>> make_plan(const Graph& graph, Registry& registry);

/// Returns the first operator for which a job of this plan can keep no checkpoint, so that an
/// attempt which dies is begun anew: an input, or one with state between batches, that tells no
/// state. Null: it keeps them.
const Node* without_checkpoint(const Plan& plan);

/// What `millrace explain` prints: the plan as a drawing in text, and what each pass did.
std::string explain(const Plan& plan);
Json explain_json(const Plan& plan);

}  // namespace millrace
