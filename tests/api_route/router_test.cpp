#include "api/route/router.hpp"

#include <catch2/catch.hpp>

using namespace millrace;
using api::Router;
using http::Method;
using Kind = api::Router::Match::Kind;

namespace {

Router sample() {
  Router router;
  const std::vector<std::pair<Method, std::string_view>> routes{{Method::Get, "/jobs"},
                                                                {Method::Post, "/jobs"},
                                                                {Method::Get, "/jobs/{id}"},
                                                                {Method::Get, "/jobs/latest"},
                                                                {Method::Post, "/jobs/{id}/abort"},
                                                                {Method::Get, "/a/{x}/b/{y}"},
                                                                {Method::Delete, "/a/{x}/b/last"},
                                                                {Method::Get, "/docs/"},
                                                                {Method::Get, "/"}};
  for (std::size_t i = 0; i < routes.size(); ++i)
    REQUIRE(router.add(routes[i].first, routes[i].second, i).ok());
  return router;
}

Router::Match match(const Router& router, Method method, std::string_view path,
                    Router::Leniency leniency = {.head = true, .missing_slash = true}) {
  return router.match(method, path, leniency);
}

}  // namespace

TEST_CASE("paths are found with the values of their names", "[route][router]") {
  const auto router = sample();
  CHECK(match(router, Method::Get, "/jobs").number == 0);
  CHECK(match(router, Method::Post, "/jobs").number == 1);
  const auto one = match(router, Method::Get, "/jobs/7");
  CHECK(one.kind == Kind::Found);
  CHECK(one.number == 2);
  CHECK(one.values == Router::Values{{"id", "7"}});
  const auto two = match(router, Method::Get, "/a/1 2/b/ä");
  CHECK(two.number == 5);
  CHECK(two.values == Router::Values{{"x", "1 2"}, {"y", "ä"}});
  CHECK(match(router, Method::Get, "/").number == 8);
}

TEST_CASE("a literal segment goes before a name, and a name still serves other methods",
          "[route][router]") {
  const auto router = sample();
  CHECK(match(router, Method::Get, "/jobs/latest").number == 3);
  CHECK(match(router, Method::Get, "/a/1/b/last").number == 5);
  CHECK(match(router, Method::Delete, "/a/1/b/last").number == 6);
  CHECK(match(router, Method::Get, "/jobs/latest/abort").kind == Kind::WrongMethod);
  CHECK(match(router, Method::Post, "/jobs/latest/abort").values ==
        Router::Values{{"id", "latest"}});
}

TEST_CASE("paths are exact", "[route][router]") {
  const auto router = sample();
  for (const auto* path : {"/jobs/", "/Jobs", "jobs", "", "//jobs", "/jobs//abort",
                           "/jobs/7/abort/", "*", "/a/1/b", "/a//b/2"})
    CHECK(match(router, Method::Get, path).kind == Kind::UnknownPath);
}

TEST_CASE("a path that ends in a slash is served without it too", "[route][router]") {
  const auto router = sample();
  CHECK(match(router, Method::Get, "/docs/").number == 7);
  CHECK(match(router, Method::Get, "/docs").number == 7);
  CHECK(match(router, Method::Post, "/docs").kind == Kind::WrongMethod);
  CHECK(match(router, Method::Get, "/docs", {.head = true}).kind == Kind::UnknownPath);
}

TEST_CASE("a number in a path is decimal digits, and goes before a name", "[route][router]") {
  Router router;
  REQUIRE(router.add(Method::Get, "/models/{id:int}/", 0).ok());
  REQUIRE(router.add(Method::Get, "/models/{name}/", 1).ok());
  REQUIRE(router.add(Method::Delete, "/tags/{id:int}/", 2).ok());
  CHECK(match(router, Method::Get, "/models/7/").values == Router::Values{{"id", "7"}});
  CHECK(match(router, Method::Get, "/models/7x/").values == Router::Values{{"name", "7x"}});
  CHECK(match(router, Method::Delete, "/tags/000000000000000007").number == 2);
  for (const auto* path : {"/tags/abc/", "/tags/-1/", "/tags/+1/", "/tags/1.0/",
                           "/tags/0000000000000000007/", "/tags//"})
    CHECK(match(router, Method::Delete, path).kind == Kind::UnknownPath);
}

TEST_CASE("a known path with another method tells which methods there are", "[route][router]") {
  const auto router = sample();
  const auto known = match(router, Method::Delete, "/jobs");
  CHECK(known.kind == Kind::WrongMethod);
  CHECK(known.allowed == std::vector{Method::Get, Method::Post});
}

TEST_CASE("HEAD is answered by the route of GET", "[route][router]") {
  const auto router = sample();
  CHECK(match(router, Method::Head, "/jobs/7").number == 2);
  CHECK(match(router, Method::Head, "/jobs/7/abort").kind == Kind::WrongMethod);
  CHECK(match(router, Method::Head, "/jobs/7", {}).kind == Kind::WrongMethod);
}

TEST_CASE("routes that cannot be told apart are refused", "[route][router]") {
  auto router = sample();
  CHECK(router.add(Method::Get, "/jobs/{other}", 99).error().code == Code::Conflict);
  CHECK(router.add(Method::Get, "/jobs", 99).error().code == Code::Conflict);
  CHECK(router.add(Method::Get, "relative", 99).error().code == Code::InvalidArgument);
  CHECK(router.add(Method::Put, "/jobs/{other}", 99).ok());
}
