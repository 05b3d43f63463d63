#include "api/route/request_schema.hpp"

#include <charconv>
#include <optional>
#include <utility>

#include "api/route/json_text.hpp"
#include "engine/base/json_members.hpp"
#include "engine/plugin/parameter_rules.hpp"
#include "engine/plugin/parameter_value.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

using Rules = std::shared_ptr<const ParameterRules>;

Result<Rules> read_rules(const Json& document, const char* member) {
  const auto found = document.find(member);
  if (found == document.end()) return Rules{};
  auto rules = ParameterRules::read(*found);
  if (!rules.ok()) return rules.error().within(fmt::format("route schema: {}", member));
  return *std::move(rules);
}

Result<Rules> read_body_rules(const Json& document) {
  const auto found = document.find("body");
  if (found == document.end()) return Rules{};
  auto rules = ParameterRules::read(Json{{"body", *found}});
  if (!rules.ok()) return rules.error().within("route schema");
  return *std::move(rules);
}

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Reads text of a path or query as the value that its rule wants; stays text when it cannot be
/// that.
Json value_of(const ParameterRule& rule, std::string_view text) {
  using Type = ParameterRule::Type;
  if (rule.type == Type::Integer) {
    if (const auto number = read_number<std::int64_t>(text)) return *number;
  } else if (rule.type == Type::Number) {
    if (const auto number = read_number<double>(text)) return *number;
  } else if (rule.type == Type::Boolean) {
    if (text == "true" || text == "false") return text == "true";
  }
  return std::string{text};
}

void check_values(const Rules& rules, std::string_view place,
                  const std::vector<std::pair<std::string, std::string>>& values,
                  std::vector<Fault>& faults) {
  if (!rules) return;
  Json given = Json::object();
  for (const auto& rule : rules->all()) {
    for (const auto& [name, text] : values) {
      if (name != rule.name) continue;
      append_member(given, name, value_of(rule, text));
      break;
    }
  }
  std::vector<Fault> found;
  Json checked = Json::object();
  ValueChecker{nullptr, found}.check_members(rules->all(), nullptr, given, checked);
  for (auto& fault : found) {
    fault.pointer.insert(0, place);
    faults.push_back(std::move(fault));
  }
}

}  // namespace

Result<RequestSchema> RequestSchema::read(std::string_view text) {
  RequestSchema schema;
  MR_TRY(schema.document_, read_own(text));
  if (!schema.document_.is_object())
    return Error{Code::DataInvalid, "route schema: must be an object"};
  for (const auto& [name, value] : schema.document_.items()) {
    if (name != "path" && name != "query" && name != "body" && name != "type" &&
        name != "responses")
      return Error{Code::DataInvalid, fmt::format("route schema: unknown member \"{}\"", name)};
  }
  MR_TRY(schema.path_, read_rules(schema.document_, "path"));
  MR_TRY(schema.query_, read_rules(schema.document_, "query"));
  MR_TRY(schema.body_, read_body_rules(schema.document_));
  return schema;
}

std::vector<Fault> RequestSchema::check(const http::Request& request) const {
  std::vector<Fault> faults;
  check_values(path_, "/path", request.path_values, faults);
  check_values(query_, "/query", request.query, faults);
  if (!body_ || document_.contains("type")) return faults;

  Json given = Json::object();
  if (!request.body.empty()) {
    auto body = read_body(request);
    if (!body.ok()) {
      faults.push_back(
          {"json", "", fmt::format("body is not valid JSON: {}", body.error().message)});
      return faults;
    }
    given["body"] = *std::move(body);
  }
  check_given(given, faults);
  return faults;
}

std::vector<Fault> RequestSchema::check_body(const Json& body) const {
  std::vector<Fault> faults;
  if (body_) check_given(Json{{"body", body}}, faults);
  return faults;
}

void RequestSchema::check_given(const Json& given, std::vector<Fault>& faults) const {
  std::vector<Fault> found;
  Json checked = Json::object();
  ValueChecker{nullptr, found}.check_members(body_->all(), nullptr, given, checked);
  constexpr std::string_view kBody = "/body";
  for (auto& fault : found) {
    if (fault.pointer.starts_with(kBody)) fault.pointer.erase(0, kBody.size());
    faults.push_back(std::move(fault));
  }
}

}  // namespace millrace::api
