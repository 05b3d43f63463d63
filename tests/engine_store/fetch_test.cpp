#include <chrono>
#include <stdlib.h>

#include <catch2/catch.hpp>

#include "tests/engine_store/fetch_fixture.hpp"

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

const FetchLimits kLocal{.allow_private = true, .total = 20s};

}  // namespace

TEST_CASE("a page is read whole, small or larger than memory takes", "[store][fetch]") {
  std::string large(3'000'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i % 251);
  TestServer server{[&](std::string_view request) {
    if (request == "GET /large") return reply(200, large);
    if (request == "GET /empty") return reply(200, "");
    return reply(200, "small");
  }};
  CHECK(*fetch(kLocal, server.url("/small")) == "small");
  CHECK(fetch(kLocal, server.url("/empty"))->empty());
  CHECK(*fetch(kLocal, server.url("/large")) == large);
  const auto store = *Store::open({.fetch = kLocal});
  for (const auto* path : {"/small", "/large"}) {
    auto reader = store->open(address(server.url(path)));
    REQUIRE(reader.ok());
    const auto whole = read_all(**reader);
    REQUIRE((*reader)->seek(2).ok());
    CHECK(read_all(**reader) == whole.substr(2));
    REQUIRE((*reader)->seek(10'000'000).ok());
    CHECK(read_all(**reader).empty());
  }
}

TEST_CASE("connections are used again by their thread", "[store][fetch]") {
  TestServer server{[](std::string_view) { return reply(200, "x"); }};
  for (int i = 0; i < 5; ++i) CHECK(fetch(kLocal, server.url("/")).ok());
  CHECK(server.requests().size() == 5);
  CHECK(server.connections() == 1);
}

TEST_CASE("an address is asked for with its query, without its fragment, in ASCII",
          "[store][fetch]") {
  TestServer server{[](std::string_view) { return reply(200, "x"); }};
  CHECK(fetch(kLocal, server.url("/a%20b?x=1&y=%2F#part")).ok());
  CHECK(fetch(kLocal, server.url("/图")).ok());
  CHECK(server.requests() == std::vector<std::string>{"GET /a%20b?x=1&y=%2F", "GET /%E5%9B%BE"});
}

TEST_CASE("the size of a page is asked for without reading it", "[store][fetch]") {
  TestServer server{[](std::string_view request) {
    if (request == "HEAD /page")
      return std::string{"HTTP/1.1 200 X\r\nContent-Length: 1234\r\n\r\n"};
    if (request == "HEAD /none") return std::string{"HTTP/1.1 404 X\r\n\r\n"};
    return std::string{"HTTP/1.1 405 X\r\nContent-Length: 0\r\n\r\n"};
  }};
  const auto store = *Store::open({.fetch = kLocal});
  CHECK(store->stat(address(server.url("/page")))->size_bytes == 1234);
  CHECK(store->stat(address(server.url("/unknown")))->size_bytes == 0);
  CHECK(store->stat(address(server.url("/none"))).error().code == Code::NotFound);
}

TEST_CASE("refusals of the server are told apart and not tried again", "[store][fetch]") {
  int status = 404;
  TestServer server{[&](std::string_view) { return reply(status, "page of an error"); }};
  const std::vector<std::pair<int, std::string>> expected{
      {400, "io"},        {401, "permission_denied"}, {403, "permission_denied"},
      {404, "not_found"}, {410, "not_found"},         {429, "unavailable"},
      {304, "io"}};
  std::size_t requests = 0;
  for (const auto& [code, word] : expected) {
    INFO(code);
    server.change([&, next = code] { status = next; });
    const auto fetched = fetch(kLocal, server.url("/x"));
    CHECK(outcome(fetched) == word);
    CHECK(fetched.error().message.find(std::to_string(code)) != std::string::npos);
    CHECK(server.requests().size() == ++requests);
  }
}

TEST_CASE("a server in trouble is asked again, three times in all", "[store][fetch]") {
  int good_from = 99;
  int asked = 0;
  TestServer server{[&](std::string_view) {
    return ++asked >= good_from ? reply(200, "at last") : reply(503, "busy");
  }};
  CHECK(outcome(fetch(kLocal, server.url("/x"))) == "unavailable");
  CHECK(server.requests().size() == 3);
  server.change([&] {
    asked = 0;
    good_from = 3;
  });
  CHECK(*fetch(kLocal, server.url("/x")) == "at last");
  auto once = kLocal;
  once.tries = 1;
  server.change([&] { asked = 0; });
  CHECK(outcome(fetch(once, server.url("/x"))) == "unavailable");
  CHECK(server.requests().size() == 7);
}

TEST_CASE("a page that breaks off is not taken for whole", "[store][fetch]") {
  TestServer server{[](std::string_view) {
    return std::string{"HTTP/1.1 200 X\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf"};
  }};
  CHECK(outcome(fetch(kLocal, server.url("/x"))) == "unavailable");
  CHECK(server.requests().size() == 3);
}

TEST_CASE("a page larger than the limit is refused, with and without a stated length",
          "[store][fetch]") {
  auto limits = kLocal;
  limits.max_bytes = 1000;
  TestServer server{[](std::string_view request) {
    if (request == "GET /fits") return reply(200, std::string(1000, 'x'));
    if (request == "GET /stated") return reply(200, std::string(1001, 'x'));
    if (request == "GET /lies")
      return std::string{"HTTP/1.1 200 X\r\nContent-Length: 99999999999\r\n\r\nx"};
    return "HTTP/1.1 200 X\r\nConnection: close\r\n\r\n" + std::string(5000, 'x');
  }};
  CHECK(fetch(limits, server.url("/fits"))->size() == 1000);
  CHECK(outcome(fetch(limits, server.url("/stated"))) == "exhausted");
  CHECK(outcome(fetch(limits, server.url("/lies"))) == "exhausted");
  const auto unstated = fetch(limits, server.url("/unstated"));
  CHECK(outcome(unstated) == "exhausted");
  CHECK(unstated.error().message.find("more than 1000 bytes") != std::string::npos);
  CHECK(server.requests().size() == 4);
}

TEST_CASE("a server that stays silent costs no more than the total time", "[store][fetch]") {
  TestServer server{[](std::string_view) { return std::string{}; }};
  auto limits = kLocal;
  limits.total = 1s;
  const auto start = std::chrono::steady_clock::now();
  CHECK(outcome(fetch(limits, server.url("/x"))) == "deadline_exceeded");
  CHECK(std::chrono::steady_clock::now() - start < 10s);
}

TEST_CASE("a fetch stops when its job does", "[store][fetch]") {
  TestServer server{[](std::string_view) { return std::string{}; }};
  const auto store = *Store::open({.fetch = kLocal});
  const auto start = std::chrono::steady_clock::now();
  const auto opened = store->open(address(server.url("/x")), [] { return true; });
  CHECK(opened.error().code == Code::Cancelled);
  CHECK(std::chrono::steady_clock::now() - start < 10s);
}

TEST_CASE("a host that nobody answers for is unavailable", "[store][fetch]") {
  std::uint16_t port = 0;
  {
    const TestServer server{[](std::string_view) { return std::string{}; }};
    port = server.port();
  }
  auto limits = kLocal;
  limits.tries = 1;
  CHECK(outcome(fetch(limits, "http://127.0.0.1:" + std::to_string(port) + "/x")) == "unavailable");
  CHECK(outcome(fetch(limits, "http://name.invalid/x")) == "unavailable");
}

TEST_CASE("proxies of the environment are not used", "[store][fetch]") {
  TestServer server{[](std::string_view) { return reply(200, "direct"); }};
  ::setenv("http_proxy", "http://127.0.0.1:1/", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
  CHECK(*fetch(kLocal, server.url("/x")) == "direct");
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
}
