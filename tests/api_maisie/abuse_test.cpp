// Requests that cost a server more than they should, over real HTTP: each is answered soon, and so
// is everybody else meanwhile.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <time.h>
#include <vector>

#include <catch2/catch.hpp>

#include "api/maisie/page.hpp"
#include "engine/catalog/revision.hpp"
#include "tests/api_maisie/registry_server.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace std::chrono_literals;
using test::must;
using test::RegistryServer;

namespace {

// Of processor time, with sanitizers; the square of the sizes takes minutes.
constexpr auto kSoon = 5s;
constexpr auto kAnswered = 30s;  // on a machine that does other things too

// {"key0": 0, "key1": 0, ...}, as a text: putting it together must not be what is slow.
std::string object_of(std::size_t members) {
  std::string text{"{"};
  for (std::size_t i = 0; i < members; ++i)
    text += fmt::format("{}\"key{}\":0", i == 0 ? "" : ",", i);
  return text + "}";
}

RegistryServer::Answer put(RegistryServer& server, std::string_view body) {
  return server.send("PUT", "/api/v1/projects/999/", {"Content-Type: application/json"}, body);
}

// Processor time of this process, in which the server is.
std::chrono::nanoseconds used() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

template <class Function>
std::chrono::nanoseconds took(const Function& function) {
  const auto begun = used();
  function();
  return used() - begun;
}

void add_project(RegistryServer& server) {
  server.sign_in();
  REQUIRE(server.form("POST", "/api/v1/workspaces/", "name=w").status == 200);
  REQUIRE(server.form("POST", "/api/v1/projects/", "name=p&workspace_id=1").status == 200);
}

}  // namespace

TEST_CASE("a body of very many members is refused soon, whoever sends it", "[maisie][abuse]") {
  RegistryServer server{SqlDialect::Sqlite};
  const auto many = object_of(120'000);
  for (const auto& body : {many, R"({"payload":)" + many + "}"}) {
    int status = 0;
    CHECK(took([&] { status = put(server, body).status; }) < kSoon);
    CHECK((status == 400 || status == 413));
  }
  std::string list{"["};
  while (list.size() < 900'000) list += "{},";
  const auto answer =
      server.send("POST", "/api/v1/auth/login/", {"Content-Type: application/json"}, list + "{}]");
  CHECK(answer.status == 400);
  INFO(answer.text);
  CHECK(answer.text.find("more than 50000 values") != std::string::npos);
}

TEST_CASE("as many members as are allowed are read in linear time", "[maisie][abuse]") {
  RegistryServer server{SqlDialect::Sqlite};
  const auto most = object_of(http::kUsualValues / 2 - 2);
  for (const auto& body : {most, R"({"payload":)" + most + "}"}) {
    int status = 0;
    CHECK(took([&] { status = put(server, body).status; }) < kSoon);
    CHECK(status == 404);
  }
}

TEST_CASE("others are answered while several such bodies are read", "[maisie][abuse]") {
  RegistryServer server{SqlDialect::Sqlite};
  add_project(server);
  const auto most = R"({"payload":)" + object_of(http::kUsualValues / 2 - 2) + "}";
  std::vector<int> statuses(4);
  std::vector<std::jthread> senders;
  for (int& status : statuses)
    senders.emplace_back([&server, &most, &status] { status = put(server, most).status; });
  for (int i = 0; i < 5; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    CHECK(server.send("GET", "/api/v1/projects/1/").status == 200);
    CHECK(std::chrono::steady_clock::now() - begun < kAnswered);
  }
  senders.clear();
  CHECK(statuses == std::vector<int>(4, 404));
}

TEST_CASE("logins queue behind each other, and nobody else does", "[maisie][abuse]") {
  RegistryServer server{SqlDialect::Sqlite};
  add_project(server);
  std::vector<int> statuses(12);
  std::atomic<int> answered{0};
  std::vector<std::jthread> senders;
  for (int& status : statuses) {
    senders.emplace_back([&server, &status, &answered] {
      status = server.form("POST", "/api/v1/auth/login/", "login=admin&password=admin").status;
      ++answered;
    });
  }
  for (int i = 0; i < 5; ++i) CHECK(server.send("GET", "/api/v1/projects/1/").status == 200);
  CHECK(answered < 12);
  senders.clear();
  CHECK(statuses == std::vector<int>(12, 200));
}

TEST_CASE("dictionaries and lists of names have limits that are known before anything is written",
          "[maisie][abuse]") {
  RegistryServer server{SqlDialect::Sqlite};
  add_project(server);
  REQUIRE(server.upload({{"project_id", "1"}}).status == 200);
  const auto change = [&](std::string_view field, const std::string& value) {
    return server.send("PUT", "/api/v1/models/1/",
                       {"Content-Type: application/json", server.bearer()},
                       fmt::format(R"({{"{}":{}}})", field, value));
  };
  const auto writes = server.catalog().counters().writes;
  CHECK(change("metrics", object_of(10'001)).status == 400);
  CHECK(change("metrics", fmt::format(R"({{"{}":1}})", std::string(256, 'm'))).status == 400);
  std::string names;
  for (int i = 0; i < 257; ++i) names += fmt::format("{}\"t{}\"", i == 0 ? "" : ",", i);
  CHECK(change("tags", "[" + names + "]").status == 400);
  CHECK(server.catalog().counters().writes == writes);
  CHECK(change("metrics", fmt::format(R"({{"{}":1}})", std::string(255, 'm'))).status == 200);
}

TEST_CASE("a page has a limit, whatever is asked for", "[maisie][abuse]") {
  RegistryServer server{SqlDialect::Sqlite};
  const auto page = server.send("GET", "/api/v1/projects/?per_page=5000");
  REQUIRE(page.status == 200);
  CHECK(page.body["pagination"]["per_page"] == maisie::Page::kLargest);
}

TEST_CASE("nested members are written and shown in linear time", "[maisie][abuse]") {
  RegistryServer server{SqlDialect::Sqlite};
  add_project(server);
  const auto nested = R"({"curve":)" + object_of(20'000) + "}";
  for (int model = 1; model <= 2; ++model)
    REQUIRE(server.upload({{"project_id", "1"}, {"metrics", nested}}).status == 200);
  CHECK(took([&] {
          CHECK(server.as_user("GET", "/api/v1/models/1/").data()["metrics"]["curve"].size() ==
                20'000);
        }) < 2 * kSoon);
  CHECK(took([&] {
          CHECK(server.as_user("GET", "/api/v1/models/compare/?ids=1,2").status == 200);
        }) < 2 * kSoon);
}

TEST_CASE("a project with very many names of metrics takes further ones, and is shown, soon",
          "[maisie][abuse]") {
  RegistryServer server{SqlDialect::Sqlite};
  add_project(server);
  // As thousands of models leave them.
  static constexpr std::size_t kNames = 30'000, kMore = 10'000;
  must(server.catalog().write_and_wait([](Connection& connection) -> Result<void> {
    MR_CHECK(next_revision(connection, "registry"));
    return connection.run(fmt::format(
        "INSERT INTO project_facets (project_id, kind, name, owner, uses, first_model, first_place)"
        " WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {})"
        " SELECT 1, 'metric', 'metric' || n, 0, 1, 1, n FROM numbers",
        kNames));
  }));
  CHECK(took([&] {
          CHECK(server.upload({{"project_id", "1"}, {"metrics", object_of(kMore)}}).status == 200);
        }) < kSoon);
  CHECK(took([&] {
          CHECK(server.as_user("GET", "/api/v1/projects/1/").data()["all_metrics"].size() ==
                kNames + kMore);
        }) < kSoon);
}
