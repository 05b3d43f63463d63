#include <future>
#include <set>

#include <catch2/catch.hpp>

#include "full_catalog.hpp"
#include "tests/engine_store/faulty_disk.hpp"
#include "tests/fixtures/log_lines.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::comes;
using test::JobPlace;
using test::must;
using test::numbers;

namespace {

JobStore::Lease lease(JobPlace& place, JobId id) {
  std::promise<Result<JobStore::Lease>> answer;
  place.store_of_jobs().lease(id, 0, "the dead", 3'600s,
                              [&answer](auto leased) { answer.set_value(std::move(leased)); });
  return must(answer.get_future().get());
}

// Leaves a job as a process does that dies between writing "publishing" and the end: staged, and
// `published` of the two.
JobId die_while_publishing(JobPlace& place, int published) {
  const auto id = place.submit(place.pipeline({{"batches", 1}}, "list", "log"));
  const auto held = lease(place, id);
  const std::string owner = stage_owner(id, held.token);
  std::vector<Uri> uris;
  for (const char* name : {"list", "log"}) {
    uris.push_back(must(place.store().check(place.uri(name), {}, true)));
    must(must(place.store().stage(uris.back(), owner))->write(name));
  }
  JobStore::Ending ending;
  ending.result = Json{{"rows", 1}};
  std::promise<Result<void>> begun;
  place.store_of_jobs().begin_publish(
      held, {place.uri("list"), place.uri("log")}, ending,
      [&begun](auto result) { begun.set_value(std::move(result)); });
  must(begun.get_future().get());
  for (int i = 0; i < published; ++i)
    must(place.store().publish(uris[static_cast<std::size_t>(i)], owner, Publishing::First));
  return id;
}

}  // namespace

TEST_CASE("a job that died while it published is published wholly, once, with its result",
          "[job][recovery]") {
  JobPlace place;
  place.open(false);
  const int published = GENERATE(0, 1, 2);
  const auto id = die_while_publishing(place, published);
  place.close();
  place.open();
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Finished);
  CHECK(job.result == Json{{"rows", 1}});
  CHECK(place.read("list") == "list");
  CHECK(place.read("log") == "log");
  CHECK(place.partials().empty());
  const auto journal = place.journal(id);
  CHECK(std::count(journal.begin(), journal.end(), "running") == 1);
  CHECK(std::count(journal.begin(), journal.end(), "finished") == 1);
}

TEST_CASE(
    "a job that died while it published is published as soon as the store can, by the same "
    "lease",
    "[job][recovery]") {
  test::DiskScript script;
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.settings.lease = 2s;  // it would run out if it were not renewed
  place.open_disk = [&script](const std::filesystem::path& folder,
                              DiskOwner owner) -> Result<std::unique_ptr<Disk>> {
    MR_TRY(auto disk, open_disk(folder, owner));
    return std::unique_ptr<Disk>{std::make_unique<test::FaultyDisk>(std::move(disk), script)};
  };
  place.open(false);
  const auto id = die_while_publishing(place, 1);
  must(place.store_of_jobs().expire_leases());
  place.close();
  const auto tries = [&script](std::size_t wanted) {
    const std::lock_guard lock{script.mutex};
    return script.failures >= wanted;
  };
  {
    const std::lock_guard lock{script.mutex};
    script.failing = "rename";
  }
  place.open();
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!tries(2) && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
  REQUIRE(tries(2));
  CHECK(must(place.store_of_jobs().get(id)).state == JobState::Publishing);
  {
    const std::lock_guard lock{script.mutex};
    script.failing.clear();
  }
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Finished);
  CHECK(job.token == 2);
  CHECK(job.result == Json{{"rows", 1}});
  CHECK(place.read("list") == "list");
  CHECK(place.read("log") == "log");
  CHECK(place.service().counters().running == 0);
  place.close();
}

TEST_CASE("a job that died while it was aborting is aborted, tidied up, and does not run",
          "[job][recovery]") {
  JobPlace place;
  place.open(false);
  const auto id = place.submit(place.pipeline({{"batches", 1}}, "list", "log"));
  const auto held = lease(place, id);
  const auto uri = must(place.store().check(place.uri("list"), {}, true));
  must(must(place.store().stage(uri, stage_owner(id, held.token)))->write("half"));
  place.store_of_jobs().note_staged(held, place.uri("list"));
  must(place.store_of_jobs().abort(id, StopReason::User));
  place.close();
  place.open();
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Aborted);
  CHECK(job.stop_reason == StopReason::User);
  CHECK(place.partials().empty());
  CHECK_FALSE(place.read("list").has_value());
  CHECK(place.read("log").value_or("").find(R"("status":"aborted")") != std::string::npos);
}

TEST_CASE(
    "a job that was running when the process died runs again, and what it had staged is not kept",
    "[job][recovery]") {
  JobPlace place;
  place.open(false);
  const auto id = place.submit(place.pipeline({{"batches", 3}}, "list", "log"));
  const auto held = lease(place, id);
  const auto uri = must(place.store().check(place.uri("list"), {}, true));
  must(must(place.store().stage(uri, stage_owner(id, held.token)))
           ->write("half a list without a checkpoint"));
  place.close();
  place.open();
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Finished);
  CHECK(job.attempt == 2);
  CHECK(place.read("list") == numbers(3));
  CHECK(place.partials().empty());
  CHECK(place.service().counters().resumed == 1);
}

TEST_CASE(
    "what jobs that have ended left staged goes at the start, as does what dead processes did",
    "[job][recovery]") {
  JobPlace place;
  place.open(false);
  const auto ended = place.submit(place.pipeline({{"batches", 1}}));
  must(place.store_of_jobs().abort(ended, StopReason::User));
  const auto waits = place.submit(place.pipeline({{"batches", 1}, {"gate", place.path("gate")}}));
  const auto uri = must(place.store().check(place.uri("list"), {}, true));
  must(must(place.store().stage(uri, stage_owner(ended, 1)))->write("left"));
  must(must(place.store().stage(uri, stage_owner(JobId{999}, 3)))->write("of a job that is gone"));
  must(must(place.store().stage(uri, stage_owner(waits, 7)))->write("waits"));
  must(must(place.store().stage(uri, "inline-1"))->write("of no job"));
  place.close();
  place.open();
  CHECK(comes([&place] { return place.partials().size() <= 1; }));
  CHECK(place.partials() == std::vector<std::string>{"list." + stage_owner(waits, 7) + ".partial"});
  place.touch("gate");  // it had not ended when its stage was looked at
  place.wait_until_final(waits);
}

TEST_CASE("an abort of a job whose process died ends it without a run", "[job][recovery]") {
  JobPlace place;
  place.open(false);
  const auto id = place.submit(place.pipeline({{"batches", 3}}, "list"));
  lease(place, id);
  must(place.store_of_jobs().expire_leases());
  CHECK(must(place.service().abort(id, StopReason::User)) == JobState::Aborting);
  CHECK(place.wait_until_final(id).state == JobState::Aborted);
  CHECK_FALSE(place.read("list").has_value());
}

TEST_CASE("a job that died while ending is taken over as soon as the catalog takes that",
          "[job][recovery]") {
  static const std::string kWhat = "job that died while ending not taken over";
  test::LogLines log;
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open(false);
  log.listen();
  const auto id = place.submit(place.pipeline({{"batches", 3}}, "list"));
  lease(place, id);
  must(place.store_of_jobs().expire_leases());
  test::FullCatalog full{place, "UPDATE ON jobs", "NEW.token > OLD.token"};
  SECTION("when it is found at the start") {
    must(place.store_of_jobs().abort(id, StopReason::User));
    must(place.service().start());
  }
  SECTION("when somebody aborts it") {
    must(place.service().start());
    CHECK(must(place.service().abort(id, StopReason::User)) == JobState::Aborting);
  }
  CHECK(test::comes([&log] { return log.beginning(kWhat).size() == 1; }));
  full.end();
  CHECK(place.wait_until_final(id).state == JobState::Aborted);
  CHECK(log.beginning("over: " + kWhat).size() == 1);
  CHECK_FALSE(place.read("list").has_value());
  place.close();
}

TEST_CASE("a job that is running whenever the process dies is given up after a while",
          "[job][recovery]") {
  JobPlace place;
  place.open(false);
  const auto id = place.submit(place.pipeline({{"batches", 3}}, "list", "log"));
  for (int death = 0; death <= kMaxCrashes; ++death) {
    lease(place, id);
    must(place.store_of_jobs().expire_leases());
  }
  must(place.service().start());
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Failed);
  CHECK(job.error["message"].get<std::string>().find("given up") != std::string::npos);
  CHECK(place.read("log").value_or("").find(R"("status":"failed")") != std::string::npos);
  CHECK_FALSE(place.read("list").has_value());
  must(place.service().retry(id));
  CHECK(place.wait_until_final(id).state == JobState::Finished);
}

TEST_CASE("the more often a job's process died, the sooner what it does is kept",
          "[job][recovery]") {
  JobPlace place;
  place.settings.checkpoint_every = 20s;
  place.open(false);
  const auto id = place.submit(place.pipeline({{"batches", 40}, {"pause_us", 5'000}}, "list"));
  const bool has_died = GENERATE(false, true);
  for (int death = 0; has_died && death < kMaxCrashes; ++death) {
    lease(place, id);
    must(place.store_of_jobs().expire_leases());
  }
  must(place.service().start());
  CHECK(place.wait_until_final(id).state == JobState::Finished);
  const auto journal = place.journal(id);
  CHECK((std::count(journal.begin(), journal.end(), "checkpoint") > 0) == has_died);
}

TEST_CASE("at a shared catalog the lease of another process is respected until it expires",
          "[job][recovery]") {
  JobPlace place{SqlDialect::MySql};
  place.open(false);
  const auto id = place.submit(place.pipeline({{"batches", 3}}, "list"));
  std::promise<Result<JobStore::Lease>> answer;
  place.store_of_jobs().lease(id, 0, "elsewhere", 4s,
                              [&answer](auto leased) { answer.set_value(std::move(leased)); });
  const auto elsewhere = must(answer.get_future().get());
  const auto leased_at = std::chrono::steady_clock::now();
  place.close();
  place.open();
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Finished);
  CHECK(std::chrono::steady_clock::now() - leased_at >= 4s);
  CHECK(job.token == elsewhere.token + 1);
  CHECK(place.read("list") == numbers(3));
  place.close();
}

TEST_CASE("two engines at one shared catalog run each job once", "[job][recovery]") {
  JobPlace first{SqlDialect::MySql};
  JobPlace second{JobPlace::Twin{}, first};
  first.settings.holder = "first";
  second.settings.holder = "second";
  first.settings.lease = second.settings.lease = 3s;
  first.open();
  second.open();
  std::vector<JobId> ids;
  for (int i = 0; i < 40; ++i) {
    auto& place = i < 30 ? first : second;
    ids.push_back(place.submit(
        place.pipeline({{"batches", 2}, {"pause_us", 20'000}}, "list" + std::to_string(i))));
  }
  std::set<std::string> holders;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Job job = first.wait_until_final(ids[i]);
    CHECK(job.state == JobState::Finished);
    CHECK(first.read("list" + std::to_string(i)) == numbers(2));
    std::size_t finished = 0;
    for (const JobEvent& event : must(first.store_of_jobs().events(ids[i], 0, 1'000))) {
      if (event.kind == "running") holders.insert(event.body["holder"].get<std::string>());
      finished += event.kind == "finished" ? 1 : 0;
    }
    CHECK(finished == 1);
  }
  CHECK(holders == std::set<std::string>{"first", "second"});
  CHECK(first.service().counters().finished + second.service().counters().finished == 40);
  SECTION("and one can abort what the other runs") {
    const auto id = second.submit(second.pipeline({{"batches", 2}, {"gate", second.path("gate")}}));
    second.wait_for(id, JobState::Running);
    CHECK(must(first.service().abort(id, StopReason::User)) == JobState::Aborting);
    const Job job = second.wait_until_final(id);
    CHECK(job.state == JobState::Aborted);
    CHECK(job.stop_reason == StopReason::User);
  }
  second.close();
  first.close();
}

TEST_CASE("an attempt that lost its lease stops and changes nothing any more", "[job][recovery]") {
  JobPlace place;
  place.settings.lease = 200ms;  // renewed often
  place.open();
  const auto id = place.submit(
      place.pipeline({{"batches", 2}, {"gate", place.path("gate")}, {"gate_at", 1}}, "list"));
  place.wait(id, [&place](const Job&) { return !place.partials().empty(); });
  // Somebody else takes it over, as after a long pause of this process.
  must(place.catalog().write_and_wait([id](Connection& connection) -> Result<void> {
    MR_CHECK(connection.execute(
        "UPDATE jobs SET token = token + 1, lease_holder = 'other' WHERE id = ?", {id.value}));
    return {};
  }));
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (place.service().counters().running > 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(place.service().counters().running == 0);
  const Job job = must(place.store_of_jobs().get(id));
  CHECK(job.state == JobState::Running);
  CHECK(job.token == 2);
  CHECK_FALSE(place.read("list").has_value());
  CHECK_FALSE(place.partials().empty());  // they belong to the other attempt now
}

TEST_CASE("a lease is renewed while its job runs", "[job][recovery]") {
  JobPlace place;
  place.settings.lease = 150ms;
  place.open();
  const auto id = place.submit(place.pipeline({{"batches", 2}, {"gate", place.path("gate")}}));
  place.wait_for(id, JobState::Running);
  const auto until = [&place, id] {
    std::int64_t found = 0;
    must(place.catalog().read([&](Connection& connection) -> Result<void> {
      MR_TRY(const SqlRows rows,
             connection.query("SELECT lease_until_us FROM jobs WHERE id = ?", {id.value}));
      found = std::get<std::int64_t>(rows.rows.at(0).at(0));
      return {};
    }));
    return found;
  };
  const auto first = until();
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (until() < first + 300'000 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(until() >= first + 300'000);
  CHECK(must(place.store_of_jobs().get(id)).token == 1);
  place.touch("gate");
  CHECK(place.wait_until_final(id).state == JobState::Finished);
}
