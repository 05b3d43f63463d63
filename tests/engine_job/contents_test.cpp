// Contents that jobs make: what stays of them, and what does not.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/base/random.hpp"
#include "engine/job/content_collector.hpp"
#include "engine/job/inline_services.hpp"
#include "engine/job/job_contents.hpp"
#include "job_place.hpp"
#include "jobs_fixture.hpp"
#include "mortal_scheduler.hpp"
#include "tests/engine_store/faulty_disk.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::Jobs;
using test::must;

namespace {

void change(Catalog& catalog, const Json& document) {
  must(catalog.change(document, {.owner = {}, .name = "test"}));
}

// A user, a workspace and a project, each with the id 1.
void make_registry(Catalog& catalog) {
  change(catalog,
         {{"entity", "users"}, {"action", "insert"}, {"set", {{"login", "a"}, {"password", "p"}}}});
  change(catalog, {{"entity", "workspaces"}, {"action", "insert"}, {"set", {{"name", "w"}}}});
  change(catalog, {{"entity", "projects"},
                   {"action", "insert"},
                   {"set", {{"name", "p"}, {"workspace_id", 1}}}});
}

Json insert_model(std::string_view sha256) {
  return {
      {"entity", "models"},
      {"action", "insert"},
      {"set", {{"user_id", 1}, {"project_id", 1}, {"file_name", "f"}, {"file_sha256", sha256}}}};
}

// Numbers from 0 that train.sum makes a content and a model of.
Json training(const Json& params, std::int64_t batches = 4) {
  return {{"ops",
           {{{"name", "in"},
             {"type", "input.numbers"},
             {"preOps", Json::array()},
             {"postOps", {"train"}},
             {"params", {{"batches", batches}}}},
            {{"name", "train"},
             {"type", "train.sum"},
             {"preOps", {"in"}},
             {"postOps", Json::array()},
             {"params", params}}}}};
}

struct Place : JobPlace {
  explicit Place(SqlDialect kind = SqlDialect::Sqlite) : JobPlace{kind} {
    must(add_plugin(MR_TRAIN_SUM));
    open(false);
    make_registry(catalog());
    close();
    open();
  }

  [[nodiscard]] std::vector<std::string> contents() {
    std::vector<std::string> names;
    must(store().blobs()->list([&](const BlobName& name) { names.push_back(name.sha256); }));
    return names;
  }
  [[nodiscard]] std::int64_t notes() {
    std::int64_t count = 0;
    must(catalog().read([&](Connection& connection) -> Result<void> {
      MR_TRY(const SqlRows rows, connection.query("SELECT COUNT(*) FROM job_contents"));
      count = integer(rows.rows.at(0).at(0));
      return {};
    }));
    return count;
  }
  // Nothing is noted any more: what ended jobs have made was looked at.
  void wait_until_tidy() {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (notes() > 0 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(2ms);
    CHECK(notes() == 0);
  }
  [[nodiscard]] Batch models() {
    return must(catalog().query(
        Json{{"entity", "models"}, {"columns", {"id", "job_id", "file_sha256", "metrics"}}}));
  }
  void wait_for_file(const std::string& name) const {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!std::filesystem::exists(path(name))) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(1ms);
    }
  }
};

}  // namespace

TEST_CASE("a model and the content that its job has made are there with the end of the job",
          "[job][contents]") {
  Place place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto id = place.submit(training({{"gate", place.path("gate")}, {"stop_at", "made"}}));
  place.wait_for_file("gate.made");
  CHECK(place.models().rows() == 0);
  CHECK(place.contents().size() == 1);
  CHECK(place.notes() == 1);
  place.touch("gate");
  const Job job = place.wait_until_final(id);
  INFO(job.error.dump());
  REQUIRE(job.state == JobState::Finished);
  place.wait_until_tidy();
  const std::string sha256 = job.result["content"];
  CHECK(place.contents() == std::vector{sha256});
  CHECK(place.store().blobs()->verify(sha256).ok());
  const Batch models = place.models();
  REQUIRE(models.rows() == 1);
  CHECK(models.column<std::int64_t>("id").value(0) == job.result["model"]);
  CHECK(models.column<std::int64_t>("job_id").value(0) == id.value);
  CHECK(models.column<std::string_view>("file_sha256").value(0) == sha256);
  CHECK(models.column<std::string_view>("metrics").value(0) == R"({"sum":6})");
}

TEST_CASE("what a job has made goes with it where no row names it", "[job][contents]") {
  Place place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  Json params{{"gate", place.path("gate")}};
  JobState expected = JobState::Aborted;
  SECTION("it finished without a model") {
    params["makes_model"] = false;
    expected = JobState::Finished;
  }
  SECTION("it failed behind the model") {
    params["fails"] = true;
    expected = JobState::Failed;
  }
  SECTION("it is aborted while it writes") { params["stop_at"] = "half"; }
  SECTION("it is aborted behind the content") { params["stop_at"] = "sealed"; }
  SECTION("it is aborted behind the model") { params["stop_at"] = "made"; }
  const auto id = place.submit(training(params));
  if (expected == JobState::Aborted) {
    place.wait_for_file("gate." + params["stop_at"].get<std::string>());
    must(place.service().abort(id, StopReason::User));
  }
  const Job job = place.wait_until_final(id);
  INFO(job.error.dump());
  CHECK(job.state == expected);
  place.wait_until_tidy();
  place.close();
  place.open(false);
  CHECK(place.contents().empty());
  CHECK(place.partials().empty());
  CHECK(place.models().rows() == 0);
}

TEST_CASE("jobs that make the same content share it, and it goes with the last that names it",
          "[job][contents]") {
  Place place;
  std::vector<JobId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(place.submit(training({{"fails", i % 2 == 1}})));
  int finished = 0;
  for (const auto id : ids) finished += place.wait_until_final(id).state == JobState::Finished;
  CHECK(finished == 2);
  place.wait_until_tidy();
  CHECK(place.models().rows() == 2);
  REQUIRE(place.contents().size() == 1);
  CHECK(place.store().blobs()->verify(place.contents()[0]).ok());

  // Jobs that delete them: the content goes with the second.
  must(place.add_plugin(MR_OUTPUT_CATALOG));
  for (const std::int64_t left : {1, 0}) {
    const auto model = place.models().column<std::int64_t>("id").value(0);
    Json document = training({});
    document["ops"][1] = {{"name", "train"},
                          {"type", "output.catalog"},
                          {"preOps", {"in"}},
                          {"postOps", Json::array()},
                          {"params", {{"entity", "models"}, {"action", "delete"}, {"id", model}}}};
    const Job job = place.wait_until_final(place.submit(document));
    INFO(job.error.dump());
    CHECK(job.state == JobState::Finished);
    place.wait_until_tidy();
    CHECK(place.models().rows() == left);
    CHECK(place.contents().size() == static_cast<std::size_t>(left));
  }
}

TEST_CASE("an attempt that died leaves one content and one model to the next, wherever it stood",
          "[job][contents][crash]") {
  const std::string point = GENERATE("staged", "half", "written", "sealed", "made");
  const bool is_aborted = GENERATE(false, true);
  Place place;
  const auto id = place.submit(training({{"gate", place.path("gate")}, {"stop_at", point}}));
  place.wait_for_file("gate." + point);
  place.abandon();
  place.open(false);
  must(place.store_of_jobs().expire_leases());
  // The collector lets what the dead attempt has noted lie.
  CollectOptions collect;
  const auto ignore = [](const BlobName&) {};
  CHECK(must(collect_contents(*place.store().blobs(), place.catalog(), collect, ignore, ignore))
            .unreferred == 0);
  place.close();
  place.open();
  if (is_aborted) {
    place.wait(id, [](const Job& job) { return job.attempt > 1; });
    must(place.service().abort(id, StopReason::User));
  } else {
    place.touch("gate");
  }
  const Job job = place.wait_until_final(id);
  INFO(point << " " << job.error.dump());
  CHECK(job.state == (is_aborted ? JobState::Aborted : JobState::Finished));
  place.touch("gate");  // for the thread of the dead
  place.wait_until_tidy();
  const std::int64_t wanted = is_aborted ? 0 : 1;
  CHECK(place.models().rows() == wanted);
  CHECK(place.contents().size() == static_cast<std::size_t>(wanted));
  const auto check = must(
      collect_contents(*place.store().blobs(), place.catalog(), {.verify = true}, ignore, ignore));
  CHECK(check.unreferred == 0);
  CHECK(check.missing == 0);
  CHECK(check.damaged == 0);
}

TEST_CASE("wherever processes die, each job that makes a model leaves one, with its content",
          "[job][contents][crash]") {
  constexpr int kJobs = 3;
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const std::uint64_t seed = system_random().next();
  WARN("seed " << seed);
  SeededRandom random{seed};
  std::size_t deaths = 0;
  for (int round = 0; round < (kind == SqlDialect::Sqlite ? 8 : 2); ++round) {
    Place place{kind};
    place.close();
    std::vector<JobRequest> requests(kJobs);
    for (int job = 0; job < kJobs; ++job) {
      requests[static_cast<std::size_t>(job)].pipeline =
          training({{"name", "model" + std::to_string(job)}});
      requests[static_cast<std::size_t>(job)].idempotency_key = std::to_string(job);
    }
    std::size_t lives = 1;
    // The first life of all ends before its jobs can have ended, in whatever order their tasks run.
    const auto budget = [&] {
      if (lives > test::most_deaths(kind)) return std::uint64_t{1'000'000};
      return 1 + random.next() % (deaths == 0 ? kJobs : 60);
    };
    while (!test::live_once(place, requests, random.next(), budget())) {
      ++lives;
      ++deaths;
      place.open(false);
      must(place.store_of_jobs().expire_leases());
      place.close();
    }
    place.close();
    place.open();
    INFO("seed " << seed << " round " << round << " lives " << lives);
    place.wait_until_tidy();
    CHECK(place.models().rows() == kJobs);
    CHECK(place.contents().size() == kJobs);
    const auto ignore = [](const BlobName&) {};
    const auto check = must(collect_contents(*place.store().blobs(), place.catalog(),
                                             {.verify = true}, ignore, ignore));
    CHECK(check.unreferred + check.missing + check.damaged == 0);
    for (const Job& job : must(place.store_of_jobs().list({})))
      CHECK(job.state == JobState::Finished);
  }
  CHECK(deaths > 0);
}

TEST_CASE("a process that dies between the note of a content and its place leaves no trouble",
          "[job][contents][crash]") {
  const bool is_aborted = GENERATE(false, true);
  // Once a content is noted, the disk of one life stands still. It lives on with the dead.
  struct Standing {
    test::DiskScript script;
    std::atomic<bool> is_armed{false}, stands{false}, is_released{false};
  };
  auto& standing = *new Standing;
  Place place;
  place.close();
  standing.script.during = [&place, &standing] {
    if (!standing.is_armed || place.notes() == 0) return;
    standing.is_armed = false;
    standing.stands = true;
    while (!standing.is_released) std::this_thread::sleep_for(1ms);
  };
  place.open_disk = [&standing](const std::filesystem::path& folder,
                                DiskOwner owner) -> Result<std::unique_ptr<Disk>> {
    MR_TRY(auto disk, open_disk(folder, owner));
    return std::unique_ptr<Disk>{
        std::make_unique<test::FaultyDisk>(std::move(disk), standing.script)};
  };
  place.open();
  standing.is_armed = true;
  const auto id = place.submit(training({{"gate", place.path("gate")}, {"stop_at", "half"}}));
  place.wait_for_file("gate.half");
  place.touch("gate");
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!standing.stands && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  REQUIRE(standing.stands);
  CHECK(place.contents().empty());
  std::filesystem::remove(place.path("gate"));
  place.abandon();
  place.open(false);
  CHECK(place.notes() == 1);
  const auto ignore = [](const BlobName&) {};
  const auto check = must(
      collect_contents(*place.store().blobs(), place.catalog(), {.verify = true}, ignore, ignore));
  CHECK(check.contents == 0);
  CHECK(check.missing == 0);
  place.close();
  place.open();
  if (is_aborted) {
    place.wait(id, [](const Job& job) { return job.attempt > 1; });
    must(place.service().abort(id, StopReason::User));
  } else {
    place.touch("gate");
  }
  const Job job = place.wait_until_final(id);
  INFO(job.error.dump());
  CHECK(job.state == (is_aborted ? JobState::Aborted : JobState::Finished));
  place.wait_until_tidy();
  CHECK(place.models().rows() == (is_aborted ? 0 : 1));
  CHECK(place.contents().size() == (is_aborted ? 0U : 1U));
  standing.is_released = true;
  place.touch("gate");
}

TEST_CASE("a content that could not be removed behind the end of its job goes at the next start",
          "[job][contents][fault]") {
  test::DiskScript script;  // outlives the place
  Place place;
  place.close();
  place.open_disk = [&script](const std::filesystem::path& folder,
                              DiskOwner owner) -> Result<std::unique_ptr<Disk>> {
    MR_TRY(auto disk, open_disk(folder, owner));
    return std::unique_ptr<Disk>{std::make_unique<test::FaultyDisk>(std::move(disk), script)};
  };
  place.open();
  const auto id = place.submit(training({{"gate", place.path("gate")}, {"stop_at", "made"}}));
  place.wait_for_file("gate.made");
  const auto set_failing = [&script](const std::string& operation) {
    const std::lock_guard lock{script.mutex};
    script.failing = operation;
  };
  set_failing("rename");
  must(place.service().abort(id, StopReason::User));
  CHECK(place.wait_until_final(id).state == JobState::Aborted);
  const auto has_failed = [&script] {
    const std::lock_guard lock{script.mutex};
    return script.failures > 0;
  };
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!has_failed() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  CHECK(has_failed());
  place.close();
  set_failing({});
  place.open(false);
  CHECK(place.contents().size() == 1);
  CHECK(place.notes() == 1);
  place.close();
  place.open();
  place.wait_until_tidy();
  CHECK(place.contents().empty());
}

TEST_CASE("the note of a content goes behind the end of its job, unless that is asked for again",
          "[job][contents]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  JobContents contents{*jobs.catalog, jobs.store};
  const std::string first(64, 'a'), second(64, 'b');
  const auto id = jobs.submit();
  const auto other = jobs.submit();
  const auto lease = must(jobs.lease(id));
  const auto others = must(jobs.lease(other));
  must(contents.note(lease, {first, second}));
  must(contents.note(lease, {first}));
  must(contents.note(others, {first}));
  CHECK(must(contents.has(id, first)));
  CHECK_FALSE(must(contents.has(other, second)));
  CHECK(must(contents.of_ended({})).empty());

  must(jobs.finish(lease, JobState::Failed));
  test::check_refused(contents.note(lease, {second}));  // it has ended
  const auto ended = must(contents.of_ended({}));
  REQUIRE(ended.size() == 2);
  CHECK(ended[0].sha256 == first);
  CHECK(ended[1].sha256 == second);
  CHECK(must(contents.of_ended(ended[0])).size() == 1);
  CHECK(must(contents.of_ended({}, other)).empty());

  // Asked for again in between: the note is the new attempt's matter.
  must(jobs.store.retry(id));
  must(contents.forget(ended));
  CHECK(must(contents.has(id, first)));
  const auto again = must(jobs.lease(id));
  must(contents.note(again, {second}));
  must(jobs.finish(again, JobState::Failed));
  must(contents.forget(ended));
  CHECK(must(contents.has(id, second)));  // of a later token
  CHECK_FALSE(must(contents.has(id, first)));
  CHECK(must(contents.has(other, first)));
}

TEST_CASE("a content stays for jobs that have not ended and for rows, not for others",
          "[job][contents]") {
  Place place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto& blobs = *place.store().blobs();
  const auto make = [&](std::string_view bytes) {
    const auto writer = must(blobs.stage());
    must(writer->write(bytes));
    const std::string name = must(writer->finish()).sha256;
    must(writer->publish());
    return name;
  };
  const std::string of_row = make("row"), of_nobody = make("nobody");
  change(place.catalog(), insert_model(of_row));
  CHECK_FALSE(must(remove_unreferred(blobs, place.catalog(), of_row)));
  CHECK(must(remove_unreferred(blobs, place.catalog(), of_nobody)));
  change(place.catalog(), {{"entity", "models"}, {"action", "delete"}, {"id", 1}});
  CHECK(must(remove_unreferred(blobs, place.catalog(), of_row)));
  // A job that stands behind its content and has not ended: no row names that yet.
  const auto id = place.submit(training({{"gate", place.path("gate")}, {"stop_at", "sealed"}}));
  place.wait_for_file("gate.sealed");
  REQUIRE(place.contents().size() == 1);
  CHECK_FALSE(must(remove_unreferred(blobs, place.catalog(), place.contents().front())));
  must(place.service().abort(id, StopReason::User));
  CHECK(place.wait_until_final(id).state == JobState::Aborted);
  place.wait_until_tidy();
  CHECK(place.contents().empty());
  // A row that names contents takes nothing else.
  CHECK(place.catalog().change(insert_model("f.bin"), {}).error().code == Code::InvalidArgument);
}

TEST_CASE("contents of an inline run stay until it ends, and for the rows that name them",
          "[job][contents][inline]") {
  Place place;
  const StoreServices::Surroundings around{place.store(), place.catalog(), place.service()};
  const auto is_there = [&](const std::string& name) {
    return place.store().blobs()->stat(name).ok();
  };
  std::string kept, dropped;
  {
    InlineServices services{around, {}, {}};
    const auto make = [&](std::string_view bytes) {
      ObjectWriter* const writer = must(services.stage("blob:"));
      must(writer->write(bytes));
      return must(writer->seal());
    };
    kept = make("kept");
    dropped = make("dropped");
    must(must(services.stage("blob:"))->write("never sealed"));
    CHECK_FALSE(must(remove_unreferred(*place.store().blobs(), place.catalog(), kept)));
    CHECK(must(services.stat("blob:" + kept)).size_bytes == 4);
    must(services.catalog_change(insert_model(kept)));
  }
  CHECK(is_there(kept));
  CHECK_FALSE(is_there(dropped));
  CHECK(place.partials().empty());

  // Another run may not read it, one with the right may; nobody writes to it.
  InlineServices other{around, {}, {}};
  CHECK(other.open("blob:" + kept).error().code == Code::PermissionDenied);
  CHECK(other.stage("blob:" + kept).error().code == Code::InvalidArgument);
  CHECK(other.put("blob:", "x").error().code == Code::InvalidArgument);
  CHECK(other.open("blob:").error().code == Code::InvalidArgument);
  CHECK(other.check_uri("blob:", true).error().detail == "uri_scheme");
  CHECK_FALSE(other.check_uri("blob:", false).ok());
  InlineServices reader{around, {.blobs = true}, {}};
  CHECK(reader.open("blob:" + kept).ok());
}

TEST_CASE("a collector that runs meanwhile takes no content that a row names", "[job][contents]") {
  Place place;
  const StoreServices::Surroundings around{place.store(), place.catalog(), place.service()};
  std::atomic<int> at_work{2}, faults{0};
  std::atomic<std::int64_t> removed{0};
  const auto work = [&] {
    for (int round = 0; round < 40; ++round) {
      InlineServices services{around, {}, {}};
      const auto writer = services.stage("blob:");
      if (!writer.ok() || !(*writer)->write("the same bytes").ok()) ++faults;
      const auto name = (*writer)->seal();
      if (!name.ok()) ++faults;
      const auto made = services.catalog_change(insert_model(*name));
      if (!made.ok() || !place.store().blobs()->verify(*name).ok()) ++faults;
      const auto id = made->column<std::int64_t>("id").value(0);
      if (!services.catalog_change({{"entity", "models"}, {"action", "delete"}, {"id", id}}).ok())
        ++faults;
    }
    --at_work;
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) threads.emplace_back(work);
    const auto count = [&](const BlobName&) { ++removed; };
    while (at_work > 0) {
      const auto check =
          collect_contents(*place.store().blobs(), place.catalog(), {}, count, count);
      if (!check.ok()) ++faults;
    }
  }
  CHECK(faults == 0);
  CHECK(place.contents().empty());
}
