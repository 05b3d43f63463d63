// How a handler hears that its client has gone while the answer is waited for.
#include "api/http/departure.hpp"

#include <atomic>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/api_http/client.hpp"

#include <sys/socket.h>

using namespace millrace;
using namespace millrace::test;

namespace {

/// Keeps the requests to /wait, watched, until somebody answers them; echoes the others.
class Waiting {
 public:
  [[nodiscard]] http::Handler handler() {
    return [this](const std::shared_ptr<http::Request>& request, http::Reply reply) {
      if (request->path != "/wait") return reply(echo(*request));
      request->departure = std::make_shared<http::Departure>();
      request->departure->on_left([this] { ++left; });
      const std::lock_guard lock{mutex_};
      replies_.push_back(std::move(reply));
    };
  }
  [[nodiscard]] bool has(std::size_t count) {
    return eventually([&] {
      const std::lock_guard lock{mutex_};
      return replies_.size() == count;
    });
  }
  void answer(const std::string& text) {
    const std::lock_guard lock{mutex_};
    for (const auto& reply : replies_) reply(http::Response::text(200, text));
    replies_.clear();
  }

  std::atomic<int> left{0};

 private:
  std::mutex mutex_;  // guards the replies
  std::vector<http::Reply> replies_;
};

}  // namespace

TEST_CASE("a departure is told once, also to who asks after it", "[http][departure]") {
  int told = 0;
  http::Departure departure;
  departure.on_left([&] { ++told; });
  CHECK_FALSE(departure.has_left());
  departure.tell();
  departure.tell();
  CHECK(departure.has_left());
  CHECK(told == 1);
  departure.on_left([&] { told += 10; });
  CHECK(told == 11);
}

TEST_CASE("a client that goes away while it is waited for is heard of", "[http][departure]") {
  Waiting waiting;
  TestServer server{waiting.handler()};
  {
    Client client{server.port};
    client.send(get("/wait"));
    REQUIRE(waiting.has(1));
    CHECK(waiting.left == 0);
  }
  CHECK(eventually([&] { return waiting.left == 1; }));
  CHECK(eventually([&] { return server.server.counters().open == 0; }));
  waiting.answer("late");  // to nobody
  CHECK(waiting.left == 1);
}

TEST_CASE("a client that waits is answered, and goes on with its connection", "[http][departure]") {
  Waiting waiting;
  TestServer server{waiting.handler()};
  Client client{server.port};
  for (int i = 0; i < 3; ++i) {
    client.send(get("/wait"));
    REQUIRE(waiting.has(1));
    waiting.answer("done");
    CHECK(client.read_reply().body == "done");
    client.send(get("/other"));
    CHECK(client.read_reply().body == "GET /other ");
  }
  CHECK(waiting.left == 0);
}

TEST_CASE("what a waiting client sends early is its next request", "[http][departure]") {
  Waiting waiting;
  TestServer server{waiting.handler()};
  Client client{server.port};
  SECTION("whole, and pieces of it") {
    client.send(get("/wait"));
    REQUIRE(waiting.has(1));
    const auto next = post_head("/next", 5) + "12345" + get("/third");
    for (std::size_t at = 0; at < next.size(); at += 20) client.send(next.substr(at, 20));
    waiting.answer("done");
    CHECK(client.read_reply().body == "done");
    CHECK(client.read_reply().body == "POST /next 12345");
    CHECK(client.read_reply().body == "GET /third ");
  }
  SECTION("in one piece with the request that waits") {
    client.send(get("/wait") + get("/next"));
    REQUIRE(waiting.has(1));
    waiting.answer("done");
    CHECK(client.read_reply().body == "done");
    CHECK(client.read_reply().body == "GET /next ");
  }
  SECTION("or nonsense, which is refused behind the answer") {
    client.send(get("/wait"));
    REQUIRE(waiting.has(1));
    client.send("nonsense\r\n\r\n");
    waiting.answer("done");
    CHECK(client.read_reply().body == "done");
    CHECK(client.read_reply().status == 400);
  }
  CHECK(waiting.left == 0);
}

TEST_CASE("an answer that meets a client which goes is given once or not at all",
          "[http][departure]") {
  Waiting waiting;
  TestServer server{waiting.handler(), {}, {.threads = 2}};
  int answered = 0;
  for (int i = 0; i < 200; ++i) {
    auto client = std::make_unique<Client>(server.port);
    client->send(get("/wait"));
    REQUIRE(waiting.has(1));
    std::jthread other{[&] { waiting.answer("done"); }};
    if (i % 2 == 0) {
      client.reset();
    } else {
      answered += client->read_reply().status == 200 ? 1 : 0;
    }
  }
  CHECK(answered == 100);
  CHECK(eventually([&] { return server.server.counters().open == 0; }));
  CHECK(waiting.left <= 100);
}

TEST_CASE("a server that stops cuts those who wait", "[http][departure]") {
  Waiting waiting;
  {
    TestServer server{waiting.handler()};
    Client client{server.port};
    client.send(get("/wait"));
    REQUIRE(waiting.has(1));
    server.server.stop(std::chrono::milliseconds{0});
    CHECK(client.is_closed());
  }
  CHECK(waiting.left == 1);
}
