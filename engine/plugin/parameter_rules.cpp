#include "engine/plugin/parameter_rules.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "engine/base/json_numbers.hpp"
#include "engine/plugin/nearest.hpp"
#include "engine/plugin/parameter_pattern.hpp"
#include "engine/plugin/parameter_value.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

using Kind = ParameterRule::Type;

constexpr std::array<std::pair<std::string_view, Kind>, 8> kTypeWords{{
    {"any", Kind::Any},
    {"boolean", Kind::Boolean},
    {"integer", Kind::Integer},
    {"number", Kind::Number},
    {"string", Kind::String},
    {"uri", Kind::Uri},
    {"array", Kind::Array},
    {"object", Kind::Object},
}};

// Which members a declaration may have, and with which types of value.
struct Member {
  std::string_view name;
  bool (*belongs)(Kind type);
};

bool to_all(Kind) { return true; }
bool to_numbers(Kind type) { return type == Kind::Number || type == Kind::Integer; }
bool to_texts(Kind type) { return type == Kind::String || type == Kind::Uri; }
bool to_uris(Kind type) { return type == Kind::Uri; }
bool to_arrays(Kind type) { return type == Kind::Array; }
bool to_objects(Kind type) { return type == Kind::Object; }
bool to_any(Kind type) { return type == Kind::Any; }

constexpr std::array<Member, 22> kMembers{{
    {"type", to_all},
    {"default", to_all},
    {"doc", to_all},
    {"unit", to_all},
    {"enum", to_all},
    {"mandatory", to_all},
    {"minimum", to_numbers},
    {"maximum", to_numbers},
    {"exclusiveMinimum", to_numbers},
    {"exclusiveMaximum", to_numbers},
    {"minLength", to_texts},
    {"maxLength", to_texts},
    {"pattern", to_texts},
    {"access", to_uris},
    {"form", to_uris},
    {"items", to_arrays},
    {"minItems", to_arrays},
    {"maxItems", to_arrays},
    {"properties", to_objects},
    {"required", to_objects},
    {"additionalProperties", to_objects},
    {"anyOf", to_any},
}};

Result<ParameterRule> read_rule(std::string_view name, const Json& declaration);

Error bad(std::string_view member, std::string_view wanted) {
  return Error{Code::DataInvalid, "\"" + std::string{member} + "\" must be " + std::string{wanted}};
}

Result<void> read_bound(const Json& declaration, const char* member, std::optional<double>& bound) {
  const auto found = declaration.find(member);
  if (found == declaration.end()) return {};
  bound = exact_number(*found);
  if (!bound) return bad(member, "a number that 64 bits with a fraction keep");
  return {};
}

Result<void> read_size(const Json& declaration, const char* member,
                       std::optional<std::size_t>& size) {
  const auto found = declaration.find(member);
  if (found == declaration.end()) return {};
  const auto whole = whole_number(*found);
  if (!whole || *whole < 0) return bad(member, "a whole number, 0 or more");
  size = static_cast<std::size_t>(*whole);
  return {};
}

Result<void> read_text(const Json& declaration, const char* member, std::string& text) {
  const auto found = declaration.find(member);
  if (found == declaration.end()) return {};
  if (!found->is_string()) return bad(member, "a string");
  text = found->get<std::string>();
  return {};
}

Result<void> check_members(const Json& declaration, Kind type) {
  for (const auto& [key, value] : declaration.items()) {
    const auto* known =
        std::find_if(kMembers.begin(), kMembers.end(),
                     [&, &name = key](const Member& member) { return member.name == name; });
    if (known == kMembers.end()) {
      std::vector<std::string_view> names;
      for (const auto& member : kMembers) names.push_back(member.name);
      const auto nearest = nearest_name(key, names);
      return Error{Code::DataInvalid,
                   "unknown member \"" + key + "\"" +
                       (nearest.empty() ? "" : "; did you mean \"" + std::string{nearest} + "\"?")};
    }
    if (!known->belongs(type)) {
      return Error{Code::DataInvalid,
                   "\"" + key + "\" does not belong to the type " + std::string{to_string(type)}};
    }
  }
  return {};
}

Result<void> read_array_part(const Json& declaration, ParameterRule& rule) {
  MR_CHECK(read_size(declaration, "minItems", rule.min_items));
  MR_CHECK(read_size(declaration, "maxItems", rule.max_items));
  if (const auto items = declaration.find("items"); items != declaration.end()) {
    auto read = read_rule("", *items);
    if (!read.ok()) return read.error().within("items");
    rule.items = std::make_shared<const ParameterRule>(*std::move(read));
  }
  return {};
}

Result<void> read_object_part(const Json& declaration, ParameterRule& rule) {
  if (const auto found = declaration.find("properties"); found != declaration.end()) {
    if (!found->is_object()) return bad("properties", "an object");
    for (const auto& [key, value] : found->items()) {
      auto read = read_rule(key, value);
      if (!read.ok()) return read.error().within(key);
      rule.properties.push_back(*std::move(read));
    }
    rule.is_open = false;
  }
  if (const auto found = declaration.find("required"); found != declaration.end()) {
    if (!found->is_array()) return bad("required", "an array of names of properties");
    std::unordered_map<std::string_view, ParameterRule*> properties;
    for (auto& property : rule.properties) properties.emplace(property.name, &property);
    for (const auto& name : *found) {
      const auto property =
          name.is_string() ? properties.find(name.get_ref<const std::string&>()) : properties.end();
      if (property == properties.end()) return bad("required", "an array of names of properties");
      property->second->is_mandatory = true;
    }
  }
  if (const auto found = declaration.find("additionalProperties"); found != declaration.end()) {
    if (found->is_boolean()) {
      rule.is_open = found->get<bool>();
    } else {
      auto read = read_rule("", *found);
      if (!read.ok()) return read.error().within("additionalProperties");
      rule.is_open = true;
      rule.additional = std::make_shared<const ParameterRule>(*std::move(read));
    }
  }
  return {};
}

bool holds_alternatives(const ParameterRule& rule) {
  const auto& members = rule.properties;
  return !rule.any_of.empty() || (rule.items && holds_alternatives(*rule.items)) ||
         (rule.additional && holds_alternatives(*rule.additional)) ||
         std::any_of(members.begin(), members.end(), holds_alternatives);
}

Result<void> read_any_part(const Json& declaration, ParameterRule& rule) {
  const auto found = declaration.find("anyOf");
  if (found == declaration.end()) return {};
  if (!found->is_array() || found->empty() || found->size() > ParameterRule::kMostAlternatives)
    return bad("anyOf",
               fmt::format("an array of 1 to {} declarations", ParameterRule::kMostAlternatives));
  for (const auto& one : *found) {
    auto read = read_rule("", one);
    if (!read.ok()) return read.error().within("anyOf");
    if (holds_alternatives(*read)) return bad("anyOf", "in no other");
    rule.any_of.push_back(*std::move(read));
  }
  return {};
}

Result<void> read_text_part(const Json& declaration, ParameterRule& rule) {
  MR_CHECK(read_size(declaration, "minLength", rule.min_length));
  MR_CHECK(read_size(declaration, "maxLength", rule.max_length));
  std::string pattern, access = "read", form = "object";
  MR_CHECK(read_text(declaration, "pattern", pattern));
  if (!pattern.empty()) {
    MR_TRY(rule.pattern, ParameterPattern::compile(pattern));
  }
  MR_CHECK(read_text(declaration, "access", access));
  MR_CHECK(read_text(declaration, "form", form));
  if (access != "read" && access != "write") return bad("access", "\"read\" or \"write\"");
  if (form != "object" && form != "prefix") return bad("form", "\"object\" or \"prefix\"");
  rule.is_written = access == "write";
  rule.is_prefix = form == "prefix";
  return {};
}

Result<void> read_default(const Json& declaration, ParameterRule& rule) {
  if (const auto found = declaration.find("mandatory"); found != declaration.end()) {
    if (!found->is_boolean()) return bad("mandatory", "true or false");
    rule.is_mandatory = found->get<bool>();
  }
  const auto found = declaration.find("default");
  if (found == declaration.end() || found->is_null()) return {};
  if (rule.is_mandatory)
    return Error{Code::DataInvalid, "a mandatory parameter cannot have a default"};
  Json value = *found;
  std::vector<Fault> faults;
  ValueChecker{nullptr, faults}.check(rule, value);
  if (!faults.empty()) {
    return Error{Code::DataInvalid, "the default breaks the declaration: default" +
                                        faults.front().pointer + " " + faults.front().message};
  }
  rule.fallback = std::move(value);
  return {};
}

Result<ParameterRule> read_rule(std::string_view name, const Json& declaration) {
  if (!declaration.is_object()) return Error{Code::DataInvalid, "a declaration must be an object"};
  ParameterRule rule;
  rule.name = name;
  const auto type = declaration.find("type");
  if (type == declaration.end()) return Error{Code::DataInvalid, "\"type\" is missing"};
  const auto* word = std::find_if(kTypeWords.begin(), kTypeWords.end(),
                                  [&](const auto& known) { return *type == known.first; });
  if (word == kTypeWords.end()) {
    return bad("type", "one of any, boolean, integer, number, string, uri, array, object");
  }
  rule.type = word->second;
  MR_CHECK(check_members(declaration, rule.type));
  MR_CHECK(read_text(declaration, "doc", rule.doc));
  MR_CHECK(read_text(declaration, "unit", rule.unit));
  MR_CHECK(read_bound(declaration, "minimum", rule.minimum));
  MR_CHECK(read_bound(declaration, "maximum", rule.maximum));
  MR_CHECK(read_bound(declaration, "exclusiveMinimum", rule.exclusive_minimum));
  MR_CHECK(read_bound(declaration, "exclusiveMaximum", rule.exclusive_maximum));
  if (const auto choices = declaration.find("enum"); choices != declaration.end()) {
    if (!choices->is_array() || choices->empty())
      return bad("enum", "an array with at least one value");
    if (choices->size() > ParameterRule::kMostChoices)
      return bad("enum",
                 fmt::format("an array of {} values at the most", ParameterRule::kMostChoices));
    rule.choices.assign(choices->begin(), choices->end());
  }
  if (rule.type == Kind::String || rule.type == Kind::Uri)
    MR_CHECK(read_text_part(declaration, rule));
  if (rule.type == Kind::Array) MR_CHECK(read_array_part(declaration, rule));
  if (rule.type == Kind::Object) MR_CHECK(read_object_part(declaration, rule));
  if (rule.type == Kind::Any) MR_CHECK(read_any_part(declaration, rule));
  MR_CHECK(read_default(declaration, rule));
  return rule;
}

}  // namespace

std::string_view to_string(ParameterRule::Type type) {
  for (const auto& [word, known] : kTypeWords) {
    if (known == type) return word;
  }
  return "any";
}

Result<std::shared_ptr<const ParameterRules>> ParameterRules::read(const Json& declaration) {
  if (!declaration.is_object()) {
    return Error{Code::DataInvalid, "params must be an object: name -> declaration"};
  }
  auto rules = std::make_shared<ParameterRules>();
  rules->rules_.reserve(declaration.size());
  for (const auto& [name, member] : declaration.items()) {
    auto rule = read_rule(name, member);
    if (!rule.ok()) return rule.error().within("parameter \"" + name + "\"");
    rules->rules_.push_back(*std::move(rule));
  }
  return std::shared_ptr<const ParameterRules>{std::move(rules)};
}

const ParameterRule* ParameterRules::find(std::string_view name) const {
  const auto found = std::find_if(rules_.begin(), rules_.end(),
                                  [&](const auto& rule) { return rule.name == name; });
  return found == rules_.end() ? nullptr : &*found;
}

}  // namespace millrace
