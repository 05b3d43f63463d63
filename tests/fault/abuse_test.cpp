// What strangers, and those who are slow or many, may cost a real server: no memory, no descriptor
// that others need, and no answer.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/base/descriptor_limit.hpp"
#include "tests/api_http/client.hpp"
#include "tests/fault/served_pictures.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMiB = 1u << 20;
// Generous: these builds check every access, and the machine has other work.
constexpr auto kSoon = 2s;

struct Besieged {
  explicit Besieged(const std::vector<std::string>& options = {}, int open_files = 0)
      : server{data, options, open_files} {}

  [[nodiscard]] std::string head(std::string_view path, std::size_t size, bool signs_in) const {
    std::string token = read_file(data / "token");
    while (!token.empty() && token.back() == '\n') token.pop_back();
    return post_head(path, size, signs_in ? "Authorization: Bearer " + token + "\r\n" : "");
  }

  // Memory of the server in bytes.
  [[nodiscard]] std::size_t resident() const {
    std::ifstream status{fmt::format("/proc/{}/status", server.process())};
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6)) * 1024;
    }
    return 0;
  }

  // Asks, while others do what they do.
  void check_prompt(const std::string& method, const std::string& target,
                    const std::string& body = {}) const {
    const auto begun = Steady::now();
    const auto answer = ask(server, data, method, target, body);
    REQUIRE(answer);
    INFO(target << ' ' << answer->body.dump());
    CHECK(answer->status == 200);
    CHECK(Steady::now() - begun < kSoon);
  }

  TemporaryFolder folder;
  std::filesystem::path data = folder / "data";
  ServerProcess server;
};

std::unique_ptr<Client> connected(std::uint16_t port) { return std::make_unique<Client>(port); }

std::string large_pipeline() {
  return Json{{"ops", Json::array()}, {"note", std::string(3 * kMiB, 'x')}}.dump();
}

}  // namespace

TEST_CASE("bodies of strangers cost nothing", "[fault][abuse]") {
  const Besieged place;
  place.check_prompt("GET", "/jobs");
  const auto before = place.resident();
  std::vector<std::unique_ptr<Client>> strangers;
  for (int i = 0; i < 8; ++i) {
    auto client = connected(place.server.port());
    client->send(place.head(i % 2 == 0 ? "/jobs" : "/lost", 16 * kMiB, false));
    const auto begun = Steady::now();
    const auto reply = client->read_reply();
    CHECK(reply.status == (i % 2 == 0 ? 401 : 404));
    CHECK(reply.headers.at("connection") == "close");
    CHECK(Steady::now() - begun < kSoon);
    strangers.push_back(std::move(client));
  }
  // They send all the same.
  const auto megabyte = sample(kMiB);
  for (const auto& client : strangers) client->try_send(megabyte);
  place.check_prompt("GET", "/jobs");
  CHECK(place.resident() < before + 16 * kMiB);
}

TEST_CASE("large bodies that are slow wait in files, and end when they are too slow",
          "[fault][abuse]") {
  Besieged place;
  place.check_prompt("GET", "/jobs");
  const auto before = place.resident();
  // Eight that send much and then nearly nothing, eight that send a byte now and then.
  std::vector<std::unique_ptr<Client>> much, little;
  const auto most = sample(15 * kMiB);
  for (int i = 0; i < 8; ++i) {
    much.push_back(connected(place.server.port()));
    much.back()->send(place.head("/jobs", 16 * kMiB, true) + most);
    little.push_back(connected(place.server.port()));
    little.back()->send(place.head("/jobs", kMiB, true) + "{");
  }
  const auto begun = Steady::now();
  place.check_prompt("GET", "/jobs");
  place.check_prompt("POST", "/pipelines/validate", large_pipeline());
  CHECK(place.resident() < before + 64 * kMiB);
  CHECK(std::filesystem::is_empty(place.data / "bodies"));  // they have no name

  while (Steady::now() - begun < 28s) {
    for (const auto& client : much) client->try_send("x");
    for (const auto& client : little) client->try_send(" ");
    std::this_thread::sleep_for(500ms);
  }
  place.check_prompt("GET", "/jobs");
  for (const auto& client : little) {
    const auto reply = client->read_reply();
    CHECK(reply.status == 408);
    CHECK(reply.body.find("too slowly") != std::string::npos);
  }
  CHECK(Steady::now() - begun < 45s);
  CHECK(place.server.terminate() == 0);
}

TEST_CASE("idle connections take no descriptor that a request needs", "[fault][abuse]") {
  REQUIRE(raise_descriptor_limit() > 2'000);
  Besieged place{{}, 1'024};
  place.check_prompt("GET", "/jobs");
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 1'100; ++i) {
    idle.push_back(connected(place.server.port()));
    if (i % 2 == 0) idle.back()->try_send("GET ");
  }
  const auto log = [&] { return read_file(place.data.string() + "-server.log"); };
  CHECK(log().find("connections cut to what the limit of open files allows") != std::string::npos);

  // Those that wait for nothing make room for who wants something.
  std::this_thread::sleep_for(2s);
  for (int i = 0; i < 20; ++i) {
    place.check_prompt("GET", "/jobs");
    place.check_prompt("POST", "/pipelines/validate", large_pipeline());
    const auto ready = ask(place.server, place.data, "GET", "/readyz");
    REQUIRE(ready);
    CHECK(ready->status == 200);
  }
  std::vector<std::unique_ptr<Client>> uploads;
  for (int i = 0; i < 64; ++i) {
    uploads.push_back(connected(place.server.port()));
    uploads.back()->try_send(place.head("/pipelines/validate", large_pipeline().size(), true));
  }
  for (const auto& client : uploads) {
    client->send(large_pipeline());
    const auto reply = client->read_reply();
    INFO(reply.body);
    CHECK(reply.status == 200);
  }
  const auto text = log();
  CHECK(text.find("Too many open files") == std::string::npos);
  CHECK(text.find("errno 24") == std::string::npos);
  CHECK(place.server.is_running());
}
