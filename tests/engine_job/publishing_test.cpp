#include <chrono>
#include <filesystem>
#include <future>
#include <thread>

#include <catch2/catch.hpp>

#include "full_catalog.hpp"
#include "tests/engine_store/faulty_disk.hpp"
#include "tests/fixtures/log_lines.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::comes;
using test::JobPlace;
using test::must;
namespace fs = std::filesystem;

namespace {

fs::path target(const JobPlace& place, const std::string& name) {
  return place.folder() / "store/z0/out" / name;
}

// Leaves a job as a process does that dies between the renames of "list" and "log".
JobId die_between_renames(JobPlace& place) {
  const auto id = place.submit(place.pipeline({{"batches", 1}}, "list", "log"));
  std::promise<Result<JobStore::Lease>> leased;
  place.store_of_jobs().lease(id, 0, "the dead", 3'600s,
                              [&leased](auto lease) { leased.set_value(std::move(lease)); });
  const auto held = must(leased.get_future().get());
  const auto owner = stage_owner(id, held.token);
  for (const char* name : {"list", "log"}) {
    const auto uri = must(place.store().check(place.uri(name), {}, true));
    must(must(place.store().stage(uri, owner))->write(name));
  }
  std::promise<Result<void>> begun;
  place.store_of_jobs().begin_publish(
      held, {place.uri("list"), place.uri("log")}, {},
      [&begun](auto result) { begun.set_value(std::move(result)); });
  must(begun.get_future().get());
  must(place.store().publish(must(place.store().check(place.uri("list"), {}, true)), owner,
                             Publishing::First));
  return id;
}

// Says whether the store was asked to publish, and did not.
bool has_been_refused(const test::LogLines& log) {
  return !log.beginning("store does not take outputs of jobs").empty();
}

}  // namespace

TEST_CASE("a job whose second output cannot take its place publishes neither, and leaves nothing",
          "[job][publishing]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  fs::create_directories(target(place, "log") / "inner");
  const Job job =
      place.wait_until_final(place.submit(place.pipeline({{"batches", 1}}, "list", "log")));
  CHECK(job.state == JobState::Failed);
  CHECK(job.error["code"] == "conflict");
  CHECK_FALSE(place.read("list").has_value());
  CHECK(place.partials().empty());
  place.close();
}

TEST_CASE("the log of a job whose output cannot take its place tells of the failure",
          "[job][publishing]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  fs::create_directories(target(place, "list") / "inner");
  const Job job =
      place.wait_until_final(place.submit(place.pipeline({{"batches", 1}}, "list", "log")));
  CHECK(job.state == JobState::Failed);
  REQUIRE(place.read("log").has_value());
  CHECK(place.read("log")->find("failed") != std::string::npos);
  CHECK(place.partials().empty());
  place.close();
}

TEST_CASE("a job that died with one output published keeps publishing until the other can be",
          "[job][publishing]") {
  test::LogLines log;
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open(false);
  const auto id = die_between_renames(place);
  fs::create_directories(target(place, "log") / "inner");
  must(place.store_of_jobs().expire_leases());
  place.close();
  place.open();
  log.listen();
  const auto state = [&place, id] { return must(place.store_of_jobs().get(id)).state; };
  CHECK(comes([&] { return has_been_refused(log) || is_final(state()); }));
  CHECK(state() == JobState::Publishing);
  fs::remove_all(target(place, "log"));
  CHECK(place.wait_until_final(id).state == JobState::Finished);
  CHECK(place.read("list") == "list");
  CHECK(place.read("log") == "log");
  CHECK(place.partials().empty());
  place.close();
}

TEST_CASE("a job that has published one output keeps publishing until the other can be",
          "[job][publishing]") {
  test::LogLines log;
  test::DiskScript script;
  std::atomic<bool> is_blocked{false};
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  // The log comes first. Once it is visible, nobody looks at all outputs any more.
  script.during = [&place, &is_blocked] {
    if (!fs::exists(target(place, "log")) || is_blocked.exchange(true)) return;
    fs::create_directories(target(place, "list") / "inner");
  };
  place.open_disk = [&script](const fs::path& folder,
                              DiskOwner owner) -> Result<std::unique_ptr<Disk>> {
    MR_TRY(auto disk, open_disk(folder, owner));
    return std::unique_ptr<Disk>{std::make_unique<test::FaultyDisk>(std::move(disk), script)};
  };
  place.open();
  log.listen();
  const auto id = place.submit(place.pipeline({{"batches", 2}}, "list", "log"));
  const auto state = [&place, id] { return must(place.store_of_jobs().get(id)).state; };
  CHECK(comes([&] { return has_been_refused(log) || is_final(state()); }));
  CHECK(is_blocked);
  CHECK(state() == JobState::Publishing);
  CHECK(place.read("log").has_value());
  fs::remove_all(target(place, "list"));
  CHECK(place.wait_until_final(id).state == JobState::Finished);
  CHECK(place.read("list") == test::numbers(2));
  CHECK(place.partials().empty());
  place.close();
}
