#include "api/http/body_plan.hpp"

#include <atomic>
#include <filesystem>

#include <catch2/catch.hpp>

#include "api/http/body_file.hpp"
#include "api/http/incoming_body.hpp"
#include "tests/api_http/client.hpp"
#include "tests/api_http/recording_sink.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMiB = 1u << 20;

/// Keeps bodies, but those for "/none", which nobody wants. Those in a file are brought back by
/// another thread, which then waits for `gate`.
struct Place {
  explicit Place(http::Limits limits = {}, http::ServerSettings settings = {}) {
    settings.body_folder = folder.path();
    server.emplace(
        http::Site{
            .handler = [this](const std::shared_ptr<http::Request>& request,
                              const http::Reply& reply) { handle(request, reply); },
            .plan_body =
                [](const http::Request& head) {
                  if (head.path != "/none") return http::BodyPlan::keep(16 * kMiB);
                  return http::BodyPlan::drop([](const std::shared_ptr<http::Request>& request,
                                                 const http::Reply& reply) {
                    reply(http::Response::text(401, "no body of " + request->path + request->body));
                  });
                }},
        limits, std::move(settings));
  }

  void handle(const std::shared_ptr<http::Request>& request, const http::Reply& reply) {
    if (!request->body_file && request->path != "/wait") return reply(echo(*request));
    if (request->body_file) ++in_files;
    elsewhere.run([this, request, reply] {
      if (const auto loaded = http::load_body(*request); !loaded.ok())
        return reply(http::Response::text(503, loaded.error().message));
      ++loaded_bodies;
      while (is_closed) std::this_thread::sleep_for(1ms);
      reply(echo(*request));
    });
  }

  [[nodiscard]] std::size_t held() const { return server->server.counters().body_bytes; }
  [[nodiscard]] std::size_t in_file_bytes() const {
    return server->server.counters().body_file_bytes;
  }
  [[nodiscard]] bool is_clean() const {
    return eventually([&] { return held() == 0 && in_file_bytes() == 0; }) &&
           std::filesystem::is_empty(folder.path());
  }

  TemporaryFolder folder;
  std::atomic<bool> is_closed{false};
  std::atomic<int> in_files{0}, loaded_bodies{0};
  Elsewhere elsewhere;
  std::optional<TestServer> server;
};

}  // namespace

TEST_CASE("a large body waits in a file without a name and comes back whole", "[http][body]") {
  Place place;
  Client client{place.server->port};
  const auto large = sample(5 * kMiB + 17);
  client.send(post_head("/a", large.size()) + large);
  CHECK(client.read_reply().body == "POST /a " + large);
  CHECK(place.in_files == 1);
  client.send(chunked_post("/b", large, 70'001));
  CHECK(client.read_reply().body == "POST /b " + large);
  CHECK(place.in_files == 2);
  const auto small = sample(kMiB);
  client.send(post_head("/c", small.size()) + small);
  CHECK(client.read_reply().body == "POST /c " + small);
  CHECK(place.in_files == 2);
  CHECK(place.is_clean());
}

TEST_CASE("a large body that is on its way holds two pieces in memory", "[http][body]") {
  Place place;
  Client client{place.server->port};
  const auto body = sample(8 * kMiB);
  client.send(post_head("/a", body.size()));
  std::size_t most = 0;
  for (std::size_t at = 0; at + 65536 < body.size(); at += 65536) {
    client.send(std::string_view{body}.substr(at, 65536));
    most = std::max(most, place.held());
  }
  CHECK(most <= 2 * http::BodyIntake::kPieceBytes);
  CHECK(eventually([&] { return place.in_file_bytes() > 7 * kMiB; }));
  client.send(std::string_view{body}.substr(body.size() - 65536));
  CHECK(client.read_reply().body == "POST /a " + body);
}

TEST_CASE("a client that goes away leaves no file and no memory taken", "[http][body]") {
  Place place;
  {
    Client client{place.server->port};
    client.send(post_head("/a", 5 * kMiB) + sample(3 * kMiB));
    Client small{place.server->port};
    small.send(post_head("/a", 1000) + sample(999));
    REQUIRE(eventually([&] { return place.in_file_bytes() > 2 * kMiB && place.held() > 0; }));
  }
  CHECK(place.is_clean());
}

TEST_CASE("a body that nobody wants is not kept, and the connection goes on when it is small",
          "[http][body][drop]") {
  Place place;
  Client client{place.server->port};
  client.send(post_head("/none", 3) + "abc" + get("/next"));
  CHECK(client.read_reply().body == "no body of /none");
  CHECK(client.read_reply().body == "GET /next ");
  const auto body = sample(kMiB);
  client.send(post_head("/none", body.size()) + body);
  CHECK(client.read_reply().status == 401);
  client.send(chunked_post("/none", sample(100'000), 7'000));
  CHECK(client.read_reply().status == 401);
  CHECK(place.held() == 0);
}

TEST_CASE("a large body that nobody wants is answered at once, and nothing of it is parsed",
          "[http][body][drop]") {
  Place place;
  SECTION("its length is announced") {
    Client client{place.server->port};
    client.send(post_head("/none", 16 * kMiB));
    const auto reply = client.read_reply();
    CHECK(reply.status == 401);
    CHECK(reply.headers.at("connection") == "close");
    CHECK(client.is_closed());
  }
  SECTION("it comes in chunks") {
    Client client{place.server->port};
    client.try_send(chunked_post("/none", sample(3 * kMiB), 100'000).substr(0, 2 * kMiB));
    const auto reply = client.read_reply();
    CHECK(reply.status == 401);
    CHECK(reply.headers.at("connection") == "close");
  }
  SECTION("its first bytes look like a request") {
    Client client{place.server->port};
    client.send(post_head("/none", 16 * kMiB) + get("/smuggled"));
    CHECK(client.read_reply().status == 401);
    CHECK(client.is_closed());
  }
  SECTION("the client waits to be asked for it") {
    Client client{place.server->port};
    client.send(post_head("/none", 10, "Expect: 100-continue\r\n"));
    const auto reply = client.read_reply();
    CHECK(reply.status == 401);
    CHECK(reply.headers.at("connection") == "close");
  }
  SECTION("the client sends all the same") {
    Client client{place.server->port};
    std::jthread sender{[&] {
      client.try_send(post_head("/none", 16 * kMiB));
      for (int i = 0; i < 16 && client.try_send(sample(kMiB)); ++i) {
      }
    }};
    CHECK(client.read_reply().status == 401);
  }
  CHECK(place.held() == 0);
  CHECK(place.in_file_bytes() == 0);
  CHECK(place.server->server.counters().requests == 1);
}

TEST_CASE("bodies that come share a budget, and one too many is asked to come again",
          "[http][body][budget]") {
  Place place{{}, {.body_memory_bytes = 200'050}};
  Client first{place.server->port};
  first.send(post_head("/a", 150'001) + sample(150'000));
  // More than a half is taken: what is larger than a little goes to its file, and takes nothing.
  REQUIRE(eventually([&] { return place.in_file_bytes() == 150'000; }));
  CHECK(eventually([&] { return place.held() == 0; }));

  std::vector<std::unique_ptr<Client>> small;
  for (int i = 0; i < 4; ++i) {
    small.push_back(std::make_unique<Client>(place.server->port));
    small.back()->send(post_head("/b", 50'001) + sample(50'000));
    REQUIRE(eventually([&] { return place.held() == 50'000u * static_cast<std::size_t>(i + 1); }));
  }
  Client refused{place.server->port};
  refused.send(post_head("/c", 100) + sample(100));
  CHECK(refused.read_reply().status == 503);
  Client reader{place.server->port};
  reader.send(get("/d"));
  CHECK(reader.read_reply().body == "GET /d ");

  // Nothing is lost for the others, and there is room again behind them.
  for (auto& client : small) {
    client->send("x");
    CHECK(client->read_reply().status == 200);
  }
  first.send("x");
  CHECK(first.read_reply().status == 200);
  Client again{place.server->port};
  again.send(post_head("/c", 10) + "0123456789");
  CHECK(again.read_reply().body == "POST /c 0123456789");
  CHECK(place.is_clean());
}

TEST_CASE("bodies that are handled count too, until their request is gone",
          "[http][body][budget]") {
  Place place{{}, {.body_memory_bytes = 5 * kMiB}};
  place.is_closed = true;
  const auto body = sample(3 * kMiB);
  Client first{place.server->port};
  first.send(post_head("/a", body.size()) + body);
  REQUIRE(eventually([&] { return place.loaded_bodies == 1; }));
  CHECK(place.held() == body.size());
  Client second{place.server->port};
  second.send(post_head("/a", body.size()) + body);
  CHECK(second.read_reply().status == 503);
  place.is_closed = false;
  CHECK(first.read_reply().status == 200);
  place.elsewhere.join();
  second.send(post_head("/a", body.size()) + body);
  CHECK(second.read_reply().status == 200);
  place.elsewhere.join();
  CHECK(place.is_clean());
}

TEST_CASE("files of bodies have a budget of their own", "[http][body][budget]") {
  Place place{{}, {.body_file_bytes = 4 * kMiB}};
  Client first{place.server->port};
  first.send(post_head("/a", 4 * kMiB) + sample(3 * kMiB));
  REQUIRE(eventually([&] { return place.in_file_bytes() > 2 * kMiB; }));
  Client second{place.server->port};
  second.try_send(post_head("/a", 4 * kMiB) + sample(3 * kMiB));
  CHECK(second.read_reply().status == 503);
  first.send(sample(kMiB));
  CHECK(first.read_reply().status == 200);
  place.elsewhere.join();
  CHECK(place.is_clean());
}

TEST_CASE("what a sink keeps in memory counts, and too much of it is refused",
          "[http][body][budget]") {
  class Keeping final : public http::BodySink {
   public:
    Result<void> write(std::string_view bytes) override {
      kept_ += bytes;
      return {};
    }
    Result<void> finish() override { return {}; }
    [[nodiscard]] std::size_t kept_bytes() const override { return kept_.size(); }

   private:
    std::string kept_;
  };
  TestServer server{
      http::Site{
          .handler = [](const auto& request, const http::Reply& reply) { reply(echo(*request)); },
          .plan_body =
              [](const http::Request&) {
                return http::BodyPlan::give(std::make_unique<Keeping>(), 64 * kMiB);
              }},
      {},
      {.body_memory_bytes = 2 * kMiB}};
  Client client{server.port};
  client.send(post_head("/a", kMiB) + sample(kMiB));
  CHECK(client.read_reply().status == 200);
  client.try_send(post_head("/a", 4 * kMiB) + sample(4 * kMiB));
  CHECK(client.read_reply().status == 503);
  CHECK(eventually([&] { return server.server.counters().body_bytes == 0; }));
}

TEST_CASE("uploads go on in smaller pieces while the memory for bodies is used up",
          "[http][body][budget]") {
  SinkRecord record;
  TestServer server{
      http::Site{.handler =
                     [](const auto& request, const http::Reply& reply) {
                       if (!request->upload) return reply(echo(*request));
                       reply(http::Response::text(
                           201, static_cast<const RecordingSink&>(*request->upload).body));
                     },
                 .plan_body =
                     [&](const http::Request& head) {
                       if (head.path != "/up") return http::BodyPlan::keep(kMiB);
                       return http::BodyPlan::give(std::make_unique<RecordingSink>(record),
                                                   64 * kMiB);
                     }},
      {},
      {.body_memory_bytes = 50'000}};
  Client slow{server.port};
  slow.send(post_head("/a", 50'001) + sample(50'000));
  REQUIRE(eventually([&] { return server.server.counters().body_bytes == 50'000; }));
  Client client{server.port};
  const auto body = sample(4 * kMiB);
  std::jthread sender{[&] { client.try_send(post_head("/up", body.size()) + body); }};
  CHECK(client.read_reply().body == body);
  CHECK(record.largest_piece <= 2 * http::IoThread::kReadBytes);
}

TEST_CASE("a body has a least rate, however often its bytes come", "[http][body][rate]") {
  Place place{{.body_rate = 1000, .body_grace = 1s}};
  const auto trickle = [&](std::string_view path) {
    Client client{place.server->port};
    client.send(post_head(path, 100'000));
    const auto begun = std::chrono::steady_clock::now();
    std::jthread drops{[&](const std::stop_token& stop) {
      while (!stop.stop_requested() && client.try_send("x")) std::this_thread::sleep_for(20ms);
    }};
    const auto reply = client.read_reply();
    CHECK(reply.status == 408);
    CHECK(reply.headers.at("connection") == "close");
    return std::chrono::steady_clock::now() - begun;
  };
  CHECK(trickle("/a") < 5s);
  CHECK(trickle("/none") < 5s);

  // One that is slow and fast enough goes through.
  Client client{place.server->port};
  client.send(post_head("/a", 6'000));
  for (int i = 0; i < 6; ++i) {
    client.send(sample(1'000));
    std::this_thread::sleep_for(300ms);
  }
  CHECK(client.read_reply().status == 200);
  CHECK(place.is_clean());
}

TEST_CASE("what the server refuses by itself names the request that it belongs to",
          "[http][body][refusal]") {
  const auto told = [](int status, std::string_view why, http::Request& request) {
    return http::Response::text(status,
                                fmt::format("{} at {} from {}{}", why, request.path, request.remote,
                                            request.id.size() == 24 ? "" : " without an id"));
  };
  http::Site site{.handler =
                      [](const std::shared_ptr<http::Request>& request, const http::Reply& reply) {
                        if (request->path == "/throws") throw std::runtime_error{"secret"};
                        if (request->path == "/drops") return;
                        http::Response response;
                        response.body = http::ObjectBody{.reader = nullptr, .size = 10};
                        reply(std::move(response));
                      },
                  .refused = told};
  TestServer server{std::move(site), {.body_bytes = 10, .head_timeout = 1s}};
  const auto ask = [&](std::string_view request) {
    Client client{server.port};
    client.send(request);
    const auto reply = client.read_reply();
    return fmt::format("{} {}", reply.status, reply.body);
  };
  CHECK(ask(get("/throws")) == "500 internal error at /throws from 127.0.0.1");
  CHECK(ask(get("/drops")) == "500 request was dropped at /drops from 127.0.0.1");
  CHECK(ask(get("/part", "Range: bytes=10-\r\n")) ==
        "416 range lies beyond the end at /part from 127.0.0.1");
  CHECK(ask(post_head("/large", 11)) == "413 body too large at /large from 127.0.0.1");
  CHECK(ask("GET /slow HTTP/1.1\r\nHo").starts_with("408 the head"));
  CHECK(ask("GET /host HTTP/1.1\r\nHost: a,b\r\n\r\n").starts_with("400 malformed header Host"));
}
