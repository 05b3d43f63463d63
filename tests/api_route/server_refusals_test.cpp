// What the HTTP server refuses by itself is worded by the dialect that it happened in, with its
// headers.
#include <cerrno>

#include "api/route/site.hpp"
#include "tests/api_http/client.hpp"
#include "tests/api_route/place.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using http::Method;

namespace {

class FullDisk final : public http::BodySink {
 public:
  Result<void> write(std::string_view) override { return system_error("write", "", ENOSPC); }
  Result<void> finish() override { return {}; }
};

api::Dialect spoken(const std::string& name) {
  const auto route = [](Method method, std::string path) {
    return api::Route{.method = method,
                      .path = std::move(path),
                      .name = "any",
                      .summary = "",
                      .auth = api::Auth::Open};
  };
  auto object = route(Method::Get, "/object");
  object.direct = [](const api::DirectCall&, const http::Reply& reply) {
    reply({.headers = {{"ETag", "\"1\""}}, .body = http::ObjectBody{.reader = nullptr, .size = 2}});
  };
  auto throws = route(Method::Get, "/throws");
  throws.direct = [](const api::DirectCall&, const http::Reply&) {
    throw std::runtime_error{"secret"};
  };
  auto forgets = route(Method::Get, "/forgets");
  forgets.direct = [](const api::DirectCall&, const http::Reply&) {};
  auto small = route(Method::Post, "/small");
  small.body_bytes = 10;
  small.direct = [](const api::DirectCall&, const http::Reply& reply) {
    reply(http::Response::text(200, "ok"));
  };
  auto sink = route(Method::Post, "/sink");
  sink.upload_bytes = 1'000;
  sink.body_sink = [](const http::Request& head,
                      const api::Caller&) -> std::unique_ptr<http::BodySink> {
    if (head.headers.find("Broken")) throw std::runtime_error{"secret"};
    return std::make_unique<FullDisk>();
  };
  sink.direct = small.direct;
  auto dialect = sample_dialect({object, throws, forgets, small, sink});
  dialect.name = name;
  dialect.cors = {.origins = api::Cors::Origins::Allowed};
  dialect.refuse = [name](const api::Refusal& refused, const http::Request&) {
    return http::Response::text(api::status_of(refused), name + " refuses: " + refused.code);
  };
  dialect.decorate = [name](const http::Request& request, http::Response& response) {
    response.headers.emplace_back("X-Dialect", name);
    response.headers.emplace_back("X-Request-Id", request.id);
  };
  return dialect;
}

struct TwoDialects {
  TwoDialects() {
    REQUIRE(place.look().ok());
    root = *api::Mount::open(spoken("main"), *place.surroundings);
    other = *api::Mount::open(spoken("other"), *place.surroundings);
    server = std::make_unique<TestServer>(
        api::make_site(root, {other}),
        http::Limits{.head_bytes = 2'000, .body_timeout = std::chrono::seconds{1}});
  }

  // The answer must be worded by "other", unless said otherwise.
  Reply check(std::string_view request, int status, std::string_view code,
              const std::string& dialect = "other") {
    INFO(request);
    Client client{server->port};
    client.send(request);
    auto reply = client.read_reply();
    CHECK(reply.status == status);
    CHECK(reply.body == fmt::format("{} refuses: {}", dialect, code));
    CHECK(reply.headers["x-dialect"] == dialect);
    CHECK(reply.headers["x-request-id"].size() == 24);
    return reply;
  }

  Place place;
  std::shared_ptr<api::Mount> root, other;
  std::unique_ptr<TestServer> server;
};

}  // namespace

TEST_CASE("what the server refuses by itself is worded by the dialect it happened in",
          "[route][site][refusals]") {
  TwoDialects served;
  SECTION("a range or a condition that cannot be met") {
    auto range = served.check(
        get("/other/object", "Range: bytes=5-\r\nOrigin: http://localhost:1\r\n"), 416, "range");
    CHECK(range.headers["content-range"] == "bytes */2");
    CHECK(range.headers["access-control-allow-origin"] == "http://localhost:1");
    CHECK(range.headers["vary"] == "Origin");
    served.check(get("/other/object", "If-Match: \"2\"\r\n"), 412, "precondition");
    served.check(get("/object", "Range: bytes=5-\r\n"), 416, "range", "main");
  }
  SECTION("a handler that throws, or forgets to answer") {
    served.check(get("/other/throws"), 500, "server");
    served.check(get("/other/forgets"), 500, "server");
  }
  SECTION("bodies that are too large, come too slowly, or are not taken") {
    served.check(post_head("/other/small", 11), 413, "body_size");
    served.check(chunked_post("/other/small", "0123456789ab", 4), 413, "body_size");
    served.check(post_head("/other/sink", 1'001), 413, "body_size");
    served.check(post_head("/other/small", 5) + "1", 408, "timeout");
    served.check(post_head("/other/sink", 5) + "12345", 507, "disk_full");
    served.check(post_head("/other/sink", 5, "Broken: yes\r\n"), 500, "server");
  }
  SECTION("bodies that nobody wants") {
    served.check(post_head("/other/lost", 10'000'000), 404, "no_route");
    auto wrong = served.check(post_head("/other/object", 10'000'000), 405, "method");
    CHECK(wrong.headers["allow"] == "GET, HEAD");
  }
  SECTION("requests that are none") {
    served.check("BREW /other/object HTTP/1.1\r\nHost: h\r\n\r\n", 501, "method_unknown");
    served.check("GET /other/object HTTP/1.1\r\nHost: a,b\r\n\r\n", 400, "malformed");
    served.check("GET /other/object HTTP/3.0\r\nHost: h\r\n\r\n", 505, "http_version");
    served.check("POST /other/small HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501,
                 "method_unknown");
    served.check(get("/other/object", fmt::format("X-Long: {}\r\n", std::string(3'000, 'x'))), 431,
                 "head_size");
    served.check(get("/other/object", "Expect: tea\r\n"), 417, "expectation");
  }
  SECTION("a page of another origin is told why, and nothing else") {
    auto refused = served.check(
        post_head("/other/small", 2, "Origin: https://page.example\r\n") + "{}", 403, "origin");
    CHECK_FALSE(refused.headers.contains("access-control-allow-origin"));
    CHECK(refused.headers["vary"] == "Origin");
  }
}
