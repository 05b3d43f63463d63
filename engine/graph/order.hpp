#pragma once

#include <cstdint>
#include <vector>

#include "engine/graph/links.hpp"

namespace millrace {

/// The nodes of a document in an order in which every edge goes forward, or the cycles that forbid
/// one.
struct Order {
  std::vector<std::uint32_t> nodes;  // places in Pipeline::ops; meaningless when there are cycles
  std::vector<std::vector<std::uint32_t>>
      cycles;  // each in the direction of its edges; no two share all their nodes
};

/// Orders topologically. A document that is in such an order already keeps it; else nodes that do
/// not depend on one another keep the order of the document where the search allows it. Linear.
Order order_nodes(std::size_t nodes, const Links& links);

}  // namespace millrace
