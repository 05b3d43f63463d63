#include <catch2/catch.hpp>

#include "tests/engine_store/fetch_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

FetchLimits listed(std::vector<std::string> hosts) {
  return {.allowed_hosts = std::move(hosts), .total = std::chrono::seconds{20}};
}

}  // namespace

TEST_CASE("private addresses are refused however they are written", "[store][fetch]") {
  TestServer server{[](std::string_view) { return reply(200, "secret"); }};
  for (const auto* host :
       {"127.0.0.1", "localhost", "localhost.", "LOCALHOST", "[::1]", "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]", "[::127.0.0.1]", "0.0.0.0", "[::]", "127.1", "2130706433", "0x7f000001",
        "0177.0.0.1", "127.0.0.1."}) {
    INFO(host);
    const auto fetched = fetch({}, server.url("/x", host));
    REQUIRE_FALSE(fetched.ok());
    // A resolver may also not know one of these spellings, or the machine may have no IPv6.
    const bool is_refused = outcome(fetched) == "permission_denied" ||
                            outcome(fetched) == "unavailable" ||
                            outcome(fetched) == "invalid_argument";
    CHECK(is_refused);
  }
  CHECK(outcome(fetch({}, server.url("/x"))) == "permission_denied");
  CHECK(outcome(fetch({}, server.url("/x", "localhost"))) == "permission_denied");
  CHECK(server.connections() == 0);
}

TEST_CASE("a refused address is not tried again and is not named to who asked", "[store][fetch]") {
  const auto error = fetch({}, "http://localhost:9/x").error();
  CHECK(error.code == Code::PermissionDenied);
  CHECK(error.message.find("list of allowed hosts: http://localhost:9/x") != std::string::npos);
  CHECK(error.message.find("127.0.0.1") == std::string::npos);
}

TEST_CASE("listed hosts are let through, by name or by name and port", "[store][fetch]") {
  TestServer server{[](std::string_view) { return reply(200, "x"); }};
  CHECK(outcome(fetch(listed({"127.0.0.1"}), server.url("/"))) == "ok");
  CHECK(outcome(fetch(listed({server.place()}), server.url("/"))) == "ok");
  CHECK(outcome(fetch(listed({"other", "LocalHost"}), server.url("/", "localhost"))) == "ok");
  CHECK(outcome(fetch(listed({server.place("localhost")}), server.url("/", "LOCALHOST"))) == "ok");
  CHECK(outcome(fetch(listed({"127.0.0.1:1"}), server.url("/"))) == "permission_denied");
  CHECK(outcome(fetch(listed({"localhost"}), server.url("/"))) == "permission_denied");
  CHECK(outcome(fetch(listed({"127.0.0"}), server.url("/"))) == "permission_denied");
}

TEST_CASE("a connection that is open already is judged like a new one", "[store][fetch]") {
  TestServer server{[](std::string_view) { return reply(200, "x"); }};
  CHECK(outcome(fetch({.allow_private = true}, server.url("/first"))) == "ok");
  CHECK(outcome(fetch({}, server.url("/second"))) == "permission_denied");
  CHECK(server.requests() == std::vector<std::string>{"GET /first"});
}

TEST_CASE("redirects are followed to the limit", "[store][fetch]") {
  TestServer server{[](std::string_view request) {
    const int hops = std::stoi(std::string{request.substr(5)});
    if (hops == 0) return reply(200, "arrived");
    return redirect_to('/' + std::to_string(hops - 1), hops % 2 == 0 ? 301 : 307);
  }};
  const auto limits = listed({server.place()});
  CHECK(*fetch(limits, server.url("/1")) == "arrived");
  CHECK(*fetch(limits, server.url("/5")) == "arrived");
  const auto seen = server.requests().size();
  const auto fetched = fetch(limits, server.url("/6"));
  CHECK(outcome(fetched) == "io");
  CHECK(fetched.error().message.find("more than 5 redirects") != std::string::npos);
  CHECK(server.requests().size() == seen + 6);
}

TEST_CASE("a redirect to a private address is refused", "[store][fetch]") {
  TestServer secret{[](std::string_view) { return reply(200, "secret"); }};
  std::string target;
  TestServer server{[&](std::string_view) { return redirect_to(target); }};
  const auto limits = listed({server.place()});
  for (const auto& place :
       {secret.url("/x"), secret.url("/x", "localhost"), server.url("/x", "localhost"),
        secret.url("/x", "[::ffff:127.0.0.1]"), "//" + secret.place() + "/x"}) {
    INFO(place);
    server.change([&, next = place] { target = next; });
    CHECK_FALSE(fetch(limits, server.url("/start")).ok());
  }
  server.change([&] { target = secret.url("/x"); });
  CHECK(outcome(fetch(limits, server.url("/start"))) == "permission_denied");
  CHECK(secret.connections() == 0);
}

TEST_CASE("a redirect leads to http and https only, and to no user", "[store][fetch]") {
  std::string target;
  TestServer server{[&](std::string_view) { return redirect_to(target); }};
  for (const auto& place :
       {std::string{"file:///etc/passwd"}, std::string{"ftp://127.0.0.1/x"},
        std::string{"gopher://127.0.0.1/x"}, "http://user@" + server.place() + "/x",
        std::string{"qiniu:///z0/b/k"}}) {
    INFO(place);
    server.change([&, next = place] { target = next; });
    CHECK(outcome(fetch(listed({server.place()}), server.url("/start"))) == "permission_denied");
  }
}

TEST_CASE("a redirect without a target is an error", "[store][fetch]") {
  TestServer server{[](std::string_view) { return reply(302, "nowhere"); }};
  CHECK(outcome(fetch(listed({server.place()}), server.url("/x"))) == "io");
}
