#include <utility>

#include "engine/plugin/host.hpp"
#include "engine/plugin/operator_info.hpp"
#include "engine/plugin/operator_instance.hpp"
#include "engine/plugin/parameter_rules.hpp"
#include "engine/plugin/parameter_value.hpp"

namespace millrace {
namespace {

// Makes the checked object from the given one.
void check_declared(const ParameterRules& rules, const Json& given, Services& services,
                    CheckedParams& checked) {
  static const Json nothing = Json::object();
  if (!given.is_object() && !given.is_null()) {
    checked.faults.push_back(
        Fault{"parameter_type", "", "params must be an object, is: " + shown(given)});
    return;
  }
  const Json& members = given.is_null() ? nothing : given;
  if (rules.all().empty() && members.empty()) return;
  ValueChecker{&services, checked.faults}.check_members(rules.all(), nullptr, members,
                                                        checked.params);
}

// Lets the operator look at parameters that satisfy the declaration.
void call_plan(const mr_operator& table, Services& services, CheckedParams& checked) {
  const Call call{services};
  mr_context context{call};
  context.faults = &checked.faults;
  context.traits = &checked.traits;
  std::int32_t code = MR_INTERNAL;
  try {
    code = table.plan(&table, &context, to_value(checked.params));
  } catch (const std::exception& caught) {
    context.failure = std::string{"exception left the plugin: "} + caught.what();
  } catch (...) {
    context.failure = "exception of an unknown type left the plugin";
  }
  if (code != MR_OK && checked.faults.empty()) {
    if (context.failure.empty())
      context.failure = "the operator refuses these parameters without saying why";
    checked.faults.push_back(
        Fault{code == MR_INTERNAL ? "operator_failed" : "parameter_invalid", "", context.failure});
  }
}

}  // namespace

CheckedParams check_parameters(const OperatorInfo& info, const mr_operator* table,
                               const Json& given, Services& services) {
  CheckedParams checked;
  checked.params = Json::object();
  if (info.rules) {
    check_declared(*info.rules, given, services, checked);
  } else {
    const auto rules = ParameterRules::read(info.params);
    if (!rules.ok()) {
      checked.faults.push_back(
          Fault{"operator_failed", "", info.id + ": " + rules.error().message});
      return checked;
    }
    check_declared(**rules, given, services, checked);
  }
  if (!checked.faults.empty() || table == nullptr || table->plan == nullptr) return checked;
  call_plan(*table, services, checked);
  if (checked.faults.empty() && !checked.traits.empty()) {
    // Traits are checked on a copy: the caller applies them, and must not meet a bad one then.
    OperatorInfo trial;
    trial.id = info.id;
    if (const auto applied = apply_traits(trial, checked.traits); !applied.ok()) {
      checked.faults.push_back(
          Fault{"operator_failed", "", info.id + ": " + applied.error().message});
    }
  }
  return checked;
}

CheckedParams check_changed_parameters(const mr_operator* table,
                                       const std::vector<ParameterRule>& rules, const Json& given,
                                       Json params, Services& services) {
  CheckedParams checked;
  checked.params = std::move(params);
  Json changed = Json::object();
  ValueChecker{&services, checked.faults}.check_members(rules, nullptr, given, changed);
  for (const auto& rule : rules) checked.params.erase(rule.name);
  auto& members = checked.params.get_ref<Json::object_t&>();
  for (auto& [name, value] : changed.get_ref<Json::object_t&>())
    members.emplace_back(name, std::move(value));
  if (checked.faults.empty() && table != nullptr && table->plan != nullptr)
    call_plan(*table, services, checked);
  return checked;
}

}  // namespace millrace
