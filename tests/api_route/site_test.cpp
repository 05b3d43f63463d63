#include "api/route/site.hpp"

#include "tests/api_route/place.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

api::Dialect named(std::string name) {
  api::Route route{.method = http::Method::Get,
                   .path = "/where",
                   .name = "where",
                   .summary = "",
                   .auth = api::Auth::Open};
  route.direct = [name](const api::DirectCall& call, const http::Reply& reply) {
    reply(http::Response::text(200, name + " " + call.request->prefix + " " + call.request->path));
  };
  auto dialect = sample_dialect({route});
  dialect.name = std::move(name);
  dialect.refuse = [name = dialect.name](const api::Refusal& refusal,
                                         const http::Request& request) {
    return http::Response::text(api::status_of(refusal),
                                name + " refuses " + request.prefix + request.path);
  };
  return dialect;
}

std::string ask(const http::Site& site, std::string path) {
  auto request = std::make_shared<http::Request>();
  request->path = std::move(path);
  std::string answer;
  site.handler(request, [&](http::Response response) { answer = body_of(response); });
  return answer;
}

}  // namespace

TEST_CASE("one listener serves dialects below their names, and one at its root", "[route][site]") {
  Place place;
  REQUIRE(place.look().ok());
  const std::shared_ptr<const api::Mount> root =
      *api::Mount::open(named("main"), *place.surroundings);
  const std::shared_ptr<const api::Mount> other =
      *api::Mount::open(named("other"), *place.surroundings);
  const auto site = api::make_site(root, {other});
  CHECK(ask(site, "/where") == "main  /where");
  CHECK(ask(site, "/other/where") == "other /other /where");
  CHECK(ask(site, "/other") == "other refuses /other/");
  CHECK(ask(site, "/otherwhere") == "main refuses /otherwhere");
  CHECK(ask(site, "/Other/where") == "main refuses /Other/where");
  CHECK(ask(api::make_site(other), "/where") == "other  /where");
  CHECK(ask(api::make_site(other), "/other/where") == "other refuses /other/where");

  const auto refused = [&](std::string path) {
    http::Request request;
    request.path = std::move(path);
    auto text = body_of(site.refused(400, "why", request));
    // The same again for one that has been on its way already.
    CHECK(body_of(site.refused(400, "why", request)) == text);
    return text;
  };
  CHECK(refused("/other/where") == "other refuses /other/where");
  CHECK(refused("/where") == "main refuses /where");
}

TEST_CASE("a dialect without sign-in is not served beyond loopback unless somebody says so",
          "[route][site]") {
  auto dialect = sample_dialect({});
  dialect.requires_sign_in = false;
  for (const auto* address : {"127.0.0.1", "127.8.0.1", "::1", "localhost"})
    CHECK(api::check_exposure(dialect, address, {}).ok());
  const auto refused = api::check_exposure(dialect, "0.0.0.0", {});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("--allow-anonymous") != std::string::npos);
  CHECK(api::check_exposure(dialect, "0.0.0.0", {.require_auth = true}).ok());
  CHECK(api::check_exposure(dialect, "0.0.0.0", {.allow_anonymous = true}).ok());
  dialect.requires_sign_in = true;
  CHECK(api::check_exposure(dialect, "0.0.0.0", {}).ok());
}
