#include <algorithm>

#include "engine/graph/node_maker.hpp"
#include "engine/graph/passes.hpp"
#include "engine/graph/plan_edit.hpp"

#include <fmt/format.h>

namespace millrace {

// Before the passes that look at neighbours, and behind those that change an input's parameters,
// which its reader has too.
Result<void> put_readers(Plan& plan, Registry& registry) {
  NodeMaker nodes{plan, registry};
  const Successors successors{plan};
  std::vector<Placed> readers;
  for (std::size_t place = 0; place < plan.nodes.size(); ++place) {
    const Node& input = plan.nodes[place].head();
    const std::string& id = input.info->read_by;
    if (id.empty()) continue;
    const auto out = successors.of(place);
    const bool is_there = !out.empty() && std::all_of(out.begin(), out.end(), [&](auto edge) {
      return plan.nodes[static_cast<std::size_t>(plan.edges[edge].to.value)].head().info->id == id;
    });
    if (is_there) continue;
    const auto missing = [&] {
      return fmt::format("no operator reads where \"{}\" says: {}", input.name, id);
    };
    MR_TRY(Node made, nodes.make(id, input, "read", missing));
    plan.steps.push_back(fmt::format("put_readers: \"{}\" ({}) goes behind \"{}\" and reads for it",
                                     made.name, id, input.name));
    PlanNode node;
    node.note = "inserted: reads where the input says";
    node.chain.push_back(std::move(made));
    readers.push_back({place, std::move(node)});
  }
  insert_behind(plan, std::move(readers));
  return {};
}

}  // namespace millrace
