// Jobs that wait for each other, on a server that is killed meanwhile.
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/fault/served_pictures.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;

TEST_CASE("a chain of jobs goes through many deaths of the server, each once and in order",
          "[fault][kill][after]") {
  constexpr int kJobs = 12;
  constexpr int kKills = 8;
  const auto seed =
      static_cast<unsigned>(std::chrono::steady_clock::now().time_since_epoch().count());
  WARN("seed " << seed);
  std::mt19937 random{seed};
  std::uniform_int_distribution<int> moment{50, 800};  // ms
  const TemporaryFolder folder;
  const auto data = folder / "data";
  write_pictures(data / "store", 12);
  auto server = std::make_unique<ServerProcess>(data);
  const auto job = [&](std::int64_t id) {
    const auto answer = ask(*server, data, "GET", fmt::format("/jobs/{}", id));
    REQUIRE(answer);
    return answer->body;
  };

  std::vector<std::int64_t> chain;
  for (int number = 0; number < kJobs; ++number) {
    auto submission = turn_pictures(number);
    if (!chain.empty()) submission["after"] = {{"job", chain.back()}, {"delay_s", number % 2}};
    const auto made = ask(*server, data, "POST", "/jobs", submission.dump());
    REQUIRE(made);
    REQUIRE(made->status == 202);
    chain.push_back(made->body.at("id").get<std::int64_t>());
  }
  for (int kills = 0; kills < kKills; ++kills) {
    std::this_thread::sleep_for(std::chrono::milliseconds{moment(random)});
    server->kill();
    server = std::make_unique<ServerProcess>(data);
  }

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{5};
  while (job(chain.back()).at("state") != "finished") {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  const std::string wanted = output_hash(data / "store", 0);
  std::string finished;
  for (int number = 0; number < kJobs; ++number) {
    const auto row = job(chain[static_cast<std::size_t>(number)]);
    INFO(row.dump());
    CHECK(row.at("state") == "finished");
    CHECK(row.at("started").get<std::string>() >= finished);
    finished = row.at("finished").get<std::string>();
    CHECK(output_hash(data / "store", number) == wanted);
  }
  const auto listed = ask(*server, data, "GET", "/jobs?limit=1000");
  REQUIRE(listed);
  CHECK(listed->body.at("items").size() == chain.size());
}
