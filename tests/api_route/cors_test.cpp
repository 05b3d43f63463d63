#include "api/route/cors.hpp"

#include <map>

#include <catch2/catch.hpp>

#include "api/route/browser_guard.hpp"

using namespace millrace;
using api::Cors;
using http::Method;

namespace {

using Sent = std::map<std::string, std::string>;

Sent sent(const Cors& cors, Method method, std::string_view origin, std::string_view asks = {}) {
  http::Request request;
  request.method = method;
  if (!origin.empty()) request.headers.add("Origin", std::string{origin});
  if (!asks.empty()) request.headers.add("Access-Control-Request-Headers", std::string{asks});
  static_cast<void>(api::BrowserGuard{}.check(request));
  http::Response response;
  api::add_cors(cors, request, response);
  return {response.headers.begin(), response.headers.end()};
}

constexpr const char* kNear = "http://localhost:3000";
constexpr const char* kFar = "https://page.example";

}  // namespace

TEST_CASE("a dialect without CORS says nothing to pages", "[route][cors]") {
  for (const auto* origin : {"", kNear, kFar}) {
    CHECK(sent({}, Method::Get, origin).empty());
    CHECK(sent({}, Method::Options, origin).empty());
  }
}

TEST_CASE("pages that the server allows get their origin back, others nothing", "[route][cors]") {
  const Cors cors{.origins = Cors::Origins::Allowed, .methods = "GET, POST"};
  CHECK(sent(cors, Method::Get, "") == Sent{{"Access-Control-Allow-Origin", "*"}});
  CHECK(sent(cors, Method::Get, kNear) ==
        Sent{{"Access-Control-Allow-Origin", kNear}, {"Vary", "Origin"}});
  CHECK(sent(cors, Method::Get, kFar) == Sent{{"Vary", "Origin"}});
  CHECK(sent(cors, Method::Options, kFar, "authorization") == Sent{{"Vary", "Origin"}});
  CHECK(sent(cors, Method::Options, kNear, "authorization, x-other") ==
        Sent{{"Access-Control-Allow-Origin", kNear},
             {"Vary", "Origin"},
             {"Access-Control-Allow-Methods", "GET, POST"},
             {"Access-Control-Allow-Headers", "authorization, x-other"}});
}

TEST_CASE("of a list, an origin is one scheme, host and port", "[route][cors]") {
  const Cors cors{.origins = Cors::Origins::Listed,
                  .listed = {kNear, "http://localhost:8000"},
                  .methods = "DELETE, GET, OPTIONS, PATCH, POST, PUT",
                  .headers = "accept, authorization",
                  .max_age = std::chrono::seconds{86'400}};
  CHECK(sent(cors, Method::Get, kNear) ==
        Sent{{"Access-Control-Allow-Origin", kNear}, {"Vary", "Origin"}});
  CHECK(sent(cors, Method::Options, kNear, "x-any") ==
        Sent{{"Access-Control-Allow-Origin", kNear},
             {"Vary", "Origin"},
             {"Access-Control-Allow-Methods", "DELETE, GET, OPTIONS, PATCH, POST, PUT"},
             {"Access-Control-Allow-Headers", "accept, authorization"},
             {"Access-Control-Max-Age", "86400"}});
  for (const auto* origin : {"", "http://localhost:3001", "https://localhost:3000", "null", kFar})
    CHECK(sent(cors, Method::Get, origin) == Sent{{"Vary", "Origin"}});
}

TEST_CASE("what is for everybody says the same to all", "[route][cors]") {
  const Cors cors{.origins = Cors::Origins::All,
                  .methods = "OPTIONS, HEAD, GET, POST",
                  .headers = "x-requested-with",
                  .tells_always = true};
  const Sent all{{"Access-Control-Allow-Origin", "*"},
                 {"Access-Control-Allow-Methods", "OPTIONS, HEAD, GET, POST"},
                 {"Access-Control-Allow-Headers", "x-requested-with"}};
  for (const auto* origin : {"", kNear, kFar, "null"})
    CHECK(sent(cors, Method::Get, origin) == all);
}
