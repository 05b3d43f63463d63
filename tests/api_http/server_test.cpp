#include <atomic>
#include <future>
#include <thread>

#include <catch2/catch.hpp>

#include "api/http/body_file.hpp"
#include "api/http/io_thread.hpp"
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

TEST_CASE("a request is answered, and the connection serves the next one", "[http][server]") {
  TestServer server{echo_at_once()};
  Client client{server.port};
  for (int i = 0; i < 3; ++i) {
    client.send("POST /a%20b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz");
    const auto reply = client.read_reply();
    CHECK(reply.status == 200);
    CHECK(reply.body == "POST /a b xyz");
    CHECK(reply.headers.contains("date"));
    CHECK_FALSE(reply.headers.contains("server"));
    CHECK_FALSE(reply.headers.contains("connection"));
  }
  CHECK(server.server.counters().requests == 3);
  CHECK(server.server.counters().connections == 1);
  CHECK(server.server.counters().open == 1);
}

TEST_CASE("answers from other threads leave in the order of the requests", "[http][server]") {
  Elsewhere elsewhere;
  TestServer server{[&](const std::shared_ptr<http::Request>& request, const http::Reply& reply) {
                      elsewhere.run([request, reply] { reply(echo(*request)); });
                    },
                    {},
                    {.threads = 2}};
  Client client{server.port};
  std::string pipelined;
  for (int i = 0; i < 50; ++i) pipelined += get("/" + std::to_string(i));
  client.send(pipelined);
  for (int i = 0; i < 50; ++i) CHECK(client.read_reply().body == "GET /" + std::to_string(i) + " ");
}

TEST_CASE("many pipelined requests answered at once do not grow the stack", "[http][server]") {
  TestServer server{echo_at_once()};
  Client client{server.port};
  std::string pipelined;
  for (int i = 0; i < 2000; ++i) pipelined += get("/");
  std::jthread sender{[&] { client.try_send(pipelined); }};
  int good = 0;
  for (int i = 0; i < 2000; ++i) good += client.read_reply().status == 200;
  CHECK(good == 2000);
}

TEST_CASE("HEAD has the length of the body but not the body", "[http][server]") {
  TestServer server{echo_at_once()};
  Client client{server.port};
  client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(client.read_reply(true).headers["content-length"] == "8");
  client.send(get("/y"));
  CHECK(client.read_reply().body == "GET /y ");
}

TEST_CASE("HTTP/1.0 closes unless it asks not to", "[http][server]") {
  TestServer server{echo_at_once()};
  Client closing{server.port};
  closing.send("GET / HTTP/1.0\r\n\r\n");
  CHECK(closing.read_reply().headers["connection"] == "close");
  CHECK(closing.is_closed());
  Client keeping{server.port};
  for (int i = 0; i < 2; ++i) {
    keeping.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(keeping.read_reply().headers["connection"] == "keep-alive");
  }
}

TEST_CASE("Connection: close is honoured", "[http][server]") {
  TestServer server{echo_at_once()};
  Client client{server.port};
  client.send(get("/", "Connection: close\r\n"));
  CHECK(client.read_reply().headers["connection"] == "close");
  CHECK(client.is_closed());
  CHECK(eventually([&] { return server.server.counters().open == 0; }));
}

TEST_CASE("a client that expects 100 Continue gets it before it sends", "[http][server]") {
  TestServer server{echo_at_once()};
  Client client{server.port};
  client.send("POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(client.read_reply().status == 100);
  client.send("ab");
  CHECK(client.read_reply().body == "POST /x ab");
}

TEST_CASE("a reply that is never given becomes a 500, and a second one is ignored",
          "[http][server]") {
  TestServer server{[](const std::shared_ptr<http::Request>& request, const http::Reply& reply) {
    if (request->path == "/none") return;
    if (request->path == "/throws") throw std::runtime_error{"secret"};
    reply(http::Response::text(200, "first"));
    reply(http::Response::text(200, "second"));
  }};
  Client client{server.port};
  client.send(get("/none"));
  CHECK(client.read_reply().status == 500);
  client.send(get("/throws"));
  const auto thrown = client.read_reply();
  CHECK(thrown.status == 500);
  CHECK(thrown.body.find("secret") == std::string::npos);
  client.send(get("/twice") + get("/twice"));
  CHECK(client.read_reply().body == "first");
  CHECK(client.read_reply().body == "first");
}

TEST_CASE("a large body arrives whole, both ways", "[http][server]") {
  TestServer server{
      [](const std::shared_ptr<http::Request>& request, const http::Reply& reply) {
        const auto loaded = http::load_body(*request);
        reply(http::Response::text(loaded.ok() ? 200 : 500, std::move(request->body)));
      },
      {.body_bytes = 16u << 20}};
  std::string body(5'000'000, 'x');
  for (std::size_t i = 0; i < body.size(); i += 97) body[i] = static_cast<char>('a' + i % 26);
  Client client{server.port};
  client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n");
  client.send(body);
  CHECK(client.read_reply().body == body);
}

TEST_CASE("two listeners of one server have sites of their own", "[http][server]") {
  http::Server server;
  const auto site = [](std::string text) {
    return http::Site{
        .handler = [text](const auto&,
                          const http::Reply& reply) { reply(http::Response::text(200, text)); },
        .refused = {}};
  };
  const auto first = server.listen({.port = 0}, site("one"));
  server.start();
  const auto second = server.listen({.port = 0}, site("two"));
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  Client one{*first}, two{*second};
  one.send(get("/"));
  two.send(get("/"));
  CHECK(one.read_reply().body == "one");
  CHECK(two.read_reply().body == "two");
}

TEST_CASE("an address in use or not numeric is an error that names it", "[http][server]") {
  TestServer running{echo_at_once()};
  http::Server server;
  const auto taken =
      server.listen({.port = running.port}, {.handler = echo_at_once(), .refused = {}});
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().code == Code::Conflict);
  CHECK(taken.error().message.find(std::to_string(running.port)) != std::string::npos);
  const auto named =
      server.listen({.address = "example.org"}, {.handler = echo_at_once(), .refused = {}});
  REQUIRE_FALSE(named.ok());
  CHECK(named.error().code == Code::InvalidArgument);
}

TEST_CASE("stopping answers what runs, closes what idles, and takes nothing new",
          "[http][server][drain]") {
  std::mutex mutex;
  std::vector<http::Reply> held;
  auto server =
      std::make_unique<TestServer>([&](const std::shared_ptr<http::Request>&, http::Reply reply) {
        const std::lock_guard lock{mutex};
        held.push_back(std::move(reply));
      });
  const auto port = server->port;
  Client idle{port}, busy{port};
  busy.send(get("/"));
  REQUIRE(eventually([&] {
    const std::lock_guard lock{mutex};
    return held.size() == 1;
  }));
  std::jthread stopping{[&] { server->server.stop(10s); }};
  CHECK(idle.is_closed());
  held.front()(http::Response::text(200, "late"));
  held.clear();
  const auto reply = busy.read_reply();
  CHECK(reply.body == "late");
  CHECK(reply.headers.at("connection") == "close");
  stopping.join();
  CHECK_THROWS(Client{port});
}

TEST_CASE("stopping ends a loop whose timer is due at that moment", "[http][server]") {
  std::promise<void> has_come;
  TestServer server{[&](const std::shared_ptr<http::Request>&, const http::Reply& reply) {
    has_come.set_value();
    std::this_thread::sleep_for(
        2 * http::IoThread::kTick);  // the end waits behind this, and so does the timer
    reply(http::Response::text(200, "late"));
  }};
  Client client{server.port};
  client.send(get("/"));
  has_come.get_future().wait();
  server.server.stop(0ms);
}

TEST_CASE("stopping does not wait longer than its patience, and late replies are harmless",
          "[http][server][drain]") {
  std::mutex mutex;
  std::vector<http::Reply> held;
  {
    TestServer server{[&](const std::shared_ptr<http::Request>&, http::Reply reply) {
      const std::lock_guard lock{mutex};
      held.push_back(std::move(reply));
    }};
    Client client{server.port};
    client.send(get("/"));
    REQUIRE(eventually([&] {
      const std::lock_guard lock{mutex};
      return held.size() == 1;
    }));
    server.server.stop(50ms);
    CHECK(client.is_closed());
  }
  held.front()(http::Response::text(200, "too late"));
  CHECK(held.size() == 1);
}
