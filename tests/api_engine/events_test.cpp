#include <catch2/catch.hpp>

#include "tests/api_engine/served.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;

namespace {

struct Event {
  std::int64_t id = 0;  // 0: none
  std::string kind;
  Json data;
};

/// Takes a stream of events apart.
std::vector<Event> read_events(std::string_view text) {
  std::vector<Event> events;
  Event event;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with("id: ")) event.id = std::stoll(std::string{line.substr(4)});
    if (line.starts_with("event: ")) event.kind = line.substr(7);
    if (line.starts_with("data: ")) event.data = Json::parse(line.substr(6));
    if (line.empty() && !event.kind.empty()) events.push_back(std::exchange(event, {}));
  }
  return events;
}

std::vector<Event> follow(Served& server, std::int64_t id, std::string_view headers = {},
                          std::string_view query = {}) {
  const auto answer = server.ask("GET", fmt::format("/jobs/{}/events{}", id, query), {}, headers);
  REQUIRE(answer.status == 200);
  CHECK(answer.headers.at("content-type") == "text/event-stream");
  return read_events(answer.text);
}

std::vector<Event> journal(std::vector<Event> events) {
  std::erase_if(events, [](const Event& event) { return event.id == 0; });
  return events;
}

}  // namespace

TEST_CASE("the journal of a job is followed to its end", "[api][engine][events]") {
  Served server;
  const auto id = server.submit(server.copy_pipeline("a", 50));
  const auto events = journal(follow(server, id));
  REQUIRE(events.size() >= 3);
  CHECK(events.front().kind == "queued");
  CHECK(events.back().kind == "finished");
  for (std::size_t i = 0; i < events.size(); ++i) {
    CHECK(events[i].id == static_cast<std::int64_t>(i + 1));
    CHECK(events[i].data["time"].get<std::string>().ends_with("Z"));
  }
}

TEST_CASE("a client that comes back gets only what it has not seen", "[api][engine][events]") {
  Served server;
  const auto id = server.submit(server.copy_pipeline("a"));
  const auto all = journal(follow(server, id));
  REQUIRE(all.size() >= 3);
  const auto seen = all[1].id;
  const auto rest = journal(follow(server, id, fmt::format("Last-Event-ID: {}\r\n", seen)));
  REQUIRE(rest.size() == all.size() - 2);
  CHECK(rest.front().id == seen + 1);
  CHECK(journal(follow(server, id, {}, fmt::format("?after={}", all.back().id))).empty());
}

TEST_CASE("events of a job that waits come when it moves", "[api][engine][events]") {
  Served server;
  const auto id = server.submit(server.copy_pipeline("long", 300'000));
  Client client{server.port()};
  client.send(fmt::format(
      "GET /jobs/{}/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", id,
      server.token()));
  client.read_until("event: queued");
  REQUIRE(server.ask("POST", fmt::format("/jobs/{}/abort", id)).status == 200);
  client.read_until("event: aborted");
  client.read_until("0\r\n\r\n");
  CHECK(client.is_closed());
}

TEST_CASE("progress in the events has the members that it has in the job's row",
          "[api][engine][events]") {
  Served server;
  const auto id = server.submit(server.copy_pipeline("long", 300'000));
  Client client{server.port()};
  client.send(fmt::format(
      "GET /jobs/{}/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", id,
      server.token()));
  client.read_until("event: progress");
  const auto text = client.read_until("}\n");
  const auto progress = Json::parse(text.substr(text.find('{')));
  INFO(progress.dump());
  CHECK(progress.contains("per_second"));
  CHECK(progress.contains("done"));
  CHECK(progress.contains("counts"));
  CHECK_FALSE(progress.contains("perSecond"));
  REQUIRE(server.ask("POST", fmt::format("/jobs/{}/abort", id)).status == 200);
  server.wait(id);
}

TEST_CASE("a client that goes away leaves nothing behind", "[api][engine][events]") {
  Served server;
  const auto id = server.submit(server.copy_pipeline("long", 300'000));
  for (int i = 0; i < 20; ++i) {
    Client client{server.port()};
    client.send(fmt::format(
        "GET /jobs/{}/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", id,
        server.token()));
    client.read_until("event: queued");
  }
  REQUIRE(server.ask("POST", fmt::format("/jobs/{}/abort", id)).status == 200);
  CHECK(server.wait(id)["state"] == "aborted");
}
