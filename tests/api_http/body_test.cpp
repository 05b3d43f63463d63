#include <atomic>
#include <cstring>

#include <catch2/catch.hpp>

#include "tests/api_http/client.hpp"

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

/// An object in memory; fails to be read from `broken_at` on.
class MemoryReader final : public ObjectReader {
 public:
  explicit MemoryReader(std::string bytes, std::size_t broken_at = std::string::npos)
      : bytes_{std::move(bytes)}, broken_at_{broken_at} {}
  Result<std::size_t> read(std::span<char> buffer) override {
    if (at_ >= broken_at_) return Error{Code::Io, "broken"};
    const auto size =
        std::min({buffer.size(), bytes_.size() - at_, broken_at_ - at_, std::size_t{40'000}});
    std::memcpy(buffer.data(), bytes_.data() + at_, size);
    at_ += size;
    return size;
  }
  Result<void> seek(std::uint64_t offset) override {
    at_ = offset;
    return {};
  }

 private:
  std::string bytes_;
  std::size_t broken_at_, at_ = 0;
};

http::Handler objects(std::string bytes, std::size_t broken_at = std::string::npos) {
  return [=](const std::shared_ptr<http::Request>&, const http::Reply& reply) {
    http::Response response{.headers = {{"ETag", "\"v1\""}, {"Content-Type", "image/png"}}};
    response.body = http::ObjectBody{.reader = std::make_shared<MemoryReader>(bytes, broken_at),
                                     .size = bytes.size()};
    reply(std::move(response));
  };
}

}  // namespace

TEST_CASE("an object is sent whole, in part, or not at all, as the range asks", "[http][object]") {
  const auto bytes = sample(1'000'000);
  TestServer server{objects(bytes)};
  Client client{server.port};
  const auto ask = [&](std::string_view headers) {
    client.send(get("/", headers));
    return client.read_reply();
  };
  const auto whole = ask("");
  CHECK(whole.status == 200);
  CHECK(whole.body == bytes);
  CHECK(whole.headers.at("accept-ranges") == "bytes");
  const auto part = ask("Range: bytes=300000-700000\r\n");
  CHECK(part.status == 206);
  CHECK(part.headers.at("content-range") == "bytes 300000-700000/1000000");
  CHECK(part.body == bytes.substr(300'000, 400'001));
  CHECK(ask("Range: bytes=-5\r\n").body == bytes.substr(999'995));
  const auto beyond = ask("Range: bytes=1000000-\r\n");
  CHECK(beyond.status == 416);
  CHECK(beyond.headers.at("content-range") == "bytes */1000000");
  CHECK(ask("Range: bytes=0-1, 3-4\r\n").status == 200);
  CHECK(ask("Range: bytes=0-1\r\nIf-Range: \"v1\"\r\n").status == 206);
  CHECK(ask("Range: bytes=0-1\r\nIf-Range: \"v0\"\r\n").status == 200);
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(client.read_reply(true).headers.at("content-length") == "1000000");
  CHECK(ask("Range: bytes=0-0\r\n").body == "a");
}

TEST_CASE("an empty object is an empty body", "[http][object]") {
  TestServer server{objects("")};
  Client client{server.port};
  client.send(get("/") + get("/"));
  CHECK(client.read_reply().body.empty());
  CHECK(client.read_reply().headers.at("content-length") == "0");
}

TEST_CASE("an object that breaks on the way breaks the connection", "[http][object]") {
  TestServer server{objects(sample(1'000'000), 500'000)};
  Client client{server.port};
  client.send(get("/"));
  CHECK_THROWS_WITH(client.read_reply(), "body cut short");
}

TEST_CASE("events arrive one by one, and closing is heard", "[http][events]") {
  std::mutex mutex;
  std::vector<http::EventBody::Sink> sinks;
  std::atomic<int> closed{0};
  TestServer server{[&](const std::shared_ptr<http::Request>&, const http::Reply& reply) {
    http::Response response;
    response.body = http::EventBody{.start =
                                        [&](http::EventBody::Sink sink) {
                                          const std::lock_guard lock{mutex};
                                          sinks.push_back(std::move(sink));
                                        },
                                    .closed = [&] { ++closed; }};
    reply(std::move(response));
  }};
  const auto sink = [&](std::size_t index) {
    REQUIRE(eventually([&] {
      const std::lock_guard lock{mutex};
      return sinks.size() > index;
    }));
    return sinks[index];
  };

  SECTION("the server ends the stream") {
    Client client{server.port};
    client.send(get("/"));
    const auto events = sink(0);
    CHECK(events.send("1", "state", "{\"a\":1}"));
    CHECK(client.read_until("data: {\"a\":1}\n\n").find("Content-Type: text/event-stream") !=
          std::string::npos);
    CHECK(events.send("2", "state", "two"));
    client.read_until("id: 2\nevent: state\ndata: two\n\n");
    events.end();
    client.read_until("0\r\n\r\n");
    CHECK(client.is_closed());
    CHECK(eventually([&] { return closed == 1; }));
    CHECK_FALSE(events.send("3", "", "late"));
  }
  SECTION("the client goes away") {
    auto client = std::make_unique<Client>(server.port);
    client->send(get("/"));
    const auto events = sink(0);
    client.reset();
    CHECK(eventually([&] { return closed == 1; }));
    CHECK_FALSE(events.send("1", "", "x"));
  }
  SECTION("a client that does not read is cut") {
    Client client{server.port, 4096};
    client.send(get("/"));
    const auto events = sink(0);
    const std::string data(50'000, 'x');
    CHECK(eventually([&] { return !events.send("", "", data); }));
    CHECK(eventually([&] { return closed == 1; }));
  }
  SECTION("HTTP/1.0 gets the events unframed") {
    Client client{server.port};
    client.send("GET / HTTP/1.0\r\n\r\n");
    const auto events = sink(0);
    events.send("", "", "a");
    events.end();
    const auto reply = client.read_reply();
    CHECK_FALSE(reply.headers.contains("transfer-encoding"));
    CHECK(reply.body == "data: a\n\n");
  }
  SECTION("stopping the server ends the stream") {
    Client client{server.port};
    client.send(get("/"));
    sink(0);
    server.server.stop(5s);
    client.read_until("0\r\n\r\n");
    CHECK(closed == 1);
  }
}
