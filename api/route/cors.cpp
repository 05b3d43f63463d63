#include "api/route/cors.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace millrace::api {

namespace {

bool is_listed(const Cors& cors, std::string_view text) {
  const auto origin = http::read_origin(text);
  if (!origin) return false;
  return std::any_of(cors.listed.begin(), cors.listed.end(), [&](const std::string& allowed) {
    const auto other = http::read_origin(allowed);
    return other && http::is_same_origin(*other, *origin);
  });
}

/// Returns what Access-Control-Allow-Origin says; nothing: the page may not read the answer.
std::optional<std::string> allowed_origin(const Cors& cors, const http::Request& request) {
  const auto origin = request.headers.find("Origin");
  switch (cors.origins) {
    case Cors::Origins::None:
      return std::nullopt;
    case Cors::Origins::All:
      return "*";
    case Cors::Origins::Allowed:
      if (request.is_foreign) return std::nullopt;
      return origin ? std::string{*origin} : "*";
    case Cors::Origins::Listed:
      if (!origin || !is_listed(cors, *origin)) return std::nullopt;
      return std::string{*origin};
  }
  return std::nullopt;
}

}  // namespace

void add_cors(const Cors& cors, const http::Request& request, http::Response& response) {
  const auto add = [&response](const char* name, std::string value) {
    response.headers.emplace_back(name, std::move(value));
  };
  // A cache keeps the answers for pages of different origins apart.
  const bool differs = (cors.origins == Cors::Origins::Allowed && request.headers.find("Origin")) ||
                       cors.origins == Cors::Origins::Listed;
  if (differs) add("Vary", "Origin");
  auto origin = allowed_origin(cors, request);
  if (!origin) return;
  add("Access-Control-Allow-Origin", *std::move(origin));
  if (request.method != http::Method::Options && !cors.tells_always) return;
  if (!cors.methods.empty()) add("Access-Control-Allow-Methods", cors.methods);
  if (!cors.headers.empty()) {
    add("Access-Control-Allow-Headers", cors.headers);
  } else if (const auto wanted = request.headers.find("Access-Control-Request-Headers")) {
    add("Access-Control-Allow-Headers", std::string{*wanted});
  }
  if (cors.max_age.count() > 0) add("Access-Control-Max-Age", std::to_string(cors.max_age.count()));
}

}  // namespace millrace::api
