#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/ids.hpp"
#include "engine/graph/pipeline.hpp"
#include "engine/plugin/operator_info.hpp"

struct mr_operator;

namespace millrace {

class Registry;
class Services;

/// A node of a validated graph: checked parameters, resolved operator.
struct Node {
  std::string name;
  std::shared_ptr<const OperatorInfo> info;  // shared by all nodes of one operator and equal traits
  const mr_operator* table = nullptr;
  std::shared_ptr<const Json> params;  // checked, defaults filled in; shared where equal
  RetryPolicy retry{};
  std::chrono::milliseconds timeout{0};
  bool checkpoint = true;
  Resources resources{};

  [[nodiscard]] bool is_training() const { return resources.kind == Resources::Kind::Train; }
  /// It is called by the waiting pool.
  [[nodiscard]] bool waits() const {
    return resources.kind ? resources.kind != Resources::Kind::Compute : info->blocking;
  }
};

/// From one node's port to another node. A node's incoming edges stand in the order of its preOps.
struct Edge {
  NodeId from, to;
  std::string port;  // of `from`; "" is the main one
};

/// A validated pipeline. Immutable; nodes stand in topological order that keeps the order of the
/// document where it can.
struct Graph {
  std::vector<Node> nodes;
  std::vector<Edge> edges;  // sorted by (to, place in preOps)
  std::string log_file;
  std::uint64_t seed = 0;
  std::string queue;
  int priority = 0;
  std::string name;
  std::int64_t max_records = kMaxRecords;
  Json defaults = Json::object();  // of the pipeline, checked
  NamedConnections connections{};  // of its own
  // To tell its addresses apart the store was asked what they lead to, which may change: it has to
  // be validated again before it runs at another time.
  bool asked_store = false;

  /// Returns the edges into a node, in the order of its preOps.
  [[nodiscard]] std::span<const Edge> into(NodeId node) const;
  std::vector<std::uint32_t> first_into;  // edges into node n: [first_into[n], first_into[n + 1])
};

struct Validation {
  std::shared_ptr<const Graph>
      graph;  // null when there are faults, or a node that could not be read
  std::vector<Fault> faults;
  // Only of validate_document(): as it will run, with the parameters in it but those that stand in
  // no row, and the values of those by their places (take_sealed); null: there are none.
  Json document;
  Json sealed;
};

/// Binds, reads and validates a document; the faults of all three steps together.
Validation validate_document(const Json& document, const Json& given, Registry& registry,
                             Services& services, const PipelineRules& rules = {});

/// Validates everything and reports every fault at once: names, references, edges both ways, roles,
/// cycles (Boost.Graph), operators (nearest name), parameters, schemas along edges. `services` is
/// asked for addresses (check_uri). Costs at most about a microsecond a node.
Validation validate(const Pipeline& pipeline, Registry& registry, Services& services,
                    const PipelineRules& rules = {});

}  // namespace millrace
