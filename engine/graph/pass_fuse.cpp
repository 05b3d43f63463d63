#include <algorithm>
#include <iterator>

#include "engine/graph/passes.hpp"
#include "engine/graph/plan_edit.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

// What must be equal for two nodes to be run by the same call. A serial operator beside a
// replicable one would take its workers away, and a node that is tried again or timed must be
// alone, since the whole chain would be.
bool may_share(const Node& node) {
  return node.info->role != "input" && (node.info->replicable || node.info->stateless) &&
         node.retry.tries == 1 && node.timeout.count() == 0 && node.resources.threads == 0 &&
         node.resources.memory_bytes == 0 && !node.is_training();
}

bool may_follow(const Node& head, const Node& tail, const Node& next) {
  return may_share(tail) && may_share(next) && head.info->replicable == next.info->replicable &&
         head.info->instances == next.info->instances && head.waits() == next.waits() &&
         tail.info->ports.empty() && next.info->grain == 0 && !next.info->whole_sequence &&
         head.checkpoint == next.checkpoint;
}

}  // namespace

Result<void> fuse(Plan& plan, Registry&) {
  const Successors successors{plan};
  std::vector<bool> removed(plan.nodes.size(), false);
  std::size_t fused = 0;
  std::size_t chains = 0;
  std::vector<std::string> steps;
  for (std::size_t start = 0; start < plan.nodes.size(); ++start) {
    if (removed[start]) continue;
    // Counted first and moved then, so that the chain gets its memory once.
    std::vector<std::size_t> members{start};
    for (auto at = start; successors.of(at).size() == 1; at = members.back()) {
      const auto& edge = plan.edges[successors.of(at).front()];
      const auto next = static_cast<std::size_t>(edge.to.value);
      if (!edge.port.empty() || edges_into(plan, next).size() != 1) break;
      if (!may_follow(plan.nodes[start].head(), plan.nodes[at].tail(), plan.nodes[next].head()))
        break;
      members.push_back(next);
    }
    if (members.size() == 1) continue;
    auto& chain = plan.nodes[start].chain;
    chain.reserve(members.size());
    for (auto member = members.begin() + 1; member != members.end(); ++member) {
      auto& moved = plan.nodes[*member];
      if (plan.nodes[start].note.empty()) plan.nodes[start].note = moved.note;
      std::move(moved.chain.begin(), moved.chain.end(), std::back_inserter(chain));
      removed[*member] = true;
    }
    fused += members.size();
    ++chains;
    if (chains <= 20) {
      steps.push_back(fmt::format("fuse: {} nodes from \"{}\" to \"{}\" are run as one",
                                  members.size(), chain.front().name, chain.back().name));
    }
  }
  if (chains == 0) return {};
  remove_nodes(plan, removed);
  std::move(steps.begin(), steps.end(), std::back_inserter(plan.steps));
  if (chains > 20)
    plan.steps.push_back(fmt::format("fuse: {} chains in all, of {} nodes", chains, fused));
  return {};
}

}  // namespace millrace
