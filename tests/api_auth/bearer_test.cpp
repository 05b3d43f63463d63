#include "api/auth/bearer.hpp"

#include <catch2/catch.hpp>

using namespace millrace;
using auth::BearerFault;

namespace {

// The token; "-" where there is no header, "!" where it is malformed.
std::string read(std::string_view value, std::string_view name = "Authorization") {
  http::Headers headers;
  headers.add("Host", "example.org");
  headers.add(std::string{name}, std::string{value});
  const auto answer = auth::read_bearer(headers);
  if (const auto* token = std::get_if<std::string_view>(&answer)) return std::string{*token};
  return std::get<BearerFault>(answer) == BearerFault::Absent ? "-" : "!";
}

}  // namespace

TEST_CASE("a bearer token stands behind its word, with or without white space",
          "[api][auth][bearer]") {
  CHECK(read("Bearer aA0_.-z") == "aA0_.-z");
  CHECK(read("BearerXYZ") == "XYZ");
  CHECK(read("Bearer \t XYZ") == "XYZ");
  CHECK(read("Bearer XYZ ") == "XYZ");
  CHECK(read("Bearer None") == "None");
  CHECK(read("Bearer: a.b.c") == "a.b.c");
  CHECK(read("Bearer:a.b.c") == "a.b.c");
  CHECK(read("Bearer a.b.c", "authorization") == "a.b.c");
}

TEST_CASE("a header of another form is malformed", "[api][auth][bearer]") {
  for (const auto* value :
       {"",           "Bearer",     "Bearer ",         "Bearer:",    "Bearer: ",
        "bearer x",   "BEARER x",   "bearer: x",       "Basic YTpi", "Token x",
        "x",          "Bearer :x",  "Bearer:: x",      "Bearer a b", "Bearer a,Bearer b",
        "Bearer a=",  "Bearer a+b", "Bearer a/b",      "Bearer a~b", "Bearer \"a\"",
        "Bearer <a>", "Bearer a;b", "Bearer \xc5\xbc", " Bearer x"}) {
    INFO(value);
    CHECK(read(value) == "!");
  }
  CHECK(read(std::string{"Bearer a\0b", 10}) == "!");
}

TEST_CASE("a missing header is told from a malformed one", "[api][auth][bearer]") {
  CHECK(read("Bearer x", "X-Authorization") == "-");
  CHECK(read("Bearer x", "Proxy-Authorization") == "-");
  CHECK(std::get<BearerFault>(auth::read_bearer({})) == BearerFault::Absent);
}
