#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/fault/served_pictures.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;

namespace {

constexpr int kRecords = 24;

// The server with its data folder, killed and started again by the test.
class Mill {
 public:
  Mill() : data_{folder_ / "data"} {
    write_pictures(store(), kRecords);
    start();
  }

  void start() { server_ = std::make_unique<ServerProcess>(data_); }
  void kill() { server_->kill(); }

  // Nothing when the server could not be asked.
  std::optional<Json> ask(const std::string& method, const std::string& target) {
    const auto answer = test::ask(*server_, data_, method, target);
    return answer ? std::optional<Json>{answer->body} : std::nullopt;
  }

  // The number of the job, whether this or an earlier attempt submitted it.
  std::optional<std::int64_t> submit(int number) {
    const auto answer = test::ask(*server_, data_, "POST", "/jobs", turn_pictures(number).dump());
    if (!answer || answer->status / 100 != 2) return std::nullopt;
    return answer->body.at("id").get<std::int64_t>();
  }

  [[nodiscard]] std::filesystem::path store() const { return data_ / "store"; }
  [[nodiscard]] std::filesystem::path out() const { return store() / "z0/out"; }

 private:
  TemporaryFolder folder_;
  std::filesystem::path data_;
  std::unique_ptr<ServerProcess> server_;
};

// Kills the server so often while it works on so many jobs; checks that all were done once.
void kill_and_check(int kills_wanted, int jobs, std::chrono::minutes patience) {
  const auto seed =
      static_cast<unsigned>(std::chrono::steady_clock::now().time_since_epoch().count());
  WARN("seed " << seed);
  std::mt19937 random{seed};
  std::uniform_int_distribution<int> moment{20, 600};  // ms
  Mill mill;

  std::map<int, std::int64_t> ledger;  // what we asked for -> the job we were promised
  int kills = 0;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  int next = 0;
  while (kills < kills_wanted || next < jobs) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{moment(random)};
    // Each life of the server takes its share of the submissions, so that all kinds of moments are
    // hit.
    const int share = next + jobs / kills_wanted;
    std::thread killer;
    if (kills < kills_wanted) {
      killer = std::thread{[&] {
        std::this_thread::sleep_until(until);
        mill.kill();
      }};
    }
    while (next < jobs && (next < share || kills >= kills_wanted)) {
      const auto id = mill.submit(next);
      if (!id) break;  // killed: the same key is sent again to the next life
      ledger[next] = *id;
      ++next;
    }
    if (killer.joinable()) {
      killer.join();
      ++kills;
      mill.start();
    }
  }
  REQUIRE(ledger.size() == static_cast<std::size_t>(jobs));
  CHECK(kills == kills_wanted);

  // Not lost, not stuck: every promised job ends, and well.
  for (const auto& [number, id] : ledger) {
    std::string state;
    while (state != "finished") {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      const auto job = mill.ask("GET", fmt::format("/jobs/{}", id));
      REQUIRE(job);
      state = job->at("state").get<std::string>();
      INFO(job->dump());
      REQUIRE((state == "queued" || state == "running" || state == "publishing" ||
               state == "finished"));
      if (state != "finished") std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
  }

  // Not doubled: one job for each key, and no others.
  std::set<std::int64_t> promised, known;
  for (const auto& [number, id] : ledger) promised.insert(id);
  CHECK(promised.size() == static_cast<std::size_t>(jobs));
  const auto listed = mill.ask("GET", "/jobs?limit=1000");
  REQUIRE(listed);
  for (const Json& job : listed->at("items")) known.insert(job.at("id").get<std::int64_t>());
  CHECK(known == promised);

  // Published once and whole: all outputs are those of a run that nobody disturbed.
  mill.submit(jobs);
  const std::string wanted = [&] {
    while (!std::filesystem::exists(mill.out() / fmt::format("{}.jsonlist", jobs))) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return output_hash(mill.store(), jobs);
  }();
  for (int number = 0; number < jobs; ++number) {
    INFO("job " << number);
    CHECK(output_hash(mill.store(), number) == wanted);
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator{mill.store()}) {
    INFO(entry.path());
    CHECK(entry.path().extension() != ".partial");
  }
}

}  // namespace

TEST_CASE("SIGKILL at random moments loses no job, doubles none, and leaves none stuck",
          "[fault][kill]") {
  kill_and_check(20, 200, std::chrono::minutes{10});
}

TEST_CASE("200 times SIGKILL over 500 jobs", "[.long][kill200]") {
  kill_and_check(200, 500, std::chrono::minutes{60});
}
