#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/graph/pointer.hpp"
#include "engine/graph/roles.hpp"
#include "engine/plugin/parameter_rules.hpp"
#include "engine/plugin/services.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

// An address of the pipeline, who uses it and for what.
struct Use {
  std::string_view who;  // a node's name, or "logFile"
  std::string_view address;
  std::string pointer;
  bool is_source = false;
};

// Finds the addresses of single objects among the parameters of a node.
class UseFinder {
 public:
  UseFinder(std::string_view who, std::vector<Use>& uses) : who_{who}, uses_{uses} {}

  void look(const ParameterRule& rule, const Json& value, const std::string& pointer) {
    if (rule.type == ParameterRule::Type::Uri && !rule.is_prefix && value.is_string()) {
      uses_.push_back({who_, value.get_ref<const std::string&>(), pointer, !rule.is_written});
    } else if (rule.items && value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i)
        look(*rule.items, value[i], pointer + '/' + std::to_string(i));
    } else if (value.is_object()) {
      look(rule.properties, value, pointer);
    }
  }

  void look(const std::vector<ParameterRule>& rules, const Json& values,
            const std::string& pointer) {
    for (const auto& rule : rules) {
      if (const auto value = values.find(rule.name); value != values.end())
        look(rule, *value, pointer + '/' + pointer_segment(rule.name));
    }
  }

 private:
  std::string_view who_;
  std::vector<Use>& uses_;
};

bool has_uri(const ParameterRule& rule) {
  return rule.type == ParameterRule::Type::Uri || (rule.items && has_uri(*rule.items)) ||
         std::any_of(rule.properties.begin(), rule.properties.end(), has_uri);
}

std::vector<Use> find_uses(const Pipeline& pipeline, const std::vector<ResolvedType*>& types) {
  std::vector<Use> uses;
  if (!pipeline.log_file.empty()) uses.push_back({"logFile", pipeline.log_file, "/logFile", false});
  std::unordered_map<const ResolvedType*, bool> names_objects;
  for (std::size_t node = 0; node < pipeline.ops.size(); ++node) {
    const auto* const type = types[node];
    if (type == nullptr || !type->info || !type->info->rules) continue;
    const auto& rules = type->info->rules->all();
    const auto [known, is_new] = names_objects.try_emplace(type);
    if (is_new) known->second = std::any_of(rules.begin(), rules.end(), has_uri);
    if (!known->second) continue;
    const auto& spec = pipeline.ops[node];
    UseFinder{spec.name, uses}.look(rules, spec.params, node_pointer(node, "params"));
  }
  return uses;
}

}  // namespace

bool check_addresses(const Pipeline& pipeline, const std::vector<ResolvedType*>& types,
                     Services& services, FaultList& faults) {
  const auto uses = find_uses(pipeline, types);
  // What is only read may be read twice.
  const bool any_target =
      std::any_of(uses.begin(), uses.end(), [](const Use& use) { return !use.is_source; });
  if (!any_target || uses.size() < 2) return false;
  std::unordered_map<std::string_view, std::string> objects;  // by address, each looked up once
  std::unordered_map<std::string_view, const Use*> firsts;    // by object
  for (const auto& use : uses) {
    const auto [object, is_unknown] = objects.try_emplace(use.address);
    if (is_unknown) {
      // One that leads nowhere is told of by who checks it.
      auto identified = services.identify(use.address);
      object->second = identified.ok() ? *std::move(identified) : std::string{use.address};
    }
    const auto [found, is_new] = firsts.emplace(object->second, &use);
    const auto& first = *found->second;
    if (is_new || (use.is_source && first.is_source)) continue;
    auto message =
        fmt::format("\"{}\" and \"{}\" use the same file, which must be different objects: {}",
                    use.who, first.who, use.address);
    if (use.address != first.address) message += fmt::format(" is {}", first.address);
    faults.add("same_address", use.pointer, std::move(message));
  }
  return true;
}

}  // namespace millrace
