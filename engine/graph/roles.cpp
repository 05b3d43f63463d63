#include "engine/graph/roles.hpp"

#include <algorithm>
#include <string_view>

#include "engine/graph/pointer.hpp"
#include "engine/graph/suggestion.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

class Checker {
 public:
  Checker(const Pipeline& pipeline, const Links& links, const std::vector<ResolvedType*>& types,
          const PipelineRules& rules, FaultList& faults)
      : ops_{pipeline.ops}, links_{links}, types_{types}, rules_{rules}, faults_{faults} {}

  void check() {
    if (rules_.strict_mix) check_counts();
    for (std::uint32_t node = 0; node < ops_.size(); ++node) check_node(node);
    for (const auto& link : links_.all) check_link(link);
  }

 private:
  [[nodiscard]] NodeRole role(std::uint32_t node) const {
    return types_[node] == nullptr ? NodeRole::Unknown : types_[node]->role;
  }

  void check_counts() {
    std::size_t inputs = 0;
    std::size_t unknown = 0;
    std::vector<std::uint32_t> outputs;
    for (std::uint32_t node = 0; node < ops_.size(); ++node) {
      if (role(node) == NodeRole::Input) ++inputs;
      if (role(node) == NodeRole::Output) outputs.push_back(node);
      if (role(node) == NodeRole::Unknown) ++unknown;
    }
    if (unknown > 0) return;  // what they were meant to be is not known
    if (inputs == 0) faults_.add("no_input", "/ops", "there is no node of type \"input\"");
    if (outputs.empty()) faults_.add("output_count", "/ops", "there is no node of type \"output\"");
    for (std::size_t i = 1; i < outputs.size(); ++i) {
      faults_.add("output_count", node_pointer(outputs[i]),
                  fmt::format("exactly one output is allowed, \"{}\" is another beside \"{}\"",
                              ops_[outputs[i]].name, ops_[outputs[0]].name));
    }
  }

  void check_node(std::uint32_t node) {
    const auto& spec = ops_[node];
    const auto own = role(node);
    if (own == NodeRole::Unknown) return;
    if (own == NodeRole::Input && !spec.pre_ops.empty()) {
      faults_.add("input_pre_ops", node_pointer(node, "preOps"),
                  fmt::format("nothing may come before the input \"{}\": its preOps must be empty",
                              spec.name));
    }
    if (ends_rows(node) && !spec.post_ops.empty()) {
      faults_.add("output_post_ops", node_pointer(node, "postOps"),
                  fmt::format("nothing may come after the output \"{}\": its postOps must be empty",
                              spec.name));
    }
    const bool has_input = spec.has_pre_ops ? !spec.pre_ops.empty() : !links_.into(node).empty();
    if (own != NodeRole::Input && !has_input && spec.is_readable) {
      faults_.add(
          "pre_ops_empty", node_pointer(node, "preOps"),
          fmt::format("nothing flows into \"{}\": name the nodes before it in preOps", spec.name));
    }
    if (rules_.strict_mix && own != NodeRole::Output && spec.post_ops.empty() && spec.is_readable) {
      faults_.add("post_ops_empty", node_pointer(node, "postOps"),
                  fmt::format("what \"{}\" makes goes nowhere: name the nodes after it in postOps",
                              spec.name));
    }
  }

  void check_link(const Link& link) {
    check_port(link);
    const auto from = role(link.from);
    const auto to = role(link.to);
    if (from == NodeRole::Unknown || to == NodeRole::Unknown || may_follow(link.from, to)) return;
    // Told already of the whole list.
    if (to == NodeRole::Input && !ops_[link.to].pre_ops.empty()) return;
    if (ends_rows(link.from) && !ops_[link.from].post_ops.empty()) return;
    faults_.add(
        "role_order", pointer_of(link),
        fmt::format("{} \"{}\" ({}) may not follow \"{}\" ({})", role_word(to), ops_[link.to].name,
                    ops_[link.to].type, ops_[link.from].name, ops_[link.from].type));
  }

  // Whether a node is an output that has nothing to tell; one that declares columns emits rows
  // about what it wrote.
  [[nodiscard]] bool ends_rows(std::uint32_t node) const {
    if (role(node) != NodeRole::Output) return false;
    const auto& info = types_[node]->info;
    return rules_.strict_mix || !info || info->adds.empty();
  }

  [[nodiscard]] bool may_follow(std::uint32_t node, NodeRole to) const {
    if (to == NodeRole::Input || ends_rows(node)) return false;
    if (!rules_.strict_mix) return true;
    const auto from = role(node);
    if (from == NodeRole::Input) return true;
    if (from == NodeRole::Augment && to != NodeRole::Filter) return true;
    if (from == NodeRole::Filter && to == NodeRole::Augment) return true;
    return rules_.relaxed_roles;  // filter -> filter, filter -> output, augment -> filter
  }

  void check_port(const Link& link) {
    if (link.port.empty() || types_[link.from] == nullptr || !types_[link.from]->info) return;
    const auto& ports = types_[link.from]->info->ports;
    if (std::find(ports.begin(), ports.end(), link.port) != ports.end()) return;
    const std::vector<std::string_view> names{ports.begin(), ports.end()};
    faults_.add("unknown_port", pointer_of(link),
                fmt::format("\"{}\" ({}) has no output port \"{}\"{}", ops_[link.from].name,
                            ops_[link.from].type, link.port, suggestion(link.port, names)));
  }

  static std::string pointer_of(const Link& link) {
    return link.is_derived ? node_pointer(link.to) : node_pointer(link.to, "preOps", link.place);
  }

  static std::string_view role_word(NodeRole role) {
    switch (role) {
      case NodeRole::Input:
        return "the input";
      case NodeRole::Filter:
        return "the filter";
      case NodeRole::Augment:
        return "the augment";
      case NodeRole::Output:
        return "the output";
      case NodeRole::Other:
      case NodeRole::Unknown:
        break;
    }
    return "the node";
  }

  const std::vector<NodeSpec>& ops_;
  const Links& links_;
  const std::vector<ResolvedType*>& types_;
  const PipelineRules& rules_;
  FaultList& faults_;
};

}  // namespace

void check_roles(const Pipeline& pipeline, const Links& links,
                 const std::vector<ResolvedType*>& types, const PipelineRules& rules,
                 FaultList& faults) {
  Checker{pipeline, links, types, rules, faults}.check();
}

}  // namespace millrace
