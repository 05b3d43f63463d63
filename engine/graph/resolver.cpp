#include "engine/graph/resolver.hpp"

#include <utility>

#include "engine/base/json_members.hpp"
#include "engine/plugin/operator_instance.hpp"
#include "engine/plugin/registry.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

Json with_defaults(const ResolvedType& type, const Json& params) {
  if (type.defaults == nullptr) return params;
  Json merged = *type.defaults;
  put_members(merged, params);
  return merged;
}

NodeRole role_of(std::string_view word) {
  if (word == "input") return NodeRole::Input;
  if (word == "filter") return NodeRole::Filter;
  if (word == "augment") return NodeRole::Augment;
  if (word == "output") return NodeRole::Output;
  return NodeRole::Other;
}

}  // namespace

ResolvedType& Resolver::type(const std::string& word) {
  if (last_word_ != nullptr && *last_word_ == word) return *last_;
  const auto [found, is_new] = types_.try_emplace(word);
  if (is_new) resolve(word, found->second);
  last_word_ = &found->first;
  last_ = &found->second;
  return *last_;
}

void Resolver::resolve(const std::string& word, ResolvedType& type) {
  // In a mix the word is the role, whether its operator is installed or not.
  if (rules_.strict_mix) type.role = role_of(word);
  const auto info = registry_.share(word);
  if (info == nullptr) {
    const auto nearest = registry_.nearest(word);
    type.problem_kind = "unknown_operator";
    type.problem = fmt::format(
        "there is no operator \"{}\"{}", word,
        nearest.empty() ? std::string{} : fmt::format("; did you mean \"{}\"?", nearest));
    return;
  }
  type.role = role_of(info->role);
  if (!info->lazy.empty() && registry_.find(info->lazy) == nullptr) {
    type.problem_kind = "unknown_operator";
    type.problem = fmt::format("\"{}\" needs the operator \"{}\", whose plugin is not installed",
                               word, info->lazy);
    return;
  }
  auto table = registry_.table(*info);
  if (!table.ok()) {
    type.problem_kind = "plugin_load";
    type.problem = table.error().message;
    return;
  }
  type.table = *table;
  type.info = info;
  if (const auto found = defaults_.find(info->id); found != defaults_.end())
    type.defaults = &*found;
  if (type.defaults != nullptr) type.default_bytes = bytes_of(*type.defaults);
}

std::vector<Fault> Resolver::check_defaults(const std::string& id, const Json& params) {
  const auto& resolved = type(id);
  if (!resolved.info) return {{std::string{resolved.problem_kind}, "", resolved.problem}};
  if (resolved.info->id != id) {
    return {{"unknown_operator", "",
             fmt::format("defaults stand under the id of an operator: \"{}\" is \"{}\"", id,
                         resolved.info->id)}};
  }
  // Without plan(), which wants the parameters of a whole node.
  auto faults = check_parameters(*resolved.info, nullptr, params, services_).faults;
  std::erase_if(faults, [](const Fault& fault) {
    return fault.kind == "parameter_missing" && fault.pointer.rfind('/') == 0;
  });
  for (const auto& [name, value] : params.items()) {
    const auto declared = resolved.info->params.find(name);
    if (declared == resolved.info->params.end() || declared->value("type", "") != "uri") continue;
    faults.push_back({"parameter_invalid", "/" + name,
                      fmt::format("\"{}\" is an address, which each node names itself", name)});
  }
  return faults;
}

const CheckedNode& Resolver::check(ResolvedType& type, const Json& params) {
  if (params.empty()) {
    if (type.empty == nullptr) type.empty = &check_anew(type, params);
    return *type.empty;
  }
  // The hash tells 1 from 1.0, which compare equal but need not mean the same.
  const auto hash = std::hash<Json>{}(params);
  const auto [begin, end] = type.by_params.equal_range(hash);
  for (auto known = begin; known != end; ++known) {
    if (*known->second.first == params) return *known->second.second;
  }
  const auto& checked = check_anew(type, params);
  type.by_params.emplace(hash, std::pair{&params, &checked});
  return checked;
}

const CheckedNode& Resolver::check_anew(ResolvedType& type, const Json& params) {
  bytes_ += type.default_bytes;
  if (bytes_ > kMostBytes) {
    return type.checked.emplace_back(CheckedNode{
        std::make_shared<const Json>(Json::object()),
        type.info,
        {{"parameter_size", "",
          fmt::format("the defaults of operators take more than {} MiB in all the nodes that have "
                      "them",
                      kMostBytes >> 20)}}});
  }
  auto result = check_parameters(*type.info, type.table, with_defaults(type, params), services_);
  CheckedNode checked{std::make_shared<const Json>(std::move(result.params)), type.info,
                      std::move(result.faults)};
  if (!result.traits.empty() && checked.faults.empty()) {
    if (auto info = registry_.with_traits(*type.info, result.traits); info.ok()) {
      checked.info = *std::move(info);
    } else {
      checked.faults.push_back({"operator_failed", "", info.error().message});
    }
  }
  return type.checked.emplace_back(std::move(checked));
}

}  // namespace millrace
