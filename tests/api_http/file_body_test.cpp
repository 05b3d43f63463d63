#include <atomic>
#include <filesystem>
#include <optional>

#include <catch2/catch.hpp>

#include "engine/store/store.hpp"
#include "tests/api_http/client.hpp"
#include "tests/engine_base/temporary_folder.hpp"

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

/// A file of a folder, which counts how often it is read instead of sent.
class CountedFile final : public ObjectReader {
 public:
  CountedFile(std::unique_ptr<ReadableFile> file, std::atomic<int>& reads)
      : file_{std::move(file)}, reads_{reads} {}
  Result<std::size_t> read(std::span<char> buffer) override {
    ++reads_;
    return file_->read_at(0, buffer);
  }
  Result<void> seek(std::uint64_t) override { return {}; }
  int descriptor() const override { return file_->descriptor(); }

 private:
  std::unique_ptr<ReadableFile> file_;
  std::atomic<int>& reads_;
};

/// A server whose every answer is one file, said to have so many bytes.
struct FileServer {
  explicit FileServer(std::string_view bytes, std::size_t said = 0, http::Limits limits = {})
      : size{said > 0 ? said : bytes.size()} {
    write_file(folder.path() / "object", bytes);
    disk = *open_disk(folder.path(), DiskOwner::Others);
    server.emplace(
        [this](const std::shared_ptr<http::Request>&, const http::Reply& reply) {
          http::Response response;
          response.body = http::ObjectBody{
              .reader = std::make_shared<CountedFile>(*disk->open("object"), reads), .size = size};
          reply(std::move(response));
        },
        limits);
  }

  TemporaryFolder folder;
  std::unique_ptr<Disk> disk;
  std::size_t size;
  std::atomic<int> reads{0};
  std::optional<TestServer> server;
};

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"})
    ++count;
  return count;
}

}  // namespace

TEST_CASE("a file is sent whole and in part without being read", "[http][object][file]") {
  const auto bytes = sample(5'000'000);
  FileServer server{bytes};
  Client client{server.server->port};
  const auto ask = [&](std::string_view headers) {
    client.send(get("/", headers));
    return client.read_reply();
  };
  CHECK(ask("").body == bytes);
  CHECK(ask("Range: bytes=1000001-4999998\r\n").body == bytes.substr(1'000'001, 3'999'998));
  CHECK(ask("Range: bytes=-1\r\n").body == bytes.substr(4'999'999));
  client.send(get("/") + get("/", "Range: bytes=2-3\r\n"));
  CHECK(client.read_reply().body == bytes);
  CHECK(client.read_reply().body == bytes.substr(2, 2));
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(client.read_reply(true).headers.at("content-length") == "5000000");
  CHECK(server.reads == 0);
}

TEST_CASE("a file that is larger than one turn arrives whole", "[http][object][file]") {
  const auto bytes = sample(40'000'000);
  FileServer server{bytes};
  Client client{server.server->port};
  client.send(get("/"));
  CHECK(client.read_reply().body == bytes);
}

TEST_CASE("a file that is shorter than was said breaks the connection", "[http][object][file]") {
  FileServer server{sample(100'000), 200'000};
  Client client{server.server->port};
  client.send(get("/"));
  CHECK_THROWS_WITH(client.read_reply(), "body cut short");
  CHECK(eventually([&] { return server.server->server.counters().open == 0; }));
}

TEST_CASE("a client that does not take its file, or goes away, leaves nothing open",
          "[http][object][file]") {
  FileServer server{sample(40'000'000), 0, {.body_timeout = 1s}};
  const auto closes = [&] {
    return eventually([&] { return server.server->server.counters().open == 0; });
  };
  {
    Client first{server.server->port};
    first.send(get("/", "Range: bytes=0-1\r\n"));
    CHECK(first.read_reply().body == "ah");
  }
  REQUIRE(closes());
  const auto before = open_descriptors();
  {
    Client client{server.server->port, 4096};
    client.send(get("/"));
    client.read_until("\r\n\r\n");
    REQUIRE(closes());  // cut by the time-out
  }
  for (int i = 0; i < 10; ++i) {
    Client client{server.server->port};
    client.send(get("/"));
    client.read_until("\r\n\r\n");
  }
  REQUIRE(closes());
  CHECK(eventually([&] { return open_descriptors() == before; }));
}

TEST_CASE("stopping waits for a file that is being sent, for so long", "[http][object][file]") {
  const auto bytes = sample(40'000'000);
  FileServer server{bytes};
  Client client{server.server->port};
  client.send(get("/"));
  REQUIRE(eventually([&] { return server.server->server.counters().requests == 1; }));
  SECTION("taken") {
    std::jthread stopping{[&] { server.server->server.stop(10s); }};
    CHECK(client.read_reply().body == bytes);
    CHECK(client.is_closed());
  }
  SECTION("cut") {
    server.server->server.stop(0ms);
    CHECK_THROWS(client.read_reply());
  }
}
