#include "engine/graph/order.hpp"

#include <algorithm>
#include <utility>

#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/depth_first_search.hpp>

namespace millrace {
namespace {

constexpr std::size_t kMaxCycles = 100;

using Csr =
    boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, boost::no_property,
                                       boost::no_property, std::uint32_t, std::uint32_t>;

// Sees a depth-first search over the nodes in reverse order of the document (vertex v is node last
// - v): then a document whose edges all go forward finishes each vertex as soon as it is found, and
// its order comes out unchanged.
class Visitor : public boost::default_dfs_visitor {
 public:
  Visitor(std::uint32_t nodes, Order& order, std::vector<std::uint32_t>& parents,
          std::vector<bool>& on_cycle)
      : last_{nodes - 1}, order_{&order}, parents_{&parents}, on_cycle_{&on_cycle} {}

  void tree_edge(Csr::edge_descriptor edge, const Csr& graph) {
    (*parents_)[target(edge, graph)] = static_cast<std::uint32_t>(source(edge, graph));
  }

  void finish_vertex(std::uint32_t vertex, const Csr&) { order_->nodes.push_back(last_ - vertex); }

  // The path from the target down the tree to the source, and this edge, are a cycle.
  void back_edge(Csr::edge_descriptor edge, const Csr& graph) {
    const auto begin = static_cast<std::uint32_t>(target(edge, graph));
    const auto end = static_cast<std::uint32_t>(source(edge, graph));
    if (order_->cycles.size() == kMaxCycles || ((*on_cycle_)[begin] && (*on_cycle_)[end])) return;
    std::vector<std::uint32_t> cycle;
    for (auto vertex = end;; vertex = (*parents_)[vertex]) {
      (*on_cycle_)[vertex] = true;
      cycle.push_back(last_ - vertex);
      if (vertex == begin) break;
    }
    std::reverse(cycle.begin(), cycle.end());
    std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
    order_->cycles.push_back(std::move(cycle));
  }

 private:
  std::uint32_t last_;
  Order* order_;  // pointers, since the search copies its visitor
  std::vector<std::uint32_t>* parents_;
  std::vector<bool>* on_cycle_;
};

}  // namespace

Order order_nodes(std::size_t nodes, const Links& links) {
  Order order;
  if (nodes == 0) return order;
  const auto count = static_cast<std::uint32_t>(nodes);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  edges.reserve(links.all.size());
  for (std::uint32_t vertex = 0; vertex < count; ++vertex) {
    const auto out = links.out(count - 1 - vertex);
    // The later successors first: what is finished first comes last in the order.
    for (auto link = out.rbegin(); link != out.rend(); ++link) {
      edges.emplace_back(vertex, count - 1 - links.all[*link].to);
    }
  }
  const Csr graph{boost::edges_are_sorted, edges.begin(), edges.end(), count};
  std::vector<std::uint32_t> parents(count, 0);
  std::vector<bool> on_cycle(count, false);
  std::vector<boost::default_color_type> colors(count, boost::white_color);
  order.nodes.reserve(count);
  boost::depth_first_search(graph, boost::visitor(Visitor{count, order, parents, on_cycle})
                                       .color_map(boost::make_iterator_property_map(
                                           colors.begin(), get(boost::vertex_index, graph))));
  std::reverse(order.nodes.begin(), order.nodes.end());
  return order;
}

}  // namespace millrace
