#include <catch2/catch.hpp>

#include "tests/api_http/client.hpp"

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

http::Handler echo_at_once() {
  return [](const std::shared_ptr<http::Request>& request, const http::Reply& reply) {
    reply(echo(*request));
  };
}

}  // namespace

TEST_CASE("a head that trickles in is refused after the head time-out", "[http][limits]") {
  TestServer server{echo_at_once(), {.head_bytes = 1u << 30, .head_timeout = 1s}};
  Client client{server.port};
  const auto begun = std::chrono::steady_clock::now();
  std::jthread trickle{[&](const std::stop_token& stop) {
    client.try_send("GET / HTTP/1.1\r\nHost: h\r\nX: ");
    while (!stop.stop_requested() && client.try_send("x")) std::this_thread::yield();
  }};
  const auto reply = client.read_reply();
  CHECK(reply.status == 408);
  CHECK(reply.headers.at("connection") == "close");
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
}

TEST_CASE("a body without progress is refused after the body time-out", "[http][limits]") {
  TestServer server{echo_at_once(), {.body_timeout = 1s}};
  Client client{server.port};
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(client.read_reply().status == 408);
  CHECK(client.is_closed());
}

TEST_CASE("an idle connection is closed without a word", "[http][limits]") {
  TestServer server{echo_at_once(), {.idle_timeout = 1s}};
  Client fresh{server.port}, used{server.port};
  used.send(get("/"));
  CHECK(used.read_reply().status == 200);
  CHECK(fresh.is_closed());
  CHECK(used.is_closed());
}

TEST_CASE("a client that does not read its answer is cut", "[http][limits]") {
  TestServer server{[](const auto&, const http::Reply& reply) {
                      reply(http::Response::text(200, std::string(64u << 20, 'x')));
                    },
                    {.body_timeout = 1s}};
  Client client{server.port, 4096};
  client.send(get("/"));
  CHECK(eventually([&] {
    return server.server.counters().requests == 1 && server.server.counters().open == 0;
  }));
}

TEST_CASE("a body above the limit is refused before it is read", "[http][limits]") {
  TestServer server{echo_at_once(), {.body_bytes = 1000}};
  Client client{server.port};
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
  CHECK(client.read_reply().status == 413);
  Client eager{server.port};
  eager.try_send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n" +
                 std::string(3'000'000, 'x'));
  CHECK(eager.read_reply().status == 413);
}

TEST_CASE("too many header fields and too large heads are 431", "[http][limits]") {
  TestServer server{echo_at_once(), {.head_bytes = 1000, .header_count = 10}};
  Client large{server.port};
  large.send(get("/", "X: " + std::string(1000, 'x') + "\r\n"));
  CHECK(large.read_reply().status == 431);
  CHECK(large.is_closed());
  Client many{server.port};
  std::string fields;
  for (int i = 0; i < 10; ++i) fields += "X: y\r\n";
  many.send(get("/", fields));
  CHECK(many.read_reply().status == 431);
}

TEST_CASE("what the server refuses by itself is worded by the site", "[http][limits]") {
  http::Server server;
  const auto port = server.listen(
      {.port = 0}, {.handler = echo_at_once(),
                    .refused = [](int status, std::string_view why, const http::Request& head) {
                      return http::Response::text(status + 100,
                                                  std::string{why} + " at " + head.path);
                    }});
  REQUIRE(port.ok());
  server.start();
  Client client{*port};
  client.send("GET /p HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n");
  const auto reply = client.read_reply();
  CHECK(reply.status == 500);
  CHECK(reply.body == "malformed request head at /p");
  CHECK(client.is_closed());
}

TEST_CASE("connections above the limit are closed at once", "[http][limits]") {
  TestServer server{echo_at_once(), {}, {.connections = 2}};
  Client first{server.port}, second{server.port};
  // Both are in the middle of a request.
  first.send(post_head("/", 3) + "a");
  second.send(post_head("/", 3) + "a");
  REQUIRE(eventually([&] { return server.server.counters().body_bytes == 2; }));
  Client third{server.port};
  CHECK(third.is_closed());
  first.send("bc");
  CHECK(first.read_reply().body == "POST / abc");
}

TEST_CASE("a connection that is idle makes room for a new one", "[http][limits]") {
  TestServer server{echo_at_once(), {}, {.connections = 2}};
  Client idle{server.port}, busy{server.port};
  idle.send(get("/"));
  CHECK(idle.read_reply().status == 200);
  busy.send(post_head("/", 3) + "a");
  std::this_thread::sleep_for(1500ms);  // one that was used a moment ago stays
  Client fresh{server.port};
  fresh.send(get("/fresh"));
  CHECK(fresh.read_reply().body == "GET /fresh ");
  CHECK(idle.is_closed());
  busy.send("bc");
  CHECK(busy.read_reply().body == "POST / abc");
  CHECK(server.server.counters().open == 2);
}

TEST_CASE("an answer before the end of a refused request is not lost", "[http][limits]") {
  TestServer server{echo_at_once()};
  for (int i = 0; i < 20; ++i) {
    Client client{server.port};
    client.try_send("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n" +
                    std::string(200'000, 'x'));
    CHECK(client.read_reply().status == 501);
  }
}
