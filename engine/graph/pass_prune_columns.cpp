#include <set>
#include <string>

#include <millrace/batch.hpp>

#include "engine/graph/passes.hpp"
#include "engine/graph/plan_edit.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

using Names = std::set<std::string, std::less<>>;

constexpr std::size_t kMaxNodes = 10'000;  // behind one input; a larger graph is not worth the walk

// Walks from an input to everything its rows reach. Returns false when a node may want columns that
// it does not tell of.
bool collect(const Plan& plan, const Successors& successors, std::size_t input, Names& read,
             Names& added) {
  std::vector<std::size_t> open{input};
  std::set<std::size_t> seen{input};
  while (!open.empty()) {
    const auto at = open.back();
    open.pop_back();
    const auto& info = *plan.nodes[at].chain.front().info;
    const auto out = successors.of(at);
    if (at != input) {
      if (info.reads.empty() || info.accepts_any || !info.may_read.empty()) return false;
      for (const auto& [name, type] : info.reads.items()) read.insert(name);
      for (const auto& [name, type] : info.adds.items()) added.insert(name);
    }
    // What leaves the last node goes to whoever asked for the rows, unless it is an output.
    if (out.empty() && info.role != "output") return false;
    for (const auto edge : out) {
      const auto next = static_cast<std::size_t>(plan.edges[edge].to.value);
      if (seen.insert(next).second) open.push_back(next);
    }
    if (seen.size() > kMaxNodes) return false;
  }
  return true;
}

}  // namespace

Result<void> prune_columns(Plan& plan, Registry&) {
  const Successors successors{plan};
  for (std::size_t input = 0; input < plan.nodes.size(); ++input) {
    auto& source = plan.nodes[input].chain.front();
    if (source.info->role != "input" || !accepts(*source.info, "columns")) continue;
    const auto given = source.params->find("columns");
    if (given != source.params->end() && !given->is_null() && !given->empty()) continue;
    Names read;
    Names added;
    if (!collect(plan, successors, input, read, added)) continue;
    // The column of roots is always there. A column that is made on the way is not asked of the
    // input, unless the input says that it has one of that name too.
    Json columns = Json::array();
    for (const auto& name : read) {
      const bool is_made = source.info->emits.is_object() ? !source.info->emits.contains(name)
                                                          : added.contains(name);
      if (name != kRootColumn && !is_made) columns.push_back(name);
    }
    if (columns.empty()) continue;
    plan.steps.push_back(
        fmt::format("prune_columns: \"{}\" reads only {}", source.name, columns.dump()));
    source.params = with_param(*source.params, "columns", std::move(columns));
  }
  return {};
}

}  // namespace millrace
