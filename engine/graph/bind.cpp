#include "engine/graph/bind.hpp"

#include <algorithm>

#include "engine/base/json_members.hpp"
#include "engine/base/utf8.hpp"
#include "engine/graph/pointer.hpp"
#include "engine/graph/suggestion.hpp"
#include "engine/plugin/parameter_rules.hpp"
#include "engine/plugin/parameter_value.hpp"

#include <fmt/format.h>

namespace millrace {
// --- declarations ---

namespace {

// Takes a member that is true or false out of a declaration. Returns whether it is such a member.
bool take_flag(Json& rule, const char* name, bool& flag) {
  const auto found = rule.find(name);
  if (found == rule.end()) return true;
  if (!found->is_boolean()) return false;
  flag = found->get<bool>();
  rule.erase(name);
  return true;
}

// Takes out what declarations of an operator do not have. Returns what is wrong with it.
std::string_view read_sealing(Json& rule, Declarations::Parameter& parameter) {
  if (!rule.is_object()) return {};
  if (!take_flag(rule, "secret", parameter.is_secret)) return "\"secret\" must be true or false";
  if (!take_flag(rule, "file", parameter.is_file)) return "\"file\" must be true or false";
  if (parameter.is_secret && rule.contains("default"))
    return "a secret parameter has no default but null: the pipeline is no place for it";
  return {};
}

}  // namespace

Declarations::Declarations(const Json& document, FaultList& faults) {
  const auto declared = document.find("params");
  if (declared == document.end()) return;
  if (!declared->is_object()) {
    faults.add("param_declaration", "/params",
               "\"params\" must be an object: name to {type, default, doc}");
    return;
  }
  for (const auto& [name, declaration] : declared->items()) {
    Parameter parameter;
    parameter.place = names_.size();
    auto rule = declaration;
    if (rule.is_object() && rule.contains("default") && rule.at("default").is_null()) {
      parameter.is_optional = true;
      rule.erase("default");
    }
    const auto wrong = read_sealing(rule, parameter);
    Json alone = Json::object();
    append_member(alone, name, std::move(rule));
    if (!wrong.empty()) {
      faults.add("param_declaration", "/params/" + pointer_segment(name), std::string{wrong});
    } else if (auto rules = ParameterRules::read(alone); rules.ok()) {
      parameter.rules = *std::move(rules);
      parameter.fallback = parameter.rules->all().front().fallback;
    } else {
      faults.add("param_declaration", "/params/" + pointer_segment(name), rules.error().message);
    }
    names_.push_back(all_.insert_or_assign(name, std::move(parameter)).first->first);
  }
}

const Declarations::Parameter* Declarations::find(std::string_view name) const {
  const auto found = all_.find(name);
  return found == all_.end() ? nullptr : &found->second;
}

// --- binding ---

Binding::Binding(const Declarations& declared, const Json& given, FaultList& faults)
    : declared_{declared}, faults_{faults}, values_(declared.names().size()) {
  for (const auto name : declared_.names()) {
    const auto& parameter = *declared_.find(name);
    auto& value = values_[parameter.place];
    value.is_bad = parameter.rules == nullptr;
    if (parameter.fallback) value.given = &*parameter.fallback;
  }
  give(given);
  require_all();
}

void Binding::give(const Json& given) {
  if (given.is_null()) return;
  if (!given.is_object()) {
    faults_.add("param_type", "/params", "the given parameters must be an object: name to value");
    return;
  }
  for (const auto& [name, value] : given.items()) {
    const auto* parameter = declared_.find(name);
    if (parameter == nullptr) {
      faults_.add("param_undeclared", "/params",
                  fmt::format("the pipeline has no parameter \"{}\"{}", printable(name, 60),
                              suggestions_.of(name, declared_.names())));
      continue;
    }
    auto& slot = values_[parameter->place];
    if (slot.is_bad || (value.is_null() && parameter->is_optional)) continue;
    slot.is_bad = !check(*parameter, name, value, slot.checked);
    slot.given = &slot.checked;
  }
}

void Binding::require_all() {
  for (const auto name : declared_.names()) {
    const auto& parameter = *declared_.find(name);
    auto& slot = values_[parameter.place];
    if (slot.given != nullptr || parameter.is_optional || slot.is_bad) continue;
    slot.is_bad = true;
    faults_.add("param_missing", "/params/" + pointer_segment(name),
                fmt::format("parameter \"{}\" has no default and was not given", name));
  }
}

// Checks a value as an operator's parameter is checked, but for addresses: their rights belong to
// the node that uses them.
bool Binding::check(const Declarations::Parameter& parameter, std::string_view name,
                    const Json& given, Json& checked) {
  std::vector<Fault> found;
  Json alone = Json::object();
  append_member(alone, name, given);
  Json members = Json::object();
  ValueChecker{nullptr, found}.check_members(parameter.rules->all(), nullptr, alone, members);
  constexpr std::string_view kPrefix = "parameter_";
  for (auto& fault : found) {
    const bool is_ours = fault.kind.compare(0, kPrefix.size(), kPrefix) == 0;
    const auto kind = is_ours ? "param_" + fault.kind.substr(kPrefix.size()) : fault.kind;
    if (parameter.is_secret) {
      faults_.add(kind, "/params/" + pointer_segment(name),
                  fmt::format("the value of the secret parameter \"{}\" is not what its "
                              "declaration asks for",
                              name));
    } else {
      faults_.add(kind, "/params" + fault.pointer, std::move(fault.message));
    }
  }
  // A null that is not optional stays as it was given.
  checked = found.empty() && members.size() == 1 ? std::move(members.begin().value()) : given;
  return found.empty();
}

std::string Binding::Place::pointer() const {
  if (above == nullptr) return {};
  return above->pointer() + '/' +
         (member.data() == nullptr ? std::to_string(element) : pointer_segment(member));
}

std::optional<Json> Binding::replace(const Json& value, const Place& place) {
  if (value.is_array()) {
    Json copy = Json::array();
    for (const auto& element : value) {
      if (!element.is_structured()) {
        copy.push_back(element);
      } else if (element.is_object() && element.contains("$each")) {
        splice(element, place, copy);
      } else if (auto replaced = replace(element, {.above = &place, .element = copy.size()})) {
        copy.push_back(*std::move(replaced));
      }
    }
    return copy;
  }
  if (!value.is_object()) return value;
  if (value.contains("$param")) return use(value, place);
  if (value.contains("$each")) {
    faults_.add(
        "param_use", place.pointer(),
        "the elements of a list are put into another one: {\"$each\": \"name\"} stands in an "
        "array");
    return hole(place);
  }
  Json copy = Json::object();
  for (const auto& [key, member] : value.get_ref<const Json::object_t&>()) {
    if (!member.is_structured()) {
      append_member(copy, key, member);
    } else if (auto replaced = replace(member, {.above = &place, .member = key})) {
      append_member(copy, key, *std::move(replaced));
    }
  }
  return copy;
}

const Declarations::Parameter* Binding::used(const Json& value, const char* mark,
                                             const Place& place) {
  const auto& name = value.at(mark);
  if (value.size() != 1 || !name.is_string()) {
    faults_.add(
        "param_use", place.pointer(),
        fmt::format("a parameter is used as {{\"{}\": \"name\"}}, without other members", mark));
    return nullptr;
  }
  const auto& word = name.get_ref<const std::string&>();
  const auto* parameter = declared_.find(word);
  if (parameter == nullptr) {
    faults_.add("param_undeclared", place.pointer(),
                fmt::format("parameter \"{}\" is used but not declared under \"params\"{}",
                            printable(word, 60), suggestions_.of(word, declared_.names())));
    return nullptr;
  }
  return values_[parameter->place].is_bad ? nullptr : parameter;
}

bool Binding::has_room(Value& value, const Place& place) {
  if (value.bytes == 0) value.bytes = bytes_of(*value.given);
  bytes_ += value.bytes;
  if (bytes_ <= kMostBytes) return true;
  faults_.add("param_size", place.pointer(),
              fmt::format("the values of parameters take more than {} MiB in all the places where "
                          "they are used",
                          kMostBytes >> 20));
  return false;
}

bool Binding::is_sealed(const Declarations::Parameter& parameter) const {
  const auto& value = values_[parameter.place];
  const bool is_given = value.given == &value.checked;  // a default is in the pipeline
  return parameter.is_secret || (parameter.is_file && is_given);
}

std::optional<Json> Binding::use(const Json& value, const Place& place) {
  const auto* parameter = used(value, "$param", place);
  if (parameter == nullptr) return hole(place);
  auto& slot = values_[parameter->place];
  if (slot.given == nullptr) return std::nullopt;
  if (!has_room(slot, place)) return hole(place);
  if (is_sealed(*parameter))
    sealed_.push_back(
        {place.pointer(), value.at("$param").get<std::string>(), parameter->is_secret});
  return *slot.given;
}

void Binding::splice(const Json& value, const Place& list, Json& copy) {
  const Place first{.above = &list, .element = copy.size()};
  const auto* parameter = used(value, "$each", first);
  auto* slot = parameter == nullptr ? nullptr : &values_[parameter->place];
  if (slot != nullptr && slot->given == nullptr) return;
  const bool is_list = slot != nullptr && slot->given->is_array();
  if (slot != nullptr && !is_list)
    faults_.add("param_use", first.pointer(), "\"$each\" is for parameters that are arrays");
  if (!is_list || !has_room(*slot, first)) return copy.push_back(hole(first));
  for (const Json& element : *slot->given) {
    const Place place{.above = &list, .element = copy.size()};
    if (is_sealed(*parameter))
      sealed_.push_back(
          {place.pointer(), value.at("$each").get<std::string>(), parameter->is_secret});
    copy.push_back(element);
  }
}

Json Binding::hole(const Place& place) {
  if (holes_.size() <= kMostHoles) holes_.push_back(place.pointer());
  return Json{};
}

// --- whole documents ---

BoundDocument bind_with_holes(const Json& document, const Json& given, std::vector<Fault>& faults) {
  if (!document.is_object()) return {document, {}};
  FaultList list{faults};
  const Declarations declared{document, list};
  Binding binding{declared, given, list};
  const Binding::Place top;
  BoundDocument bound{Json::object(), {}};
  for (const auto& [key, member] : document.items()) {
    if (key == "params") continue;
    auto value = binding.replace(member, {.above = &top, .member = key});
    if (value) append_member(bound.document, key, *std::move(value));
  }
  bound.holes = binding.take_holes();
  bound.sealed = binding.take_sealed();
  return bound;
}

Json bind_parameters(const Json& document, const Json& given, std::vector<Fault>& faults) {
  return bind_with_holes(document, given, faults).document;
}

bool is_in_hole(const std::string& pointer, const std::vector<std::string>& holes) {
  if (holes.size() > kMostHoles) return true;
  return std::any_of(holes.begin(), holes.end(), [&](const std::string& hole) {
    return pointer.compare(0, hole.size(), hole) == 0 &&
           (pointer.size() == hole.size() || pointer[hole.size()] == '/');
  });
}

}  // namespace millrace
