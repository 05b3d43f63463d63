#include <algorithm>
#include <unordered_set>

#include "engine/graph/passes.hpp"
#include "engine/graph/plan_edit.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

constexpr std::string_view kLossless = "lossless";

// What is known of the recipes that leave a node.
struct Recipes {
  bool any = false;        // there are some
  bool turns_only = true;  // all of them mirror and turn, and nothing else
};

bool is_turn(const OperatorInfo& info) {
  const auto turns = info.hints.find("turns");
  return turns != info.hints.end() && *turns == true;
}

// Returns whether "turns" may be set: declared, with that word among its choices, and not chosen by
// the pipeline.
bool may_set(const Node& node) {
  const auto declared = node.info->params.find("turns");
  if (declared == node.info->params.end() || !declared->is_object()) return false;
  const auto choices = declared->find("enum");
  if (choices != declared->end() &&
      std::find(choices->begin(), choices->end(), Json(kLossless)) == choices->end()) {
    return false;
  }
  const auto given = node.params->find("turns");
  return given == node.params->end() || given->is_null() ||
         *given == declared->value("default", Json{});
}

}  // namespace

Result<void> lossless_turns(Plan& plan, Registry&) {
  std::unordered_set<std::string_view> renderers;  // operators that make recipes real
  for (const auto& node : plan.nodes) {
    if (const auto& lazy = node.chain.front().info->lazy; !lazy.empty()) renderers.insert(lazy);
  }
  if (renderers.empty()) return {};
  std::vector<Recipes> leaving(plan.nodes.size());
  for (std::size_t place = 0; place < plan.nodes.size(); ++place) {
    auto& node = plan.nodes[place].chain.front();
    Recipes arriving;
    for (const auto& edge : edges_into(plan, place)) {
      const auto& from = leaving[static_cast<std::size_t>(edge.from.value)];
      arriving.any |= from.any;
      arriving.turns_only &= from.turns_only;
    }
    if (renderers.contains(node.info->id)) {
      if (!arriving.any || !arriving.turns_only) continue;
      if (may_set(node)) {
        node.params = with_param(*node.params, "turns", kLossless);
        plan.steps.push_back(
            fmt::format("lossless_turns: \"{}\" turns JPEG pictures without decoding", node.name));
      } else {
        plan.steps.push_back(fmt::format(
            "lossless_turns: only turns reach \"{}\", its \"turns\" stays as it is", node.name));
      }
    } else if (!node.info->lazy.empty()) {
      leaving[place] = {true, arriving.turns_only && is_turn(*node.info)};
    } else if (node.info->passes_lazy) {
      leaving[place] = arriving;
    }
  }
  return {};
}

}  // namespace millrace
