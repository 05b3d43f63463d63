// Two processes at one database and one store: one of them is frozen in the midst of its work until
// the other has taken over and finished, and then goes on.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/base/random.hpp"
#include "job_place.hpp"
#include "tests/fixtures/child_process.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace std::chrono_literals;
using test::ChildProcess;
using test::JobPlace;
using test::must;
using test::numbers;

namespace {

constexpr int kFrozenJobs = 6, kFrozenBatches = 40, kRows = 25;
constexpr std::chrono::milliseconds kLease{3'000};

// The words that start this program again as an engine called `name` over the folder and database.
std::vector<std::string> child_words(const JobPlace& place, const std::string& name) {
  return {"env",
          "MR_FREEZE_FOLDER=" + place.folder().string(),
          "MR_FREEZE_DATABASE=" + place.database().address,
          "MR_FREEZE_PASSWORD=" + place.database().password_file,
          "MR_FREEZE_NAME=" + name,
          std::filesystem::read_symlink("/proc/self/exe").string(),
          "[.freeze_child]"};
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

template <class Condition>
void await(const char* what, const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 90s;
  while (!condition()) {
    INFO(what);
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(2ms);
  }
}

// An engine in a process of its own, which tells in a file how many jobs it has.
class Engine {
 public:
  Engine(const JobPlace& place, std::string name)
      : file_{place.folder() / (name + ".running")}, child_{child_words(place, name)} {
    await("an engine starts", [this] { return told().has_value(); });
  }
  void freeze() const { child_.signal(SIGSTOP); }
  // Lets it go on, and waits until it has given up what it had.
  void thaw() const {
    std::filesystem::remove(file_);
    child_.signal(SIGCONT);
    await("an engine gives up what it lost", [this] { return told() == 0; });
  }
  [[nodiscard]] std::optional<int> told() const {
    int running = 0;
    std::ifstream in{file_};
    return in >> running ? std::optional{running} : std::nullopt;
  }

 private:
  std::filesystem::path file_;
  ChildProcess child_;
};

class Mill {
 public:
  explicit Mill(std::uint64_t seed) : random_{seed} {
    place_.settings.lease = kLease;
    place_.open(false);
    engines_[0].emplace(place_, "left");
    engines_[1].emplace(place_, "right");
  }

  // Freezes an engine at a random moment of its work; checks all that was made.
  void round(int number) {
    std::vector<JobId> ids;
    for (int job = 0; job < kFrozenJobs; ++job) {
      const auto name = fmt::format("{}-{}", number, job);
      ids.push_back(place_.submit(place_.pipeline(
          {{"batches", kFrozenBatches},
           {"rows", kRows},
           {"events", true},
           {"pause_us", static_cast<std::int64_t>(5'000 + random_.next() % 30'000)}},
          "list" + name, "log" + name)));
    }
    await("an engine has work", [this] { return busy() != nullptr; });
    std::this_thread::sleep_for(std::chrono::milliseconds{random_.next() % 1'200});
    const Engine* frozen = busy();
    if (frozen == nullptr) frozen = &*engines_[0];  // all are done already
    frozen->freeze();
    for (const auto id : ids) {
      const Job job = place_.wait_until_final(id);
      INFO("round " << number << " job " << id.value << " " << job.error.dump());
      CHECK(job.state == JobState::Finished);
      takeovers_ += job.token > 1 ? 1 : 0;
    }
    // Stale bytes may be the same as those in their place: the time tells that they were written.
    const auto before = written_at(number);
    frozen->thaw();
    CHECK(written_at(number) == before);
    for (int job = 0; job < kFrozenJobs; ++job)
      check(number, job, ids[static_cast<std::size_t>(job)]);
  }

  // When the outputs of a round were written last.
  std::vector<std::filesystem::file_time_type> written_at(int number) const {
    std::vector<std::filesystem::file_time_type> times;
    for (int job = 0; job < kFrozenJobs; ++job) {
      for (const char* kind : {"list", "log"}) {
        const auto name = fmt::format("{}{}-{}", kind, number, job);
        times.push_back(std::filesystem::last_write_time(place_.folder() / "store/z0/out" / name));
      }
    }
    return times;
  }

  void check(int number, int job, JobId id) {
    const auto name = fmt::format("{}-{}", number, job);
    INFO("job " << name);
    const bool is_whole =
        place_.read("list" + name) == numbers(std::int64_t{kFrozenBatches} * kRows);
    CHECK(is_whole);
    std::multiset<std::int64_t> lines;
    std::istringstream log{place_.read("log" + name).value_or("")};
    for (std::string line; std::getline(log, line);)
      lines.insert(Json::parse(line).value("line", std::int64_t{0}));
    CHECK(lines.size() == kFrozenBatches * kRows + 1);
    CHECK(std::set<std::int64_t>(lines.begin(), lines.end()).size() == lines.size());
    const auto journal = place_.journal(id);
    CHECK(std::count(journal.begin(), journal.end(), "finished") == 1);
  }
  [[nodiscard]] int takeovers() const { return takeovers_; }

 private:
  const Engine* busy() {
    for (const auto& engine : engines_) {
      if (engine->told().value_or(0) > 0) return &*engine;
    }
    return nullptr;
  }

  SeededRandom random_;
  JobPlace place_{SqlDialect::MySql};
  std::optional<Engine> engines_[2];
  int takeovers_ = 0;
};

void freeze_and_check(int rounds) {
  const std::uint64_t seed = system_random().next();
  WARN("seed " << seed);
  Mill mill{seed};
  for (int round = 0; round < rounds; ++round) mill.round(round);
  WARN("freezes " << rounds << ", jobs taken over " << mill.takeovers());
  CHECK(mill.takeovers() > 0);
}

}  // namespace

// Not a test: one of the two engines.
TEST_CASE("child of the freeze test", "[.freeze_child]") {
  REQUIRE_FALSE(variable("MR_FREEZE_NAME").empty());
  DatabaseSettings database;
  database.address = variable("MR_FREEZE_DATABASE");
  database.password_file = variable("MR_FREEZE_PASSWORD");
  JobPlace place{std::filesystem::path{variable("MR_FREEZE_FOLDER")}, database};
  place.settings.lease = kLease;
  place.settings.holder = variable("MR_FREEZE_NAME");
  place.open();
  const auto file = place.path(place.settings.holder + ".running");
  while (true) {  // until it is killed
    std::ofstream{file + ".new"} << place.service().counters().running << '\n';
    std::filesystem::rename(file + ".new", file);
    std::this_thread::sleep_for(5ms);
  }
}

TEST_CASE("an engine that was frozen until another had its jobs writes nothing any more",
          "[job][fencing][freeze]") {
  freeze_and_check(2);
}

TEST_CASE("200 freezes of three leases leave no stale byte", "[.long][freeze200]") {
  freeze_and_check(200);
}
