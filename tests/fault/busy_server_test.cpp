// A server whose operators wait for somebody else: it answers all the same, and other jobs run.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/fault/served_pictures.hpp"
#include "tests/fixtures/hanging_server.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

using Steady = std::chrono::steady_clock;

// Generous: these builds check every access, and the machine has other work.
constexpr auto kPrompt = 1s;
constexpr auto kPatience = 2min;

template <typename Condition>
void wait_until(const Condition& condition) {
  const auto deadline = Steady::now() + kPatience;
  while (!condition()) {
    REQUIRE(Steady::now() < deadline);
    std::this_thread::sleep_for(5ms);
  }
}

// One server, asked from outside.
struct Place {
  explicit Place(std::vector<std::string> options)
      : server{data, with_plugins(std::move(options))} {}

  static std::vector<std::string> with_plugins(std::vector<std::string> options) {
    options.insert(options.end(),
                   {"--plugins", std::filesystem::path{MR_JOB_OPERATORS}.parent_path().string()});
    return options;
  }

  Answer asked(const std::string& method, const std::string& target, const std::string& body = {}) {
    const auto begin = Steady::now();
    const auto answer = ask(server, data, method, target, body);
    slowest = std::max<Steady::duration>(slowest, Steady::now() - begin);
    REQUIRE(answer);
    INFO(answer->body.dump());
    REQUIRE(answer->status / 100 == 2);
    return *answer;
  }

  std::int64_t submit(const Json& ops, const std::string& queue = "default") {
    const Json body{{"pipeline", {{"ops", ops}, {"queue", queue}}}};
    return asked("POST", "/jobs", body.dump()).body.at("id").get<std::int64_t>();
  }

  std::string state(std::int64_t job) {
    return asked("GET", fmt::format("/jobs/{}", job)).body.at("state").get<std::string>();
  }

  TemporaryFolder folder;
  std::filesystem::path data = folder / "data";
  std::filesystem::path gate = folder / "gate";
  ServerProcess server;
  Steady::duration slowest{};
};

Json trivial_job() {
  return {{{"name", "in"}, {"type", "input.numbers"}, {"postOps", {"out"}}},
          {{"name", "out"}, {"type", "output.nothing"}, {"preOps", {"in"}}}};
}

// An input, `nodes` that keep a thread each, and an output that they all lead to.
Json holding_job(int nodes, const std::filesystem::path& gate, bool is_deaf) {
  Json ops = Json::array();
  Json names = Json::array();
  for (int i = 0; i < nodes; ++i) {
    names.push_back(fmt::format("hold{}", i));
    ops.push_back({{"name", names.back()},
                   {"type", "filter.hold"},
                   {"preOps", {"in"}},
                   {"postOps", {"out"}},
                   {"params", {{"gate", gate.string()}, {"deaf", is_deaf}}}});
  }
  ops.push_back({{"name", "in"}, {"type", "input.numbers"}, {"postOps", names}});
  ops.push_back({{"name", "out"}, {"type", "output.nothing"}, {"preOps", names}});
  return ops;
}

int files_that_end_in(const std::filesystem::path& folder, std::string_view ending) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    count += entry.path().string().ends_with(ending) ? 1 : 0;
  return count;
}

std::string list_at(const HangingServer& server, int number) {
  return fmt::format("http://127.0.0.1:{}/{}.jsonlist", server.port(), number);
}

}  // namespace

TEST_CASE("a server answers, runs and aborts while operators keep every thread that they may",
          "[fault][pools]") {
  const int nodes = GENERATE(8, 64);
  const bool is_deaf = GENERATE(false, true);
  CAPTURE(nodes, is_deaf);
  const int share = nodes;  // all of them are in their call at once
  Place place{{"--workers", "2", "--waiting-share", std::to_string(share)}};
  const auto job = place.submit(holding_job(nodes, place.gate, is_deaf));
  wait_until([&] { return files_that_end_in(place.folder.path(), ".held") == nodes; });

  place.slowest = {};
  for (int i = 0; i < 20; ++i) {
    place.asked("GET", "/readyz");
    CHECK(place.state(job) == "running");
  }
  const auto other = place.submit(trivial_job());
  wait_until([&] { return place.state(other) == "finished"; });

  place.asked("POST", fmt::format("/jobs/{}/abort", job));
  const auto aborted = Steady::now();
  if (is_deaf) {
    CHECK(place.state(job) == "aborting");
    std::ofstream{place.gate};
  } else {
    wait_until([&] { return files_that_end_in(place.folder.path(), ".stopped") == nodes; });
    CHECK(Steady::now() - aborted < kPrompt);
  }
  const auto returned = Steady::now();
  wait_until([&] { return place.state(job) == "aborted"; });
  CHECK(Steady::now() - returned < kPrompt);
  CHECK(place.slowest < kPrompt);
}

TEST_CASE("a job may hold its share of the threads that wait, and the rest of its nodes take turns",
          "[fault][pools]") {
  Place place{{"--workers", "2", "--waiting-workers", "4", "--waiting-share", "3"}};
  const auto job = place.submit(holding_job(12, place.gate, false));
  wait_until([&] { return files_that_end_in(place.folder.path(), ".held") == 3; });
  // The fourth thread is there for others: this one has nodes that wait too, and an open gate.
  std::ofstream{place.folder / "open"};
  const auto other = place.submit(holding_job(2, place.folder / "open", false));
  wait_until([&] { return place.state(other) == "finished"; });
  CHECK(files_that_end_in(place.folder.path(), ".held") == 3 + 2);
  std::ofstream{place.gate};
  wait_until([&] { return place.state(job) == "finished"; });
  CHECK(files_that_end_in(place.folder.path(), ".held") == 12 + 2);
}

TEST_CASE("jobs that read from a server that hangs do not hold up a job of another queue",
          "[fault][pools]") {
  const HangingServer hanging;
  Place place{{"--workers", "2", "--queue", "other=1", "--allow-private"}};
  std::vector<std::int64_t> held;
  for (int i = 0; i < 2; ++i) {
    held.push_back(
        place.submit({{{"name", "in"},
                       {"type", "input.list"},
                       {"postOps", {"out"}},
                       {"params", {{"file", list_at(hanging, i)}}}},
                      {{"name", "out"}, {"type", "output.nothing"}, {"preOps", {"in"}}}}));
  }
  wait_until([&] {
    return std::all_of(held.begin(), held.end(),
                       [&](auto job) { return place.state(job) == "running"; });
  });
  const auto begin = Steady::now();
  const auto other = place.submit(trivial_job(), "other");
  wait_until([&] { return place.state(other) == "finished"; });
  CHECK(Steady::now() - begin < 5s);
  for (const auto job : held) {
    CHECK(place.state(job) == "running");
    place.asked("POST", fmt::format("/jobs/{}/abort", job));
  }
  const auto aborted = Steady::now();
  for (const auto job : held) wait_until([&] { return place.state(job) == "aborted"; });
  CHECK(Steady::now() - aborted < 5s);
}
