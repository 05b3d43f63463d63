#include "api/http/conditions.hpp"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <strings.h>

#include "api/http/response_head.hpp"

namespace millrace::http {

namespace {

bool is_named(std::string_view name, std::string_view other) {
  return name.size() == other.size() && ::strncasecmp(name.data(), other.data(), name.size()) == 0;
}

// All values of a field that is a list, as one.
std::optional<std::string> joined(const Headers& headers, std::string_view name) {
  std::optional<std::string> text;
  for (const auto& [key, value] : headers.all()) {
    if (!is_named(key, name)) continue;
    text = text ? *text + "," + value : value;
  }
  return text;
}

// Whether `etag` is among the tags of a list: "*", or "a", W/"b". Tags hold commas, but no quotes.
bool is_listed(std::string_view list, std::string_view etag, bool takes_weak) {
  if (list == "*") return true;
  if (etag.empty()) return false;
  const auto opaque = [](std::string_view tag) {
    return tag.starts_with("W/") ? tag.substr(2) : tag;
  };
  if (!takes_weak && etag.starts_with("W/")) return false;
  while (true) {
    const auto begin = list.find('"');
    if (begin == std::string_view::npos) return false;
    const auto end = list.find('"', begin + 1);
    if (end == std::string_view::npos) return false;
    const bool is_weak = begin >= 2 && list.substr(begin - 2, 2) == "W/";
    const auto tag = list.substr(begin, end + 1 - begin);
    if (tag == opaque(etag) && (takes_weak || !is_weak)) return true;
    list.remove_prefix(end + 1);
  }
}

// The three forms of HTTP-date (RFC 9110, section 5.6.7), in seconds since 1970.
std::optional<std::int64_t> read_date(std::string_view text) {
  const std::string copy{text};
  for (const char* form :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* end = ::strptime(copy.c_str(), form, &parts);
    if (end != nullptr && *end == '\0') return ::timegm(&parts);
  }
  return std::nullopt;
}

// Whether what has this Last-Modified was changed after the date of a field; nothing: that is no
// condition.
std::optional<bool> is_changed_since(std::string_view last_modified, std::string_view field) {
  const auto changed = read_date(last_modified);
  const auto since = read_date(field);
  if (!changed || !since) return std::nullopt;
  return *changed > *since;
}

}  // namespace

Condition check_conditions(const Request& request, const Response& response) {
  if (response.status != 200) return Condition::Met;
  const auto etag = header_of(response, "ETag");
  const auto last_modified = header_of(response, "Last-Modified");
  const auto& headers = request.headers;
  const bool is_read = request.method == Method::Get || request.method == Method::Head;

  if (const auto match = joined(headers, "If-Match")) {
    if (!is_listed(*match, etag, false)) return Condition::Failed;
  } else if (const auto date = headers.find("If-Unmodified-Since")) {
    if (is_changed_since(last_modified, *date).value_or(false)) return Condition::Failed;
  }
  if (const auto none = joined(headers, "If-None-Match")) {
    if (!is_listed(*none, etag, true)) return Condition::Met;
    return is_read ? Condition::NotModified : Condition::Failed;
  }
  const auto date = headers.find("If-Modified-Since");
  if (date && is_read && !is_changed_since(last_modified, *date).value_or(true))
    return Condition::NotModified;
  return Condition::Met;
}

void make_not_modified(Response& response) {
  response.status = 304;
  response.reason.clear();
  response.body = std::string{};
  std::erase_if(response.headers, [](const auto& field) {
    return is_named(field.first, "Content-Type") || is_named(field.first, "Content-Disposition");
  });
}

}  // namespace millrace::http
