#include "engine/graph/plan_edit.hpp"

#include <utility>

namespace millrace {
namespace {

std::size_t place_of(NodeId node) { return static_cast<std::size_t>(node.value); }

NodeId id_of(std::size_t place) { return NodeId{static_cast<std::int64_t>(place)}; }

}  // namespace

Successors::Successors(const Plan& plan)
    : first_(plan.nodes.size() + 1, 0), edges_(plan.edges.size()) {
  for (const auto& edge : plan.edges) ++first_[place_of(edge.from) + 1];
  for (std::size_t node = 0; node < plan.nodes.size(); ++node) first_[node + 1] += first_[node];
  std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
  for (std::uint32_t i = 0; i < plan.edges.size(); ++i)
    edges_[next[place_of(plan.edges[i].from)]++] = i;
}

std::span<const std::uint32_t> Successors::of(std::size_t node) const {
  return {edges_.data() + first_[node], first_[node + 1] - first_[node]};
}

std::span<Edge> edges_into(Plan& plan, std::size_t node) {
  return {plan.edges.data() + plan.first_into[node],
          plan.first_into[node + 1] - plan.first_into[node]};
}

std::span<const Edge> edges_into(const Plan& plan, std::size_t node) {
  return {plan.edges.data() + plan.first_into[node],
          plan.first_into[node + 1] - plan.first_into[node]};
}

void insert_before(Plan& plan, std::vector<Insertion> insertions) {
  if (insertions.empty()) return;
  std::vector<std::size_t> place(plan.nodes.size());
  std::vector<PlanNode> nodes;
  std::vector<Edge> edges;
  std::vector<std::uint32_t> first_into;
  nodes.reserve(plan.nodes.size() + insertions.size());
  edges.reserve(plan.edges.size() + insertions.size());
  auto next = insertions.begin();
  for (std::size_t node = 0; node < plan.nodes.size(); ++node) {
    // The first to be put in front takes the edges over, each further one what the one before it
    // sends.
    bool is_taken = false;
    const auto take_edges = [&](std::size_t to) {
      first_into.push_back(static_cast<std::uint32_t>(edges.size()));
      if (is_taken) {
        edges.push_back({id_of(to - 1), id_of(to), {}});
        return;
      }
      is_taken = true;
      for (auto& edge : edges_into(plan, node)) {
        edges.push_back({id_of(place[place_of(edge.from)]), id_of(to), std::move(edge.port)});
      }
    };
    for (; next != insertions.end() && next->before == node; ++next) {
      take_edges(nodes.size());
      nodes.push_back(std::move(next->node));
    }
    place[node] = nodes.size();
    take_edges(nodes.size());
    nodes.push_back(std::move(plan.nodes[node]));
  }
  first_into.push_back(static_cast<std::uint32_t>(edges.size()));
  plan.nodes = std::move(nodes);
  plan.edges = std::move(edges);
  plan.first_into = std::move(first_into);
}

void insert_behind(Plan& plan, std::vector<Placed> placed) {
  if (placed.empty()) return;
  std::vector<std::size_t> place(plan.nodes.size()),
      main(plan.nodes.size());  // who sends its ports
  std::vector<PlanNode> nodes;
  std::vector<Edge> edges;
  std::vector<std::uint32_t> first_into;
  nodes.reserve(plan.nodes.size() + placed.size());
  edges.reserve(plan.edges.size() + placed.size());
  const auto add = [&](PlanNode node) {
    first_into.push_back(static_cast<std::uint32_t>(edges.size()));
    nodes.push_back(std::move(node));
    return nodes.size() - 1;
  };
  auto next = placed.begin();
  for (std::size_t node = 0; node < plan.nodes.size(); ++node) {
    place[node] = main[node] = add(std::move(plan.nodes[node]));
    for (auto& edge : edges_into(plan, node)) {
      const auto& from = edge.port.empty() ? main : place;
      edges.push_back({id_of(from[place_of(edge.from)]), id_of(place[node]), std::move(edge.port)});
    }
    if (next == placed.end() || next->behind != node) continue;
    main[node] = add(std::move(next++->node));
    edges.push_back({id_of(place[node]), id_of(main[node]), {}});
  }
  first_into.push_back(static_cast<std::uint32_t>(edges.size()));
  plan.nodes = std::move(nodes);
  plan.edges = std::move(edges);
  plan.first_into = std::move(first_into);
}

void remove_nodes(Plan& plan, const std::vector<bool>& removed) {
  std::vector<std::size_t> place(plan.nodes.size());  // of the node, or of what stands for it
  std::vector<PlanNode> nodes;
  std::vector<Edge> edges;
  std::vector<std::uint32_t> first_into;
  for (std::size_t node = 0; node < plan.nodes.size(); ++node) {
    const auto into = edges_into(plan, node);
    if (removed[node] && into.size() == 1) {
      place[node] = place[place_of(into.front().from)];
      continue;
    }
    place[node] = nodes.size();
    first_into.push_back(static_cast<std::uint32_t>(edges.size()));
    for (auto& edge : into) {
      edges.push_back(
          {id_of(place[place_of(edge.from)]), id_of(nodes.size()), std::move(edge.port)});
    }
    nodes.push_back(std::move(plan.nodes[node]));
  }
  first_into.push_back(static_cast<std::uint32_t>(edges.size()));
  plan.nodes = std::move(nodes);
  plan.edges = std::move(edges);
  plan.first_into = std::move(first_into);
}

std::shared_ptr<const Json> with_param(const Json& params, std::string_view name, Json value) {
  auto changed = std::make_shared<Json>(params.is_object() ? params : Json::object());
  (*changed)[std::string{name}] = std::move(value);
  return changed;
}

}  // namespace millrace
