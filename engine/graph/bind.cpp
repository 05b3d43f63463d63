#include "engine/graph/bind.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "engine/graph/fault_list.hpp"
#include "engine/graph/pointer.hpp"
#include "engine/graph/suggestion.hpp"
#include "engine/plugin/parameter_rules.hpp"
#include "engine/plugin/parameter_value.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

// Appends without looking for an equal key: the source has none twice, and the search would make a
// copy quadratic.
void append(Json& object, const std::string& key, Json value) {
  object.get_ref<Json::object_t&>().emplace_back(key, std::move(value));
}

// The declared parameters of one document with the values that are in force.
class Binding {
 public:
  explicit Binding(std::vector<Fault>& faults) : faults_{faults} {}

  void declare(const Json& declarations) {
    if (!declarations.is_object()) {
      faults_.add("param_declaration", "/params",
                  "\"params\" must be an object: name to {type, default, doc}");
      return;
    }
    for (const auto& [name, declaration] : declarations.items()) {
      const auto slot = slots_.insert_or_assign(name, declare_one(name, declaration)).first;
      names_.push_back(slot->first);
    }
  }

  void give(const Json& given) {
    if (given.is_null()) return;
    if (!given.is_object()) {
      faults_.add("param_type", "/params", "the given parameters must be an object: name to value");
      return;
    }
    for (const auto& [name, value] : given.items()) {
      const auto found = slots_.find(name);
      if (found == slots_.end()) {
        faults_.add(
            "param_undeclared", "/params",
            fmt::format("the pipeline has no parameter \"{}\"{}", name, suggestion(name, names_)));
        continue;
      }
      auto& slot = found->second;
      if (slot.is_bad || (value.is_null() && slot.is_optional)) continue;
      slot.value = value;
      slot.is_bad = !check(*slot.rules, name, *slot.value);
    }
  }

  // Reports parameters that have neither a value nor a default, used or not: a caller should learn
  // of all of them.
  void require_all() {
    for (const auto name : names_) {
      auto& slot = slots_.find(name)->second;
      if (slot.value || slot.is_optional || slot.is_bad) continue;
      slot.is_bad = true;
      faults_.add("param_missing", "/params/" + pointer_segment(name),
                  fmt::format("parameter \"{}\" has no default and was not given", name));
    }
  }

  // Returns the value with its parameters replaced, or nothing where an optional parameter is
  // absent.
  std::optional<Json> replace(const Json& value, const std::string& pointer) {
    if (value.is_array()) {
      Json copy = Json::array();
      for (const auto& element : value) {
        if (!element.is_structured()) {
          copy.push_back(element);
        } else if (auto replaced = replace(element, fmt::format("{}/{}", pointer, copy.size()))) {
          copy.push_back(*std::move(replaced));
        }
      }
      return copy;
    }
    if (!value.is_object()) return value;
    if (value.contains("$param")) return use(value, pointer);
    Json copy = Json::object();
    for (const auto& [key, member] : value.items()) {
      if (!member.is_structured()) {
        append(copy, key, member);
      } else if (auto replaced = replace(member, pointer + "/" + pointer_segment(key))) {
        append(copy, key, *std::move(replaced));
      }
    }
    return copy;
  }

  std::vector<std::string> take_holes() { return std::move(holes_); }

 private:
  struct Slot {
    std::shared_ptr<const ParameterRules> rules;  // of this parameter alone; shared with nobody
    std::optional<Json> value;
    bool is_optional = false;  // the default is null
    bool is_bad = false;       // a fault has been reported for it
  };

  Slot declare_one(const std::string& name, const Json& declaration) {
    Slot slot;
    auto rule = declaration;
    if (rule.is_object() && rule.contains("default") && rule.at("default").is_null()) {
      slot.is_optional = true;
      rule.erase("default");
    }
    Json declared = Json::object();
    append(declared, name, std::move(rule));
    auto rules = ParameterRules::read(declared);
    if (!rules.ok()) {
      slot.is_bad = true;
      faults_.add("param_declaration", "/params/" + pointer_segment(name), rules.error().message);
      return slot;
    }
    slot.rules = *std::move(rules);
    slot.value = slot.rules->all().front().fallback;
    return slot;
  }

  // Checks a value as an operator's parameter is checked, but for addresses: their rights belong to
  // the node that uses them.
  bool check(const ParameterRules& rules, const std::string& name, Json& value) {
    std::vector<Fault> found;
    Json given = Json::object();
    append(given, name, value);
    Json checked = Json::object();
    ValueChecker{nullptr, found}.check_members(rules.all(), nullptr, given, checked);
    constexpr std::string_view kPrefix = "parameter_";
    for (auto& fault : found) {
      const bool is_ours = fault.kind.compare(0, kPrefix.size(), kPrefix) == 0;
      faults_.add(is_ours ? "param_" + fault.kind.substr(kPrefix.size()) : fault.kind,
                  "/params" + fault.pointer, std::move(fault.message));
    }
    if (found.empty() && checked.size() == 1) value = std::move(checked.begin().value());
    return found.empty();
  }

  std::optional<Json> use(const Json& value, const std::string& pointer) {
    const auto& name = value.at("$param");
    if (value.size() != 1 || !name.is_string()) {
      faults_.add("param_use", pointer,
                  "a parameter is used as {\"$param\": \"name\"}, without other members");
      return hole(pointer);
    }
    const auto& word = name.get_ref<const std::string&>();
    const auto found = slots_.find(word);
    if (found == slots_.end()) {
      faults_.add("param_undeclared", pointer,
                  fmt::format("parameter \"{}\" is used but not declared under \"params\"{}", word,
                              suggestion(word, names_)));
      return hole(pointer);
    }
    if (found->second.is_bad) return hole(pointer);
    return found->second.value;
  }

  Json hole(const std::string& pointer) {
    holes_.push_back(pointer);
    return Json{};
  }

  FaultList faults_;
  std::map<std::string, Slot, std::less<>> slots_;
  std::vector<std::string_view> names_;  // in the order declared; the keys of slots_
  std::vector<std::string> holes_;
};

}  // namespace

BoundDocument bind_with_holes(const Json& document, const Json& given, std::vector<Fault>& faults) {
  if (!document.is_object()) return {document, {}};
  Binding binding{faults};
  if (const auto declared = document.find("params"); declared != document.end())
    binding.declare(*declared);
  binding.give(given);
  binding.require_all();
  BoundDocument bound{Json::object(), {}};
  for (const auto& [key, member] : document.items()) {
    if (key == "params") continue;
    auto value = binding.replace(member, "/" + pointer_segment(key));
    if (value) append(bound.document, key, *std::move(value));
  }
  bound.holes = binding.take_holes();
  return bound;
}

Json bind_parameters(const Json& document, const Json& given, std::vector<Fault>& faults) {
  return bind_with_holes(document, given, faults).document;
}

bool is_in_hole(const std::string& pointer, const std::vector<std::string>& holes) {
  return std::any_of(holes.begin(), holes.end(), [&](const std::string& hole) {
    return pointer.compare(0, hole.size(), hole) == 0 &&
           (pointer.size() == hole.size() || pointer[hole.size()] == '/');
  });
}

}  // namespace millrace
