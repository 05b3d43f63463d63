// Processes that are killed between what a job changes in the catalog and its end.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/base/random.hpp"
#include "mortal_scheduler.hpp"
#include "tagging_jobs.hpp"
#include "tests/engine_store/faulty_disk.hpp"
#include "tests/fixtures/child_process.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::must;
using test::tag_count;
using test::tagging;
using test::unseen_count;
namespace fs = std::filesystem;

namespace {

// The words that start this program again as an engine over the place, with one job.
std::vector<std::string> child_words(const JobPlace& place, const JobRequest& request,
                                     const std::string& what) {
  return {"env",
          "MR_CHANGES_FOLDER=" + place.folder().string(),
          "MR_CHANGES_DATABASE=" + place.database().address,
          "MR_CHANGES_PASSWORD=" + place.database().password_file,
          "MR_CHANGES_PIPELINE=" + request.pipeline->dump(),
          "MR_CHANGES_WHAT=" + what,
          fs::read_symlink("/proc/self/exe").string(),
          "[.changes_child]"};
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool has_checkpoint(const JobPlace& place) {
  const auto database = must(open_database(place.database()));
  const auto found = must(must(database->connect())->query("SELECT COUNT(*) FROM job_checkpoints"));
  return integer(found.rows.at(0).at(0)) > 0;
}

// Lets an engine work at the job until it has made a file, and a checkpoint where it makes some,
// and kills it there.
void die_at(const JobPlace& place, const JobRequest& request, const std::string& what,
            const std::string& file) {
  fs::remove(place.path(file));
  test::ChildProcess child{child_words(place, request, what)};
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!fs::exists(place.path(file)) || (what == "checkpoints" && !has_checkpoint(place))) {
    REQUIRE(child.is_running());
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(5ms);
  }
  child.kill();
}

JobRequest only_job(Json pipeline) {
  JobRequest request;
  request.pipeline = std::move(pipeline);
  request.idempotency_key = "only";
  return request;
}

// What the next start finds of the job, whose leases are over.
JobId look(JobPlace& place) {
  place.open(false);
  must(place.store_of_jobs().expire_leases());
  const auto jobs = must(place.store_of_jobs().list({}));
  REQUIRE(jobs.size() == 1);
  return jobs[0].id;
}

}  // namespace

// Not a test: what the process does that is killed.
TEST_CASE("child of the tests of changes", "[.changes_child]") {
  DatabaseSettings database;
  database.address = variable("MR_CHANGES_DATABASE");
  database.password_file = variable("MR_CHANGES_PASSWORD");
  REQUIRE_FALSE(database.address.empty());
  test::DiskScript script;
  JobPlace place{variable("MR_CHANGES_FOLDER"), database};
  const std::string what = variable("MR_CHANGES_WHAT");
  if (what == "no checkpoints") place.settings.checkpoint_every = 1h;
  place.open_disk = [&script](const fs::path& folder,
                              DiskOwner owner) -> Result<std::unique_ptr<Disk>> {
    MR_TRY(auto disk, open_disk(folder, owner));
    return std::unique_ptr<Disk>{std::make_unique<test::FaultyDisk>(std::move(disk), script)};
  };
  place.open();
  if (what == "publishing") {  // no output gets its place
    const std::lock_guard lock{script.mutex};
    script.failing = "rename";
  }
  const auto id = place.submit(only_job(Json::parse(variable("MR_CHANGES_PIPELINE"))));
  if (what == "publishing") {
    place.wait_for(id, JobState::Publishing);
    place.touch("publishing");
  }
  place.wait_until_final(id);
  place.close();
}

TEST_CASE(
    "a job that is killed behind its changes leaves none, and makes each once when it goes on",
    "[job][changes][kill]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const std::string what = GENERATE("checkpoints", "no checkpoints");
  const int rows = GENERATE(3, 2'600);  // kept, or from the third batch on not seen
  CAPTURE(what, rows);
  const auto request = only_job(
      tagging(place, {{"batches", 4}, {"rows", rows}},
              {{"together", true}, {"gate", place.path("gate")}, {"gate_at", 2 * rows}}, "list"));
  die_at(place, request, what, "gate.reached");
  const auto id = look(place);
  CHECK(tag_count(place) == 0);
  CHECK((unseen_count(place) > 0) == (rows > 1'000));
  CHECK(must(place.store_of_jobs().last_checkpoint(id)).has_value() == (what == "checkpoints"));
  place.close();
  die_at(place, request, what, "gate.reached");  // and again, where it went on
  CHECK(look(place) == id);
  CHECK(tag_count(place) == 0);
  place.close();
  place.touch("gate");
  place.open();
  const Job job = place.wait_until_final(id);
  INFO(job.error.dump());
  CHECK(job.state == JobState::Finished);
  CHECK(job.token == 3);
  CHECK(tag_count(place) == 4 * rows);
  place.close();
  place.open(false);
  CHECK(unseen_count(place) == 0);
  place.close();
}

TEST_CASE("a job that is killed while it publishes makes its changes when that goes on",
          "[job][changes][kill]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const bool is_taken = GENERATE(false, true);
  const int rows = GENERATE(2, 2'600);
  const auto request =
      only_job(tagging(place, {{"batches", 3}, {"rows", rows}}, {{"together", true}}, "list"));
  die_at(place, request, "publishing", "publishing");
  const auto id = look(place);
  CHECK(must(place.store_of_jobs().get(id)).state == JobState::Publishing);
  CHECK(tag_count(place) == 0);
  CHECK_FALSE(must(place.store_of_jobs().changes(id)).empty());
  // Where the name is given to another row meanwhile, it comes too late for the outputs.
  if (is_taken && rows == 2)
    must(place.catalog().change(
        {{"entity", "tags"}, {"action", "insert"}, {"set", {{"name", "tag1"}}}}, {}));
  place.close();
  place.open();
  const Job job = place.wait_until_final(id);
  CHECK(place.read("list") == test::numbers(3 * rows));
  if (is_taken && rows == 2) {
    CHECK(job.state == JobState::Failed);
    CHECK(job.error["code"] == "conflict");
    CHECK(job.error["node"] == "tag");
    CHECK(job.error["message"].get<std::string>().find("outputs of the job are published") !=
          std::string::npos);
    CHECK(tag_count(place) == 1);
    const Batch outputs = must(place.catalog().query({{"entity", "job_outputs"}}));
    REQUIRE(outputs.rows() == 1);
    CHECK(outputs.column<std::string_view>("state").value(0) == "published");
  } else {
    CHECK(job.state == JobState::Finished);
    CHECK(tag_count(place) == 3 * rows);
  }
  CHECK(must(place.store_of_jobs().changes(id)).empty());
  place.close();
  place.open(false);
  CHECK(unseen_count(place) == 0);
  place.close();
}

TEST_CASE("wherever a process dies, each change of its job is made once", "[job][changes][crash]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const std::uint64_t seed = system_random().next();
  WARN("seed " << seed);
  SeededRandom random{seed};
  const int rounds = kind == SqlDialect::Sqlite ? 8 : 2;
  for (int round = 0; round < rounds; ++round) {
    JobPlace place{kind};
    const bool together = round % 2 == 0;
    const int rows = together ? 1'200 : 4;
    const auto request =
        only_job(tagging(place, {{"batches", 8}, {"rows", rows}},
                         {{"together", together}, {"describe", !together}}, "list"));
    std::size_t lives = 1;
    std::string story;
    while (true) {
      const std::size_t budget =
          lives > test::most_deaths(kind) ? 1'000'000 : 5 + random.next() % 80;
      story += " " + std::to_string(budget);
      if (test::live_once(place, {request}, random.next(), budget)) break;
      ++lives;
      look(place);
      const auto count = tag_count(place);
      CHECK((count == 0 || count == 8 * rows));
      place.close();
    }
    INFO("seed " << seed << " round " << round << " tasks of each life" << story);
    const auto jobs = must(place.store_of_jobs().list({}));
    REQUIRE(jobs.size() == 1);
    CHECK(jobs[0].state == JobState::Finished);
    CHECK(tag_count(place) == 8 * rows);
    place.close();
    place.open(false);
    CHECK(unseen_count(place) == 0);
    place.close();
  }
}
