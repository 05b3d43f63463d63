#include "api/maisie/field_rules.hpp"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "api/maisie/resource.hpp"
#include "api/route/json_text.hpp"
#include "engine/base/json_members.hpp"
#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

class Reader {
 public:
  Reader(const FieldRule& rule, FieldFaults& faults) : rule_{rule}, faults_{faults} {}

  // Returns what the column gets; nothing when that is told as a fault.
  std::optional<Json> read(const Json& value) {
    switch (rule_.kind) {
      case FieldRule::Kind::Text:
        return text(value);
      case FieldRule::Kind::Integer:
        return integer(value);
      case FieldRule::Kind::Flag:
        return Json(value.is_boolean() ? value.get<bool>() : flag_of(value));
      case FieldRule::Kind::Dictionary:
        return dictionary(value);
      case FieldRule::Kind::Names:
        return names(value);
    }
    return std::nullopt;
  }

 private:
  std::optional<Json> fault(std::string message) {
    faults_.add(rule_.name, std::move(message));
    return std::nullopt;
  }

  std::optional<Json> text(const Json& value) {
    const auto text = text_of(value);
    if (!text) {
      if (rule_.is_required) return fault("must not be null");
      return Json(nullptr);
    }
    if (!is_utf8(*text)) return fault("is not UTF-8");
    if (text->find('\0') != std::string::npos) return fault("holds a NUL character");
    if (rule_.longest > 0 && code_points(*text) > rule_.longest)
      return fault(fmt::format("is longer than {} characters", rule_.longest));
    return Json(*text);
  }

  std::optional<Json> integer(const Json& value) {
    const auto read = integer_of(value);
    if (const auto* number = std::get_if<std::int64_t>(&read)) return Json(*number);
    return fault(std::get<std::string>(read));
  }

  std::optional<Json> dictionary(const Json& value) {
    if (value.is_null()) return Json::object();
    if (value.is_object()) return value;
    if (!value.is_string()) return fault("must be a JSON object");
    auto parsed = api::read_text(value.get_ref<const std::string&>());
    if (!parsed.ok()) return fault("is not JSON: " + parsed.error().message);
    if (!parsed->is_object()) return fault("must be a JSON object");
    return *std::move(parsed);
  }

  std::optional<Json> names(const Json& value) {
    Json names = Json::array();
    std::unordered_set<std::string> seen;
    const auto add = [&](std::string_view name) {
      const auto begin = name.find_first_not_of(" \t\r\n");
      if (begin == std::string_view::npos) return;
      name = name.substr(begin, name.find_last_not_of(" \t\r\n") - begin + 1);
      if (seen.emplace(name).second) names.push_back(name);
    };
    if (value.is_array()) {
      for (const auto& each : value) add(text_of(each).value_or(""));
    } else {
      for (const auto& name : split_names(text_of(value).value_or(""))) add(name);
    }
    for (const auto& name : names) {
      if (rule_.longest > 0 && code_points(name.get_ref<const std::string&>()) > rule_.longest)
        return fault(fmt::format("has a name of more than {} characters", rule_.longest));
    }
    return names;
  }

  const FieldRule& rule_;
  FieldFaults& faults_;
};

// Of a change: members of `payload`, an object or the text of one.
void unpack_payload(Fields& fields, FieldFaults& faults) {
  auto payload = fields.find("payload");
  if (!payload || payload->is_null()) return;
  if (payload->is_string()) {
    auto parsed = api::read_text(payload->get_ref<const std::string&>());
    if (!parsed.ok()) return faults.add("payload", "is not JSON: " + parsed.error().message);
    payload = *std::move(parsed);
  }
  if (!payload->is_object()) return faults.add("payload", "must be a JSON object");
  fields.put_first(*payload);
}

}  // namespace

std::variant<Json, api::Refusal> read_columns(Fields fields, std::span<const FieldRule> rules,
                                              bool is_new) {
  FieldFaults faults;
  if (!is_new) unpack_payload(fields, faults);
  Json columns = Json::object();
  for (const FieldRule& rule : rules) {
    auto given = fields.find(rule.name);
    if (!given && !rule.also.empty()) given = fields.find(rule.also);
    if (is_new && rule.is_required && (!given || given->is_null())) {
      faults.add(rule.name, std::string{rule.missing});
      continue;
    }
    if (!given) continue;
    if (auto value = Reader{rule, faults}.read(*given))
      append_member(columns, rule.column, *std::move(value));
  }
  if (!faults.empty()) return faults.refusal();
  return columns;
}

}  // namespace millrace::maisie
