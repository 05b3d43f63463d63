#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/graph/fault_list.hpp"
#include "engine/graph/name_index.hpp"
#include "engine/graph/pipeline.hpp"

namespace millrace {

/// An edge between two nodes of a pipeline document, before the nodes are put in order.
struct Link {
  std::uint32_t from = 0, to = 0;  // places in Pipeline::ops
  std::uint32_t place = 0;  // in preOps of `to`; behind them when only postOps of `from` name it
  bool is_derived = false;  // preOps of `to` were not written
  std::string_view port{};  // of `from`
};

/// All edges of a document, found from either end.
struct Links {
  std::vector<Link> all;                    // sorted by (to, place)
  std::vector<std::uint32_t> first_into;    // links into node n: [first_into[n], first_into[n + 1])
  std::vector<std::uint32_t> first_out_of;  // the same for `out_of`
  std::vector<std::uint32_t> out_of;        // places in `all`, sorted by (from, to)

  [[nodiscard]] std::span<const Link> into(std::size_t node) const;
  [[nodiscard]] std::span<const std::uint32_t> out(std::size_t node) const;
};

/// Resolves preOps and postOps, derives the one that was not written from the other, and reports:
/// name_repeated, unknown_reference, edge_one_way. Linear in names and edges.
Links find_links(const Pipeline& pipeline, const NameIndex& names, const PipelineRules& rules,
                 FaultList& faults);

}  // namespace millrace
