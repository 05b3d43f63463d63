#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/graph/plan.hpp"

namespace millrace {

/// What the planner passes share: a plan's edges seen from their sources, and a change of many
/// nodes at once. Everything here is linear, since a plan may have a million nodes.

/// The edges of a plan by their source; stale after any change of plan.edges.
class Successors {
 public:
  explicit Successors(const Plan& plan);
  /// Returns places in plan.edges, in the order of the nodes that they lead to.
  [[nodiscard]] std::span<const std::uint32_t> of(std::size_t node) const;

 private:
  std::vector<std::uint32_t> first_, edges_;
};

/// Returns the edges into a node of a plan, in the order of its preOps.
std::span<Edge> edges_into(Plan& plan, std::size_t node);
std::span<const Edge> edges_into(const Plan& plan, std::size_t node);

/// A node to be put in, with the edges into and out of it.
struct Insertion {
  std::size_t before = 0;  // place of the node whose incoming edges it takes over
  PlanNode node;
};

/// Puts each node in front of the node that it names and gives it all of that one's incoming edges;
/// several for one node stand in the order given. `insertions` are sorted by `before`.
void insert_before(Plan& plan, std::vector<Insertion> insertions);

/// A node to be put in behind another.
struct Placed {
  std::size_t behind = 0;
  PlanNode node;
};

/// Puts each node behind the one that it names, of which it alone takes what that one sends on its
/// main port; it sends to all who took that before. `placed` are sorted by `behind`, one for each.
void insert_behind(Plan& plan, std::vector<Placed> placed);

/// Removes nodes, each of which is fed by one main port: what such a node sent is sent by its
/// predecessor, by the same port. `removed` has a flag for each node.
void remove_nodes(Plan& plan, const std::vector<bool>& removed);

/// Returns the parameters of a node with one of them set; the ones of other nodes that shared them
/// stay.
std::shared_ptr<const Json> with_param(const Json& params, std::string_view name, Json value);

}  // namespace millrace
