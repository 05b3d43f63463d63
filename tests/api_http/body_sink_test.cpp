#include "api/http/body_sink.hpp"

#include <cerrno>

#include <catch2/catch.hpp>

#include "api/http/body_intake.hpp"
#include "tests/api_http/client.hpp"
#include "tests/api_http/recording_sink.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

constexpr auto kPiece = http::BodyIntake::kPieceBytes;

/// Sends the bodies of "/up" into sinks, and answers with what came.
http::Site upload_site(SinkRecord& record, std::size_t most_bytes = 64u << 20) {
  return {.handler =
              [](const std::shared_ptr<http::Request>& request, const http::Reply& reply) {
                if (!request->upload) return reply(echo(*request));
                const auto& sink = static_cast<const RecordingSink&>(*request->upload);
                auto text = request->body.empty() ? sink.body : "in two places";
                reply(http::Response::text(201, std::move(text)));
              },
          .plan_body =
              [&record, most_bytes](const http::Request& head) {
                if (head.path != "/up") return http::BodyPlan::keep(most_bytes);
                return http::BodyPlan::give(std::make_unique<RecordingSink>(record), most_bytes);
              }};
}

}  // namespace

TEST_CASE("a body of any size goes to its sink instead of into the request", "[http][sink]") {
  SinkRecord record;
  TestServer server{upload_site(record)};
  Client client{server.port};
  int sent = 0;
  for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, kPiece - 1, kPiece, kPiece + 1,
                                 std::size_t{3'000'000}}) {
    INFO(size);
    const auto body = sample(size);
    client.send(post_head("/up", size) + body);
    CHECK(client.read_reply().body == body);
    for (const std::size_t chunk : {std::size_t{7'001}, std::size_t{1'000'000}}) {
      client.send(chunked_post("/up", body, chunk));
      const auto reply = client.read_reply();
      CHECK(reply.status == 201);
      CHECK(reply.body == body);
    }
    sent += 3;
  }
  CHECK(record.finished == sent);
  CHECK(record.overlaps == 0);
  CHECK(record.largest_piece <= kPiece);
  CHECK(eventually([&] { return record.destroyed == sent; }));
  CHECK(server.server.counters().body_bytes == 0);
}

TEST_CASE("requests without a body or without a sink take the ordinary way", "[http][sink]") {
  SinkRecord record;
  TestServer server{upload_site(record)};
  Client client{server.port};
  client.send(post_head("/other", 3) + "abc");
  CHECK(client.read_reply().body == "POST /other abc");
  client.send(post_head("/up", 0));
  CHECK(client.read_reply().body == "POST /up ");
  client.send(get("/up"));
  CHECK(client.read_reply().body == "GET /up ");
  CHECK(record.made == 0);
}

TEST_CASE("no call of a sink, and not its end either, is on the HTTP thread", "[http][sink]") {
  SinkRecord record;
  std::atomic<std::thread::id> http_thread;
  auto site = upload_site(record);
  site.handler = [&, inner = std::move(site.handler)](std::shared_ptr<http::Request> request,
                                                      const http::Reply& reply) {
    http_thread = std::this_thread::get_id();
    inner(std::move(request), reply);
  };
  TestServer server{std::move(site)};
  Client client{server.port};
  client.send(post_head("/up", 1'000'000) + sample(1'000'000));
  CHECK(client.read_reply().status == 201);
  Client gone{server.port};
  gone.send(post_head("/up", 10) + "abc");
  REQUIRE(eventually([&] { return record.made == 2; }));
  ::shutdown(gone.descriptor(), SHUT_RDWR);
  REQUIRE(eventually([&] { return record.destroyed == 2; }));
  CHECK_FALSE(record.threads().empty());
  CHECK_FALSE(record.threads().contains(http_thread.load()));
}

TEST_CASE("a slow sink holds the client back, with two pieces in memory", "[http][sink]") {
  constexpr std::size_t kSize = 40u << 20;
  SinkRecord record;
  record.close_gate();
  TestServer server{upload_site(record)};
  Client client{server.port};
  const auto body = sample(kSize);
  std::atomic<std::size_t> sent{0};
  std::jthread sender{[&] {
    client.try_send(post_head("/up", kSize));
    for (std::size_t at = 0; at < kSize; at += 65536) {
      if (!client.try_send(std::string_view{body}.substr(at, 65536))) return;
      sent += 65536;
    }
  }};
  const auto held = [&] { return server.server.counters().body_bytes; };
  // One piece is with the sink, the next one is full: the session has stopped reading.
  const auto is_stuck = [&] { return held() > 2 * (kPiece - http::IoThread::kReadBytes); };
  REQUIRE(eventually(is_stuck));
  CHECK(eventually([&] { return record.pieces == 1; }));
  std::size_t most = 0;
  for (std::size_t piece = 2; piece < 40; ++piece) {
    record.let_one_through();
    REQUIRE(eventually([&] { return record.pieces == piece && is_stuck(); }));
    most = std::max(most, held());
  }
  CHECK(most <= 2 * kPiece);
  CHECK(sent < kSize);
  record.open_gate();
  CHECK(client.read_reply().body == body);
  CHECK(record.overlaps == 0);
  CHECK(held() == 0);
}

TEST_CASE("the body time-out is for slow clients, not for slow sinks", "[http][sink]") {
  SinkRecord record;
  record.close_gate();
  TestServer server{upload_site(record), {.body_timeout = 1s, .idle_timeout = 2s}};
  Client client{server.port};
  client.send(post_head("/up", 1000) + sample(1000));
  REQUIRE(eventually([&] { return record.pieces == 1; }));
  Client clock{server.port};
  CHECK(clock.is_closed());  // after two seconds
  record.open_gate();
  CHECK(client.read_reply().status == 201);

  client.send(post_head("/up", 1000) + sample(999));
  CHECK(client.read_reply().status == 408);
  CHECK(client.is_closed());
  CHECK(eventually([&] { return record.destroyed == 2; }));
  CHECK(record.finished == 1);
}

TEST_CASE("a client that goes away drops its sink unfinished, after the last that came",
          "[http][sink]") {
  SinkRecord record;
  std::size_t sent = 0;
  TestServer server{upload_site(record)};
  SECTION("before a piece is full") {
    Client client{server.port};
    client.send(post_head("/up", 1'000'000) + sample(sent = 1000));
    REQUIRE(eventually([&] { return record.made == 1; }));
  }
  SECTION("between two pieces") {
    Client client{server.port};
    client.send(post_head("/up", 1'000'000) + sample(sent = 900'000));
    REQUIRE(eventually([&] { return record.bytes > 500'000; }));
  }
  SECTION("while a piece is written") {
    record.close_gate();
    {
      Client client{server.port};
      client.send(post_head("/up", 1'000'000) + sample(sent = 300'000));
      REQUIRE(eventually([&] { return record.pieces == 1; }));
    }
    REQUIRE(eventually([&] { return server.server.counters().open == 0; }));
    CHECK(record.destroyed == 0);  // not under the write
    record.open_gate();
  }
  CHECK(eventually([&] { return record.destroyed == 1; }));
  CHECK(record.bytes == sent);
  CHECK(record.overlaps == 0);
  CHECK(record.finished == 0);
  CHECK(eventually([&] { return server.server.counters().body_bytes == 0; }));
}

TEST_CASE("an error of the sink reaches the client with the status of its kind", "[http][sink]") {
  struct Case {
    Error error;
    int status;
  };
  const auto disk = [](int error_number) { return system_error("write blob", "x", error_number); };
  for (const auto& [error, status] :
       {Case{{Code::DataInvalid, "bad part"}, 400}, Case{{Code::InvalidArgument, "two files"}, 400},
        Case{{Code::Exhausted, "value too long"}, 413}, Case{disk(ENOSPC), 507},
        Case{disk(EDQUOT), 507}, Case{disk(EFBIG), 413}, Case{disk(EMFILE), 503},
        Case{disk(EIO), 500}, Case{{Code::NotFound, "no such upload"}, 404},
        Case{{Code::Conflict, "elsewhere"}, 409}, Case{{Code::Unavailable, "busy"}, 503},
        Case{{Code::Internal, "no"}, 500}}) {
    INFO(error.message);
    SinkRecord record;
    record.write_error = error;
    record.fails_after = 500'000;
    TestServer server{upload_site(record)};
    Client client{server.port};
    client.try_send(post_head("/up", 3'000'000) + sample(3'000'000));
    const auto reply = client.read_reply();
    CHECK(reply.status == status);
    CHECK(reply.body.find(error.message) != std::string::npos);
    CHECK(reply.headers.at("connection") == "close");
    CHECK(eventually([&] { return record.destroyed == 1; }));
    CHECK(server.server.counters().requests == 0);  // the handler was not called
  }
}

TEST_CASE("an error at the end of the body is one too", "[http][sink]") {
  SinkRecord record;
  record.finish_error = Error{Code::DataInvalid, "closing boundary is missing"};
  TestServer server{upload_site(record)};
  Client client{server.port};
  client.send(post_head("/up", 3) + "abc" + get("/next"));
  const auto reply = client.read_reply();
  CHECK(reply.status == 400);
  CHECK(reply.body.find("closing boundary is missing") != std::string::npos);
  CHECK(client.is_closed());
}

TEST_CASE("what a sink throws is a 500 without its text", "[http][sink]") {
  SinkRecord record;
  record.throws = true;
  TestServer server{upload_site(record)};
  Client client{server.port};
  client.send(post_head("/up", 3) + "abc");
  const auto reply = client.read_reply();
  CHECK(reply.status == 500);
  CHECK(reply.body.find("secret") == std::string::npos);
}

TEST_CASE("requests that were sent along with an upload are answered after it", "[http][sink]") {
  SinkRecord record;
  TestServer server{upload_site(record)};
  Client client{server.port};
  const auto body = sample(400'000);
  std::jthread sender{[&] {
    client.try_send(get("/a") + post_head("/up", body.size()) + body + get("/b") +
                    chunked_post("/up", body, 65'536) + post_head("/c", 2) + "xy");
  }};
  CHECK(client.read_reply().body == "GET /a ");
  CHECK(client.read_reply().body == body);
  CHECK(client.read_reply().body == "GET /b ");
  CHECK(client.read_reply().body == body);
  CHECK(client.read_reply().body == "POST /c xy");
}

TEST_CASE("a client that expects 100 Continue gets it before its body goes to the sink",
          "[http][sink]") {
  SinkRecord record;
  TestServer server{upload_site(record)};
  Client client{server.port};
  client.send(post_head("/up", 400'000, "Expect: 100-continue\r\n"));
  CHECK(client.read_reply().status == 100);
  const auto body = sample(400'000);
  client.send(body);
  CHECK(client.read_reply().body == body);
}

TEST_CASE("a body above the limit is refused before anything goes to a sink", "[http][sink]") {
  SinkRecord record;
  TestServer server{upload_site(record, 1'000'000)};
  Client announced{server.port};
  announced.send(post_head("/up", 1'000'001, "Expect: 100-continue\r\n"));
  CHECK(announced.read_reply().status == 413);
  CHECK(eventually([&] { return record.destroyed == 1; }));
  CHECK(record.pieces == 0);

  Client chunked{server.port};
  chunked.try_send(chunked_post("/up", sample(1'200'000), 100'000));
  CHECK(chunked.read_reply().status == 413);
  CHECK(eventually([&] { return record.destroyed == 2; }));
  CHECK(record.bytes <= 1'000'000);
  CHECK(record.finished == 0);
}

TEST_CASE("a malformed chunk drops the sink", "[http][sink]") {
  SinkRecord record;
  TestServer server{upload_site(record)};
  Client client{server.port};
  auto text = chunked_post("/up", sample(600'000), 300'000);
  text.replace(text.rfind("0\r\n\r\n"), 1, "x");
  client.send(text);
  CHECK(client.read_reply().status == 400);
  CHECK(eventually([&] { return record.destroyed == 1; }));
  CHECK(record.finished == 0);
}

TEST_CASE("stopping lets an upload end, and cuts one that takes too long", "[http][sink][drain]") {
  SinkRecord record;
  TestServer server{upload_site(record)};
  Client client{server.port};
  client.send(post_head("/up", 400'000) + sample(300'000));
  REQUIRE(eventually([&] { return record.pieces == 1; }));
  SECTION("it ends") {
    Client idle{server.port};
    idle.send(get("/"));
    CHECK(idle.read_reply().status == 200);
    std::jthread stopping{[&] { server.server.stop(10s); }};
    CHECK(idle.is_closed());
    client.send(sample(100'000));
    const auto reply = client.read_reply();
    CHECK(reply.status == 201);
    CHECK(reply.headers.at("connection") == "close");
    stopping.join();
    CHECK(record.finished == 1);
  }
  SECTION("it is cut") {
    server.server.stop(0ms);
    CHECK(client.is_closed());
    CHECK(record.finished == 0);
  }
  CHECK(eventually([&] { return record.destroyed == 1; }));
}

TEST_CASE("a site whose plan of a body fails answers 500", "[http][sink]") {
  SinkRecord record;
  auto site = upload_site(record);
  site.plan_body = [](const http::Request&) -> http::BodyPlan {
    throw std::runtime_error{"secret"};
  };
  TestServer server{std::move(site)};
  Client client{server.port};
  client.send(post_head("/up", 3) + "abc");
  CHECK(client.read_reply().status == 500);
  CHECK(client.is_closed());
}
