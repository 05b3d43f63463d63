#include <algorithm>
#include <iterator>

#include <millrace/abi.h>

#include "engine/graph/bind.hpp"
#include "engine/graph/fault_list.hpp"
#include "engine/graph/graph.hpp"
#include "engine/graph/links.hpp"
#include "engine/graph/name_index.hpp"
#include "engine/graph/node_name.hpp"
#include "engine/graph/order.hpp"
#include "engine/graph/pointer.hpp"
#include "engine/graph/resolver.hpp"
#include "engine/graph/roles.hpp"
#include "engine/graph/schema_check.hpp"
#include "engine/plugin/services.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

// What the pipeline says of a node's resources, else what its operator declares.
Resources resources_of(const NodeSpec& spec, const OperatorInfo& info) {
  Resources resources = info.resources;
  if (spec.resources.threads > 0) resources.threads = spec.resources.threads;
  if (spec.resources.memory_bytes > 0) resources.memory_bytes = spec.resources.memory_bytes;
  if (spec.resources.kind) resources.kind = spec.resources.kind;
  return resources;
}

class Validator {
 public:
  Validator(const Pipeline& pipeline, Registry& registry, Services& services,
            const PipelineRules& rules, std::vector<Fault>& faults)
      : pipeline_{pipeline},
        ops_{pipeline.ops},
        rules_{rules},
        services_{services},
        faults_{faults},
        resolver_{registry, services, rules, pipeline.defaults},
        names_{pipeline.ops.size()} {}

  std::shared_ptr<const Graph> run() {
    check_size();
    if (ops_.empty() || ops_.size() > rules_.max_nodes) return nullptr;
    check_names();
    resolve_types();
    links_ = find_links(pipeline_, names_, rules_, faults_);
    check_roles(pipeline_, links_, types_, rules_, faults_);
    auto order = order_nodes(ops_.size(), links_);
    for (const auto& cycle : order.cycles) report_cycle(cycle);
    check_params();
    check_retries();
    check_defaults();
    check_log_file();
    asked_store_ = check_addresses(pipeline_, types_, services_, faults_);
    if (order.cycles.empty()) check_schemas(pipeline_, links_, order.nodes, checked_, faults_);
    const bool is_readable = std::all_of(ops_.begin(), ops_.end(),
                                         [](const NodeSpec& spec) { return spec.is_readable; });
    if (faults_.count() > 0 || !is_readable) return nullptr;
    return build(order.nodes);
  }

 private:
  void check_size() {
    if (ops_.empty() && pipeline_.has_ops)
      faults_.add("ops_empty", "/ops", "the pipeline holds no node");
    if (ops_.size() > rules_.max_nodes) {
      faults_.add("too_many_nodes", "/ops",
                  fmt::format("{} nodes are more than the {} that are allowed", ops_.size(),
                              rules_.max_nodes));
    }
  }

  void check_names() {
    for (std::uint32_t node = 0; node < ops_.size(); ++node) {
      const auto& spec = ops_[node];
      if (spec.name.empty() && !spec.is_readable) continue;
      if (const auto why = name_fault(spec.name); !why.empty()) {
        faults_.add("node_name", node_pointer(node, "name"),
                    fmt::format("the name of a node {}", why));
      }
      const auto first = names_.add(spec.name, node);
      if (first == NameIndex::kNone) continue;
      faults_.add("name_twice", node_pointer(node, "name"),
                  fmt::format("the name \"{}\" is used twice: {} has it already", spec.name,
                              node_pointer(first)));
    }
  }

  void resolve_types() {
    types_.assign(ops_.size(), nullptr);
    for (std::size_t node = 0; node < ops_.size(); ++node) {
      const auto& spec = ops_[node];
      if (spec.type.empty() && !spec.is_readable) continue;
      auto& type = resolver_.type(spec.type);
      types_[node] = &type;
      if (!type.problem_kind.empty()) {
        faults_.add(type.problem_kind, node_pointer(node, "type"), type.problem);
      }
    }
  }

  void report_cycle(const std::vector<std::uint32_t>& cycle) {
    constexpr std::size_t kMaxNames = 20;
    std::string path;
    for (std::size_t i = 0; i < std::min(cycle.size(), kMaxNames); ++i)
      path += ops_[cycle[i]].name + " -> ";
    if (cycle.size() > kMaxNames) path += fmt::format("... {} more -> ", cycle.size() - kMaxNames);
    path += ops_[cycle.front()].name;
    faults_.add("cycle", node_pointer(cycle.front()),
                "the nodes form a cycle, so none of them could begin: " + path);
  }

  void check_params() {
    checked_.assign(ops_.size(), nullptr);
    for (std::size_t node = 0; node < ops_.size(); ++node) {
      auto* type = types_[node];
      if (type == nullptr || !type->info) continue;
      const auto& checked = resolver_.check(*type, ops_[node].params);
      checked_[node] = &checked;
      if (checked.faults.empty()) continue;
      // A node whose params could not be read has been reported; that they lack something follows
      // from it.
      if (!ops_[node].is_readable && ops_[node].params.empty()) continue;
      for (const auto& fault : checked.faults) {
        faults_.add(fault.kind, node_pointer(node, "params") + fault.pointer,
                    fmt::format("{}: {}", ops_[node].name, fault.message));
      }
    }
  }

  // A failed try may have changed what an operator remembers, so it is repeated from a snapshot.
  void check_retries() {
    for (std::size_t node = 0; node < ops_.size(); ++node) {
      const auto* checked = checked_[node];
      if (ops_[node].retry.tries == 1 || checked == nullptr || !checked->info) continue;
      const auto* table = types_[node]->table;
      const bool is_input = checked->info->role == "input";
      const bool has_state = is_input || !(checked->info->replicable || checked->info->stateless);
      const bool has_snapshot =
          table == nullptr || (table->snapshot != nullptr && table->restore != nullptr);
      if (!has_state || has_snapshot) continue;
      faults_.add(
          "retry_state", node_pointer(node, "retry"),
          fmt::format("{}: {} cannot be tried again, since it keeps state from one batch to "
                      "the next and has no snapshot of it",
                      ops_[node].name, checked->info->id));
    }
  }

  void check_defaults() {
    for (const auto& [id, params] : pipeline_.defaults.items()) {
      for (const auto& fault : resolver_.check_defaults(id, params)) {
        faults_.add(fault.kind, "/defaults/" + pointer_segment(id) + fault.pointer,
                    fmt::format("{}: {}", id, fault.message));
      }
    }
  }

  void check_log_file() {
    if (pipeline_.log_file.empty()) return;
    const auto checked = services_.check_uri(pipeline_.log_file, true);
    if (checked.ok()) return;
    const auto& error = checked.error();
    const bool has_word = error.detail.compare(0, 4, "uri_") == 0;
    faults_.add(error.code == Code::PermissionDenied ? "uri_rights"
                                                     : (has_word ? error.detail : "uri_syntax"),
                "/logFile", error.message);
  }

  std::shared_ptr<const Graph> build(const std::vector<std::uint32_t>& order) const {
    auto graph = std::make_shared<Graph>();
    graph->log_file = pipeline_.log_file;
    graph->seed = pipeline_.seed;
    graph->queue = pipeline_.queue;
    graph->priority = pipeline_.priority;
    graph->name = pipeline_.name;
    graph->max_records = pipeline_.max_records;
    graph->defaults = pipeline_.defaults;
    graph->connections = pipeline_.connections;
    graph->asked_store = asked_store_;
    graph->nodes.reserve(order.size());
    graph->edges.reserve(links_.all.size());
    graph->first_into.reserve(order.size() + 1);
    std::vector<std::uint32_t> place(order.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    for (const auto node : order) {
      const auto& spec = ops_[node];
      graph->nodes.push_back({spec.name, checked_[node]->info, types_[node]->table,
                              checked_[node]->params, spec.retry, spec.timeout, spec.checkpoint,
                              resources_of(spec, *checked_[node]->info)});
      graph->first_into.push_back(static_cast<std::uint32_t>(graph->edges.size()));
      for (const auto& link : links_.into(node)) {
        graph->edges.push_back(
            {NodeId{place[link.from]}, NodeId{place[node]}, std::string{link.port}});
      }
    }
    graph->first_into.push_back(static_cast<std::uint32_t>(graph->edges.size()));
    return graph;
  }

  const Pipeline& pipeline_;
  const std::vector<NodeSpec>& ops_;
  const PipelineRules& rules_;
  Services& services_;
  FaultList faults_;
  Resolver resolver_;
  NameIndex names_;
  std::vector<ResolvedType*> types_;  // of the resolver; null where a node has no type
  std::vector<const CheckedNode*>
      checked_;  // of the resolver; null where a node could not be resolved
  Links links_;
  bool asked_store_ = false;
};

// A password that is no secret parameter would stand in the job's row.
void add_open_passwords(const BoundDocument& bound, std::vector<Fault>& faults) {
  const auto connections = bound.document.find("connections");
  if (connections == bound.document.end() || !connections->is_object()) return;
  for (const auto& [name, settings] : connections->items()) {
    const auto connection = "/connections/" + pointer_segment(name);
    if (!settings.is_object() || !settings.contains("password") ||
        is_in_hole(connection + "/password", bound.holes))
      continue;
    const bool is_sealed =
        std::any_of(bound.sealed.begin(), bound.sealed.end(), [&](const SealedPlace& place) {
          if (!place.is_secret) return false;
          return place.pointer == connection || place.pointer == connection + "/password" ||
                 place.pointer == "/connections";
        });
    if (is_sealed) continue;
    faults.push_back({"connection", connection + "/password",
                      "a password does not stand in a pipeline: declare a parameter with "
                      "\"secret\": true and use it here"});
  }
}

}  // namespace

Validation validate(const Pipeline& pipeline, Registry& registry, Services& services,
                    const PipelineRules& rules) {
  Validation validation;
  // The validator adds to the faults until its end, so it must be gone when they are looked at.
  validation.graph = Validator{pipeline, registry, services, rules, validation.faults}.run();
  return validation;
}

Validation validate_document(const Json& document, const Json& given, Registry& registry,
                             Services& services, const PipelineRules& rules) {
  std::vector<Fault> faults;
  auto bound = bind_with_holes(document, given, faults);
  std::vector<Fault> follow;
  const auto pipeline = read_pipeline(bound.document, rules, follow);
  auto validation = validate(pipeline, registry, services, rules);
  std::move(validation.faults.begin(), validation.faults.end(), std::back_inserter(follow));
  std::copy_if(follow.begin(), follow.end(), std::back_inserter(faults),
               [&](const Fault& fault) { return !is_in_hole(fault.pointer, bound.holes); });
  add_open_passwords(bound, faults);
  hide_sealed(faults, bound.sealed);
  if (!faults.empty()) validation.graph = nullptr;
  validation.faults = std::move(faults);
  if (!bound.sealed.empty()) validation.sealed = take_sealed(bound.document, bound.sealed);
  validation.document = std::move(bound.document);
  return validation;
}

std::span<const Edge> Graph::into(NodeId node) const {
  const auto place = static_cast<std::size_t>(node.value);
  return {edges.data() + first_into[place], first_into[place + 1] - first_into[place]};
}

}  // namespace millrace
