// Jobs that are submitted together, of which each waits for another.
#include <algorithm>
#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/base/random.hpp"
#include "jobs_fixture.hpp"
#include "mortal_scheduler.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::Jobs;
using test::MortalScheduler;
using test::must;

namespace {

using Made = Result<std::vector<JobStore::Submission>>;

JobRequest link(std::string external_id, After::When when = After::When::Finished) {
  JobRequest request;
  request.pipeline = Json{{"ops", Json::array()}};
  request.dialect = "sample";
  request.external_id = std::move(external_id);
  request.after.when = when;
  return request;
}

// A first job, one behind it, one for the failure of that, and one for whatever end.
JobChain four_links(const std::string& name) {
  return {link(name),
          {{link(name + ".then"), 0},
           {link(name + ".failed", After::When::Failed), 1},
           {link(name + ".ended", After::When::Ended), 1}}};
}

Made submit(JobStore& store, JobChain chain) {
  return Jobs::wait<std::vector<JobStore::Submission>>(
      [&](auto done) { store.submit_chain(std::move(chain), {}, std::move(done)); });
}

Made submit(JobPlace& place, JobChain chain) {
  return Jobs::wait<std::vector<JobStore::Submission>>([&](auto done) {
    place.service().submit_chain(std::move(chain), place.rights(), std::move(done));
  });
}

JobRequest numbers_link(const JobPlace& place, const std::string& file, Json numbers,
                        After::When when = After::When::Finished) {
  auto request = link(file, when);
  request.pipeline = place.pipeline(numbers, file);
  return request;
}

std::size_t sealed_files_in(const JobPlace& place) {
  const std::filesystem::directory_iterator files{place.folder() / place.sealed_folder};
  return static_cast<std::size_t>(std::count_if(begin(files), end(files), [](const auto& entry) {
    return entry.path().filename() != "place";
  }));
}

}  // namespace

TEST_CASE("a chain is there as a whole, each job behind the one that it names",
          "[job][store][chain]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto chain = four_links("task");
  chain.followers[0].job.after.delay = 60s;
  const auto made = must(submit(jobs.store, std::move(chain)));
  REQUIRE(made.size() == 4);
  CHECK(made[0].state == JobState::Queued);
  for (std::size_t i = 1; i < 4; ++i) CHECK(made[i].state == JobState::Waiting);
  const auto row = [&](std::size_t i) { return must(jobs.store.get(made[i].id)); };
  CHECK_FALSE(row(0).after.job);
  CHECK(row(1).after.job == made[0].id);
  CHECK(row(1).after.delay == 60s);
  CHECK(row(2).after.job == made[1].id);
  CHECK(row(2).after.when == After::When::Failed);
  CHECK(row(3).after.job == made[1].id);
  CHECK(row(3).after.when == After::When::Ended);
  CHECK(must(jobs.store.get("sample", "task.ended")).id == made[3].id);
  const auto settled = must(jobs.finish(must(jobs.lease(made[0].id)), JobState::Finished));
  REQUIRE(settled.released.size() == 1);
  CHECK(settled.released[0].id == made[1].id);
}

TEST_CASE("a chain that is not well made is refused as a whole", "[job][store][chain]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto taken = must(jobs.try_submit(link("taken"))).id;
  const auto refused = [&](JobChain chain, Code code, const std::string& words) {
    const auto made = submit(jobs.store, std::move(chain));
    REQUIRE_FALSE(made.ok());
    INFO(made.error().message);
    CHECK(made.error().code == code);
    CHECK(made.error().message.find(words) != std::string::npos);
    CHECK(must(jobs.store.list({})).size() == 1);
  };
  auto chain = four_links("task");
  SECTION("a follower waits for itself, or a later one") {
    chain.followers[1].after = GENERATE(std::size_t{2}, std::size_t{3}, std::size_t{1} << 63);
    refused(std::move(chain), Code::InvalidArgument, "follower 2 waits for one");
  }
  SECTION("a follower waits for another job") {
    chain.followers[2].job.after.job = taken;
    refused(std::move(chain), Code::InvalidArgument, "follower 3 has a job to wait for");
  }
  SECTION("a follower has a key") {
    chain.followers[0].job.idempotency_key = "key";
    refused(std::move(chain), Code::InvalidArgument, "follower 1 has an idempotency key");
  }
  SECTION("a follower is no good job") {
    chain.followers[1].job.max_attempts = 0;
    refused(std::move(chain), Code::InvalidArgument, "follower 2: job: max_attempts");
  }
  SECTION("it is too long") {
    while (chain.followers.size() < kMostInChain)
      chain.followers.push_back({link("more" + std::to_string(chain.followers.size())), 0});
    refused(chain, Code::InvalidArgument, "65 jobs");
    chain.followers.pop_back();
    CHECK(must(submit(jobs.store, std::move(chain))).size() == kMostInChain);
  }
  SECTION("the id of its last job is taken, which the database finds behind the others") {
    chain.followers[2].job.external_id = "taken";
    refused(std::move(chain), Code::Conflict, "taken");
  }
  SECTION("two of its jobs have one id") {
    chain.followers[2].job.external_id = "task";
    refused(std::move(chain), Code::Conflict, "task");
  }
  SECTION("its first job waits for one that is not there") {
    chain.first.after.job = JobId{999'999};
    refused(std::move(chain), Code::InvalidArgument, "999999");
  }
}

TEST_CASE("a key that is known gives the first job of its chain, and no follower comes twice",
          "[job][store][chain]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto keyed = [](const std::string& name) {
    auto chain = four_links(name);
    chain.first.idempotency_key = "once";
    return chain;
  };
  const auto made = must(submit(jobs.store, keyed("task")));
  const auto again = must(submit(jobs.store, keyed("other")));
  REQUIRE(again.size() == 1);
  CHECK(again[0].id == made[0].id);
  CHECK_FALSE(again[0].is_new);
  CHECK(must(jobs.store.list({})).size() == 4);
}

TEST_CASE("a chain behind a job that has failed is settled as it comes", "[job][store][chain]") {
  Jobs jobs{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto bad = jobs.submit();
  must(jobs.finish(must(jobs.lease(bad)), JobState::Failed));
  auto chain = four_links("task");
  chain.first.after.job = bad;
  const auto made = must(submit(jobs.store, std::move(chain)));
  REQUIRE(made.size() == 4);
  for (const std::size_t i : {0U, 1U, 2U}) CHECK(made[i].state == JobState::Aborted);
  CHECK(must(jobs.store.get(made[1].id)).stop_reason == StopReason::UpstreamFailed);
  CHECK(must(jobs.store.get(made[2].id)).stop_reason == StopReason::NotNeeded);
  CHECK(made[3].state == JobState::Queued);
}

TEST_CASE("a chain runs, and what it has for a failure only when there is one", "[job][chain]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  const bool fails = GENERATE(true, false);
  const Json numbers =
      fails
          ? Json{{"batches", 1}, {"fail_until", place.path("never")}, {"code", MR_INVALID_ARGUMENT}}
          : Json{{"batches", 1}};
  JobChain chain{numbers_link(place, "first", {{"batches", 1}}),
                 {{numbers_link(place, "then", numbers), 0},
                  {numbers_link(place, "failed", {{"batches", 2}}, After::When::Failed), 1},
                  {numbers_link(place, "last", {{"batches", 3}}), 1}}};
  const auto made = must(submit(place, std::move(chain)));
  CHECK(place.wait_until_final(made[0].id).state == JobState::Finished);
  CHECK(place.wait_until_final(made[1].id).state ==
        (fails ? JobState::Failed : JobState::Finished));
  CHECK(place.wait_until_final(made[2].id).stop_reason ==
        (fails ? StopReason::None : StopReason::NotNeeded));
  CHECK(place.wait_until_final(made[3].id).stop_reason ==
        (fails ? StopReason::UpstreamFailed : StopReason::None));
  CHECK(place.read("failed").has_value() == fails);
  CHECK(place.read("last").has_value() == !fails);
  place.wait(made[2].id, [&](const Job&) { return place.service().counters().running == 0; });
  CHECK(place.service().counters().queued == 0);
  CHECK(place.service().counters().submitted == 4);
  place.close();
}

TEST_CASE("an abort of the first job of a chain ends all of it but what is for any end",
          "[job][chain]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  JobChain chain{numbers_link(place, "first", {{"batches", 1}, {"gate", place.path("gate")}}),
                 {{numbers_link(place, "then", {{"batches", 1}}), 0},
                  {numbers_link(place, "failed", {{"batches", 1}}, After::When::Failed), 1},
                  {numbers_link(place, "ended", {{"batches", 1}}, After::When::Ended), 1}}};
  const auto made = must(submit(place, std::move(chain)));
  place.wait_for(made[0].id, JobState::Running);
  must(place.service().abort(made[0].id, StopReason::User));
  CHECK(place.wait_until_final(made[1].id).stop_reason == StopReason::UpstreamFailed);
  CHECK(place.wait_until_final(made[2].id).stop_reason == StopReason::NotNeeded);
  CHECK(place.wait_until_final(made[3].id).state == JobState::Finished);
  CHECK(place.read("ended") == test::numbers(1));
  CHECK(place.service().counters().aborted == 3);
  place.close();
}

TEST_CASE("an engine goes on behind the failure of a job that another one runs", "[job][chain]") {
  JobPlace place{SqlDialect::MySql};
  place.open();
  JobPlace other{JobPlace::Twin{}, place};
  const auto made = must(
      submit(place, {numbers_link(place, "first",
                                  {{"batches", 1},
                                   {"gate", place.path("gate")},
                                   {"fail_until", place.path("no")},
                                   {"fail_at", 1},
                                   {"code", MR_INVALID_ARGUMENT}}),
                     {{numbers_link(place, "failed", {{"batches", 1}}, After::When::Failed), 0},
                      {numbers_link(place, "then", {{"batches", 1}}), 0}}}));
  place.wait_for(made[0].id, JobState::Running);
  other.open();
  place.touch("gate");
  CHECK(other.wait_until_final(made[0].id).state == JobState::Failed);
  CHECK(other.wait_until_final(made[1].id).state == JobState::Finished);
  CHECK(other.wait_until_final(made[2].id).stop_reason == StopReason::UpstreamFailed);
  other.close();
  place.close();
}

TEST_CASE("a chain for which there is no room is nowhere, and its secrets neither",
          "[job][chain][sealed]") {
  JobPlace place;
  place.settings.max_queued = 5;
  place.open(false);
  const auto sealed = [](JobChain chain) {
    const auto values = std::make_shared<const Json>(Json{{"secret", {{"/name", "sesame"}}}});
    chain.first.sealed = values;
    for (auto& follower : chain.followers) follower.job.sealed = values;
    return chain;
  };
  CHECK(must(submit(place, sealed(four_links("task")))).size() == 4);
  CHECK(sealed_files_in(place) == 4);
  const auto full = submit(place, sealed(four_links("other")));
  REQUIRE_FALSE(full.ok());
  CHECK(full.error().code == Code::Exhausted);
  CHECK(sealed_files_in(place) == 4);
  CHECK(place.service().counters().queued == 4);
  // Refused by the database.
  place.settings.max_queued = 100;
  place.close();
  place.open(false);
  const auto taken = submit(place, sealed(four_links("task")));
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().code == Code::Conflict);
  CHECK(must(place.store_of_jobs().list({})).size() == 4);
  CHECK(place.service().counters().queued == 0);
  // A sweep finds that no row names them.
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (sealed_files_in(place) > 4 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  CHECK(sealed_files_in(place) == 4);
}

TEST_CASE("wherever a process dies, a chain is there or not, and each of its jobs runs once",
          "[job][chain][crash]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const std::uint64_t seed = system_random().next();
  WARN("seed " << seed);
  SeededRandom random{seed};
  JobPlace place{kind};
  const auto chain_of = [&](const std::string& name) {
    JobChain chain{
        numbers_link(place, name, {{"batches", 2}}),
        {{numbers_link(place, name + ".then",
                       {{"batches", 2},
                        {"fail_until", place.path("never")},
                        {"fail_at", 1},
                        {"code", MR_INVALID_ARGUMENT}}),
          0},
         {numbers_link(place, name + ".failed", {{"batches", 3}}, After::When::Failed), 1},
         {numbers_link(place, name + ".last", {{"batches", 1}}), 1},
         {numbers_link(place, name + ".ended", {{"batches", 1}}, After::When::Ended), 3}}};
    chain.first.idempotency_key = name;
    return chain;
  };
  bool has_ended = false;
  for (std::size_t life = 0; !has_ended; ++life) {
    // The last one lives on.
    const auto budget =
        life < test::most_deaths(kind) ? 1 + random.next() % 60 : std::uint64_t{1'000'000};
    auto owned = std::make_unique<MortalScheduler>(seed + life, budget);
    auto& tasks = *owned;
    place.open(false, std::move(owned));
    for (const auto* name : {"a", "b", "c"}) must(submit(place, chain_of(name)));
    const auto rows = must(place.store_of_jobs().list({}));
    CHECK(rows.size() == 15);
    must(place.store_of_jobs().expire_leases());  // of the life before, at a shared catalog too
    must(place.service().start());
    while (!has_ended && !tasks.is_dead()) {
      while (tasks.run_one(false)) {
      }
      must(place.catalog().write_and_wait([](Connection&) -> Result<void> { return {}; }));
      const auto now = must(place.store_of_jobs().list({}));
      has_ended =
          std::all_of(now.begin(), now.end(), [](const Job& job) { return is_final(job.state); });
      if (!has_ended) tasks.run_one(true);
    }
    place.abandon();
  }
  place.open(false);
  for (const std::string name : {"a", "b", "c"}) {
    const auto job = [&](const std::string& tail) {
      return must(place.store_of_jobs().get("sample", name + tail));
    };
    INFO(name);
    CHECK(job("").state == JobState::Finished);
    CHECK(job(".then").state == JobState::Failed);
    CHECK(job(".failed").state == JobState::Finished);
    CHECK(job(".last").stop_reason == StopReason::UpstreamFailed);
    CHECK(job(".ended").state == JobState::Finished);
    CHECK(place.read(name + ".failed") == test::numbers(3));
    CHECK(place.read(name + ".ended") == test::numbers(1));
    CHECK_FALSE(place.read(name + ".last").has_value());
    for (const auto* tail : {"", ".then", ".failed", ".last", ".ended"}) {
      const auto journal = place.journal(job(tail).id);
      CHECK(std::count_if(journal.begin(), journal.end(), [](const std::string& kind_of_line) {
              return kind_of_line == "finished" || kind_of_line == "failed" ||
                     kind_of_line == "aborted";
            }) == 1);
    }
  }
}
