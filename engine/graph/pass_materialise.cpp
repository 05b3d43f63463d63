#include <algorithm>

#include "engine/graph/node_maker.hpp"
#include "engine/graph/passes.hpp"
#include "engine/graph/plan_edit.hpp"

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
      : plan_{plan}, nodes_{plan, registry}, lineage_(plan.nodes.size()) {}

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
    const auto missing = [&] {
      return fmt::format("no operator makes the rows real that reach \"{}\": {}", consumer.name,
                         id);
    };
    MR_TRY(Node made, nodes_.make(id, consumer, "render", missing));
    plan_.steps.push_back(fmt::format(
        "materialise: \"{}\" ({}) goes in front of \"{}\", which needs what the recipes make",
        made.name, id, consumer.name));
    PlanNode node;
    node.note = "inserted: makes recipes real";
    node.chain.push_back(std::move(made));
    insertions_.push_back({place, std::move(node)});
    return {};
  }

  Plan& plan_;
  NodeMaker nodes_;
  std::vector<Lineage> lineage_;  // of what leaves each node
  std::vector<Insertion> insertions_;
};

}  // namespace

Result<void> materialise(Plan& plan, Registry& registry) {
  return Materialiser{plan, registry}.run();
}

}  // namespace millrace
