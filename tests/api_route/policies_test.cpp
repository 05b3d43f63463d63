// What a dialect decides about paths, methods and bodies by plain fields.
#include <algorithm>

#include "api/http/response_head.hpp"
#include "tests/api_route/place.hpp"

using namespace millrace;
using namespace millrace::test;
using api::Dialect;
using api::FinalSlash;
using api::Mount;
using api::Route;
using http::Method;

namespace {

Route shown(Method method, std::string path) {
  Route route{.method = method,
              .path = std::move(path),
              .name = "shown",
              .summary = "",
              .auth = api::Auth::Open};
  route.direct = [](const api::DirectCall& call, const http::Reply& reply) {
    reply(http::Response::text(200, std::string{http::to_string(call.request->method)} + " " +
                                        std::string{call.request->path_value("id")}));
  };
  return route;
}

Dialect user_dialect() {
  return sample_dialect({shown(Method::Get, "/users/"), shown(Method::Post, "/users/"),
                         shown(Method::Get, "/users/{id}/"), shown(Method::Delete, "/users/{id}/"),
                         shown(Method::Get, "/plain"), shown(Method::Put, "/plain")});
}

struct Users {
  explicit Users(Dialect dialect) {
    REQUIRE(place.look().ok());
    auto opened = Mount::open(std::move(dialect), *place.surroundings);
    REQUIRE(opened.ok());
    mount = *std::move(opened);
  }

  http::Response ask(Method method, std::string target, std::string prefix = {}) const {
    auto request = std::make_shared<http::Request>();
    request->method = method;
    request->target = prefix + target;
    request->prefix = std::move(prefix);
    request->authority = *http::read_authority("here:1");
    request->path = target.substr(0, target.find('?'));
    std::promise<http::Response> promise;
    mount->handle(std::move(request),
                  [&](http::Response response) { promise.set_value(std::move(response)); });
    return promise.get_future().get();
  }
  [[nodiscard]] int status(Method method, std::string target) const {
    return ask(method, std::move(target)).status;
  }

  Place place;
  std::shared_ptr<Mount> mount;
};

}  // namespace

TEST_CASE("a path without the final slash of its route is served", "[route][policies]") {
  const Users mounted{user_dialect()};
  CHECK(mounted.status(Method::Get, "/users") == 200);
  CHECK(body_of(mounted.ask(Method::Delete, "/users/7")) == "DELETE 7");
  CHECK(mounted.status(Method::Get, "/plain/") == 404);
  CHECK(mounted.status(Method::Put, "/users") == 405);
}

TEST_CASE("a path without the final slash of its route is not known", "[route][policies]") {
  auto dialect = user_dialect();
  dialect.final_slash = FinalSlash::Refuse;
  const Users mounted{std::move(dialect)};
  CHECK(mounted.status(Method::Get, "/users") == 404);
  CHECK(mounted.status(Method::Post, "/users") == 404);
  CHECK(mounted.status(Method::Get, "/users/7") == 404);
  CHECK(mounted.status(Method::Get, "/users/") == 200);
  CHECK(mounted.status(Method::Get, "/plain/") == 404);
}

TEST_CASE("who only reads is moved to the path with the slash for good", "[route][policies]") {
  auto dialect = user_dialect();
  dialect.final_slash = FinalSlash::MovedPermanently;
  const Users mounted{std::move(dialect)};
  const auto moved = mounted.ask(Method::Get, "/users?a=1&b=%20", "/sample");
  CHECK(moved.status == 301);
  CHECK(http::header_of(moved, "Location") == "http://here:1/sample/users/?a=1&b=%20");
  CHECK(http::header_of(moved, "X-Sample") == "1");
  CHECK(mounted.status(Method::Head, "/users/7") == 301);
  CHECK(mounted.status(Method::Post, "/users") == 200);
  CHECK(body_of(mounted.ask(Method::Delete, "/users/7")) == "DELETE 7");
  CHECK(mounted.status(Method::Get, "/plain/") == 404);
  CHECK(mounted.status(Method::Get, "/lost") == 404);
}

TEST_CASE("whoever errs by the final slash is led to the route for now", "[route][policies]") {
  auto dialect = user_dialect();
  dialect.final_slash = FinalSlash::TemporaryRedirect;
  const Users mounted{std::move(dialect)};
  const auto added = mounted.ask(Method::Post, "/users?x=y", "/sample");
  CHECK(added.status == 307);
  CHECK(http::header_of(added, "Location") == "http://here:1/sample/users/?x=y");
  CHECK(http::header_of(mounted.ask(Method::Get, "/plain/"), "Location") == "http://here:1/plain");
  // As soon as the path is that of any route, whatever its method.
  CHECK(mounted.status(Method::Patch, "/users") == 307);
  CHECK(mounted.status(Method::Patch, "/users/") == 405);
  CHECK(mounted.status(Method::Get, "/lost/") == 404);
  CHECK(mounted.status(Method::Get, "/") == 404);
  // All slashes at the end are too many, so none of these is the path of a route.
  CHECK(mounted.status(Method::Get, "/users//") == 404);
  CHECK(mounted.status(Method::Get, "//") == 404);
  CHECK(http::header_of(mounted.ask(Method::Get, "/plain//"), "Location") == "http://here:1/plain");
  // A name in the path comes back as it may stand in an address.
  auto request = std::make_shared<http::Request>();
  request->target = "/users/a%20%C3%A4%3F";
  request->path = "/users/a \xC3\xA4?";
  request->authority = *http::read_authority("here");
  std::string location;
  mounted.mount->handle(request, [&](const http::Response& response) {
    location = http::header_of(response, "Location");
  });
  CHECK(location == "http://here/users/a%20%C3%A4%3F/");
}

TEST_CASE("HEAD is answered as GET, or is a method that there is not", "[route][policies]") {
  auto dialect = user_dialect();
  CHECK(Users{dialect}.status(Method::Head, "/plain") == 200);
  dialect.answers_head = false;
  dialect.routes.push_back(shown(Method::Head, "/page"));
  const Users mounted{std::move(dialect)};
  const auto refused = mounted.ask(Method::Head, "/plain");
  CHECK(refused.status == 405);
  CHECK(http::header_of(refused, "Allow") == "GET, PUT");
  CHECK(mounted.status(Method::Head, "/page") == 200);  // of a route of its own
}

TEST_CASE("a method that there is not may be refused without Allow", "[route][policies]") {
  auto dialect = user_dialect();
  dialect.tells_methods = false;
  const auto refused = Users{std::move(dialect)}.ask(Method::Patch, "/plain");
  CHECK(refused.status == 405);
  CHECK(http::header_of(refused, "Allow").empty());
}

TEST_CASE("Allow names all methods that are answered", "[route][policies]") {
  auto dialect = user_dialect();
  CHECK(http::header_of(Users{dialect}.ask(Method::Patch, "/plain"), "Allow") == "GET, PUT, HEAD");
  CHECK(http::header_of(Users{dialect}.ask(Method::Options, "/users/7/"), "Allow") ==
        "GET, DELETE, HEAD");
  dialect.answers_options = true;
  const Users mounted{std::move(dialect)};
  const auto told = mounted.ask(Method::Options, "/users/7/");
  CHECK(told.status == 200);
  CHECK(body_of(told).empty());
  CHECK(http::header_of(told, "Allow") == "GET, DELETE, HEAD, OPTIONS");
  const auto refused = mounted.ask(Method::Patch, "/plain");
  CHECK(refused.status == 405);
  CHECK(http::header_of(refused, "Allow") == "GET, PUT, HEAD, OPTIONS");
  CHECK(mounted.status(Method::Options, "/lost") == 404);
}

TEST_CASE("a route may tell pages something else than its dialect", "[route][policies][cors]") {
  auto dialect = user_dialect();
  dialect.answers_options = true;
  dialect.cors = {.origins = api::Cors::Origins::Allowed, .methods = "GET, PUT"};
  dialect.routes[4].cors = api::Cors{.origins = api::Cors::Origins::All, .tells_always = true};
  dialect.routes[0].cors = api::Cors{};
  const Users mounted{dialect};
  const auto origin = [&](Method method, std::string path) {
    return std::string{
        http::header_of(mounted.ask(method, std::move(path)), "Access-Control-Allow-Origin")};
  };
  CHECK(origin(Method::Get, "/users/7/") == "*");
  CHECK(origin(Method::Get, "/plain") == "*");
  CHECK(origin(Method::Get, "/users/").empty());
  CHECK(origin(Method::Get, "/lost") == "*");
  CHECK(http::header_of(mounted.ask(Method::Options, "/users/7/"),
                        "Access-Control-Allow-Methods") == "GET, PUT");
  dialect.cors = {.origins = api::Cors::Origins::Listed, .listed = {"localhost:3000"}};
  Place place;
  REQUIRE(place.look().ok());
  const auto wrong = Mount::open(std::move(dialect), *place.surroundings);
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().message.find("localhost:3000") != std::string::npos);
}

TEST_CASE("a body may be as large as its dialect says, or its route", "[route][policies][body]") {
  auto dialect = user_dialect();
  dialect.body_bytes = 16u << 20;
  dialect.routes[5].body_bytes = 1'000;
  const Users mounted{std::move(dialect)};
  const auto most = [&](Method method, std::string path) {
    http::Request head;
    head.method = method;
    head.target = head.path = std::move(path);
    return mounted.mount->plan_body(head).most_bytes;
  };
  CHECK(most(Method::Post, "/users/") == 16u << 20);
  CHECK(most(Method::Put, "/plain") == 1'000);
}
