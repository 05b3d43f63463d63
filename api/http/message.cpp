#include "api/http/message.hpp"

#include <algorithm>
#include <array>

#include "engine/base/ascii.hpp"

namespace millrace::http {

namespace {

constexpr std::array<std::pair<Method, std::string_view>, 7> kMethods{
    {{Method::Get, "GET"},
     {Method::Head, "HEAD"},
     {Method::Post, "POST"},
     {Method::Put, "PUT"},
     {Method::Patch, "PATCH"},
     {Method::Delete, "DELETE"},
     {Method::Options, "OPTIONS"}}};

std::optional<std::string_view> find_first(
    const std::vector<std::pair<std::string, std::string>>& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs)
    if (key == name) return value;
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Method method) {
  for (const auto& [known, word] : kMethods)
    if (known == method) return word;
  return "GET";
}

std::optional<Method> read_method(std::string_view word) {
  for (const auto& [known, name] : kMethods)
    if (name == word) return known;
  return std::nullopt;
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const auto& [key, value] : fields_)
    if (equal_without_case(key, name)) return value;
  return std::nullopt;
}

std::string_view Headers::get(std::string_view name, std::string_view fallback) const {
  return find(name).value_or(fallback);
}

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(fields_, [&](const auto& field) { return equal_without_case(field.first, name); });
  add(std::string{name}, std::move(value));
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  if (auto found = find_first(query, name)) return found;
  return find_first(path_values, name);
}

std::string_view Request::path_value(std::string_view name) const {
  return find_first(path_values, name).value_or(std::string_view{});
}

std::string Request::origin() const {
  std::string url{is_tls ? "https://" : "http://"};
  url += authority.host.empty() ? "localhost" : authority.text();
  return url;
}

Response Response::json(int status, std::string text) {
  return {
      .status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(text)};
}

Response Response::text(int status, std::string text, std::string_view type) {
  return {
      .status = status, .headers = {{"Content-Type", std::string{type}}}, .body = std::move(text)};
}

}  // namespace millrace::http
