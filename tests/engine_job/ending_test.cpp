#include <catch2/catch.hpp>

#include "full_catalog.hpp"
#include "tests/engine_store/faulty_disk.hpp"
#include "tests/fixtures/log_lines.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace std::chrono_literals;
using test::comes;
using test::DiskScript;
using test::execute;
using test::FaultyDisk;
using test::FullCatalog;
using test::JobPlace;
using test::LogLines;
using test::must;
using test::numbers;

namespace {

// The database takes no row whose result is larger than 1,000 bytes, with an error that comes
// again.
void refuse_large_results(JobPlace& place, SqlDialect kind) {
  execute(place,
          kind == SqlDialect::Sqlite
              ? "CREATE TRIGGER no_large BEFORE UPDATE ON jobs WHEN length(NEW.result) > 1000 "
                "BEGIN SELECT RAISE(ABORT, 'too large'); END"
              : "CREATE TRIGGER no_large BEFORE UPDATE ON jobs FOR EACH ROW IF length(NEW.result) "
                "> 1000 THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1406, MESSAGE_TEXT = 'too "
                "large'; END IF");
}

Json with_result(JobPlace& place, std::size_t bytes) {
  auto document = place.pipeline({{"batches", 1}});
  document["ops"][1]["params"]["result_bytes"] = bytes;
  return document;
}

OpenDisk faulty(DiskScript& script) {
  return
      [&script](const std::filesystem::path& folder, bool create) -> Result<std::unique_ptr<Disk>> {
        MR_TRY(auto disk, open_disk(folder, create));
        return std::unique_ptr<Disk>{std::make_unique<FaultyDisk>(std::move(disk), script)};
      };
}

// Whether the log has told once of steps that fail, and once that it is over.
bool is_told(const LogLines& log, const std::string& what, JobId job) {
  const auto begun = log.beginning(what);
  return begun.size() == 1 && begun[0].find(fmt::format("job={} ", job.value)) != std::string::npos;
}
bool is_over(const LogLines& log, const std::string& what) {
  return log.beginning("over: " + what).size() == 1;
}

void set_failing(DiskScript& script, const std::string& operation) {
  const std::lock_guard lock{script.mutex};
  script.failing = operation;
}

}  // namespace

TEST_CASE(
    "a result that the database does not take fails the job, which says so, and its slot is "
    "free",
    "[job][ending]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  JobPlace place{kind};
  place.settings.queues = {{"default", 1}};
  place.open();
  refuse_large_results(place, kind);
  const Job job = place.wait_until_final(place.submit(with_result(place, 2'000)));
  CHECK(job.state == JobState::Failed);
  CHECK(job.result.is_null());
  CHECK(job.error["message"].get<std::string>().find("its result of 2012 bytes") !=
        std::string::npos);
  const Job next = place.wait_until_final(place.submit(with_result(place, 10)));
  CHECK(next.state == JobState::Finished);
  place.close();
}

TEST_CASE("a result that is larger than a packet of the database fails its job", "[job][ending]") {
  JobPlace place{SqlDialect::MySql};
  place.settings.queues = {{"default", 1}};
  place.open();
  const Job job = place.wait_until_final(place.submit(with_result(place, 20'000'000)));
  CHECK(job.state == JobState::Failed);
  const auto message = job.error["message"].get<std::string>();
  CHECK(message.find("its result of 20000012 bytes") != std::string::npos);
  CHECK(message.find("max_allowed_packet") != std::string::npos);
  CHECK(place.wait_until_final(place.submit(with_result(place, 10))).state == JobState::Finished);
  place.close();
}

TEST_CASE("outputs of a job whose result the database does not take are not published",
          "[job][ending]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  JobPlace place{kind};
  place.open();
  refuse_large_results(place, kind);
  auto document = place.pipeline({{"batches", 1}}, "list", "log");
  document["ops"].push_back({{"name", "large"},
                             {"type", "output.nothing"},
                             {"preOps", {"in"}},
                             {"postOps", Json::array()},
                             {"params", {{"result_bytes", 2'000}}}});
  document["ops"][0]["postOps"].push_back("large");
  const Job job = place.wait_until_final(place.submit(document));
  CHECK(job.state == JobState::Failed);
  CHECK(place.partials().empty());
  CHECK_FALSE(place.read("list").has_value());
  CHECK(place.read("log").value_or("").find(R"("status":"failed")") != std::string::npos);
  place.close();
}

TEST_CASE("an end that the database does not take even without a result is written when it does",
          "[job][ending]") {
  LogLines log;
  JobPlace place;
  place.settings.queues = {{"default", 1}};  // the other starts when the first has come to its end
  place.open();
  log.listen();
  execute(place,
          "CREATE TRIGGER no_end BEFORE UPDATE ON jobs WHEN NEW.finished_us > 0 BEGIN SELECT "
          "RAISE(ABORT, 'no end'); END");
  const auto id = place.submit(with_result(place, 10));
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  const auto busy = [&place] { return place.service().counters().running; };
  while (busy() == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  const auto other = place.submit(place.pipeline({{"batches", 1}, {"gate", place.path("gate")}}));
  place.wait_for(other, JobState::Running);  // a job that cannot be ended holds no slot
  CHECK(comes([&] { return is_told(log, "catalog takes no end of a job", id); }));
  execute(place, "DROP TRIGGER no_end");
  place.touch("gate");
  CHECK(place.wait_until_final(id).error["message"].get<std::string>().find("its result of 22") !=
        std::string::npos);
  CHECK(place.wait_until_final(other).state == JobState::Finished);
  place.close();
  CHECK(is_over(log, "catalog takes no end of a job"));
}

TEST_CASE("outputs that cannot be published yet are published when they can, without a new run",
          "[job][ending]") {
  DiskScript script;
  JobPlace place;
  place.open_disk = faulty(script);
  place.open();
  const auto id = place.submit(
      place.pipeline({{"batches", 2}, {"gate", place.path("gate")}, {"gate_at", 1}}, "list"));
  place.wait(id, [&place](const Job&) { return !place.partials().empty(); });
  set_failing(script, "rename");
  place.touch("gate");
  place.wait_for(id, JobState::Publishing);
  set_failing(script, "");
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Finished);
  CHECK(job.attempt == 1);
  CHECK(job.result == Json{{"rows", 2}});
  CHECK(place.read("list") == numbers(2));
  place.close();
}

TEST_CASE("a job that is aborted while it waits has its log as soon as the store can",
          "[job][ending]") {
  DiskScript script;
  JobPlace place;
  place.settings.queues = {{"default", 1}};
  place.open_disk = faulty(script);
  place.open();
  const auto blocker = place.submit(place.pipeline({{"batches", 1}, {"gate", place.path("gate")}}));
  place.wait_for(blocker, JobState::Running);
  const auto id = place.submit(place.pipeline({{"batches", 1}}, "list", "log"));
  set_failing(script, "rename");
  CHECK(must(place.service().abort(id, StopReason::User)) == JobState::Aborted);
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  const auto failures = [&script] {
    const std::lock_guard lock{script.mutex};
    return script.failures;
  };
  while (failures() < 2 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  CHECK(failures() >= 2);
  set_failing(script, "");
  while (!place.read("log") && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  const auto log = place.read("log").value_or("");
  CHECK(std::count(log.begin(), log.end(), '\n') == 1);
  CHECK(log.find(R"("status":"aborted")") != std::string::npos);
  place.touch("gate");
  place.wait_until_final(blocker);
  place.close();
}

TEST_CASE("an abort that comes while a failure is being written ends the job once, tidied up",
          "[job][ending]") {
  JobPlace place;
  place.open();
  const int code = GENERATE(MR_UNAVAILABLE, MR_DATA_INVALID);
  const auto id = place.submit(place.pipeline({{"batches", 3},
                                               {"gate", place.path("gate")},
                                               {"gate_at", 1},
                                               {"deaf", true},
                                               {"fail_until", place.path("never")},
                                               {"code", code},
                                               {"events", true},
                                               {"fail_at", 2}},
                                              "list", "log"));
  place.wait(id,
             [&place](const Job&) { return std::filesystem::exists(place.path("gate.reached")); });
  // Past the service, so that the attempt does not know.
  must(place.store_of_jobs().abort(id, StopReason::User));
  place.touch("gate");
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Aborted);
  CHECK(job.stop_reason == StopReason::User);
  CHECK(place.partials().empty());
  CHECK_FALSE(place.read("list").has_value());
  CHECK(place.read("log").value_or("").find(R"("level":"summary")") != std::string::npos);
  place.close();
}

TEST_CASE(
    "the log tells when the catalog does not take what becomes of a job, and when that is over",
    "[job][ending]") {
  struct Refused {
    std::string what, written, condition;
    Json numbers;  // of the input
  };
  LogLines log;
  JobPlace place;
  place.settings.lease = 3s;  // renewed after one
  place.open();
  log.listen();
  const auto refused = GENERATE_REF(values<Refused>(
      {{"job not started", "UPDATE ON jobs", "NEW.token > OLD.token", {{"batches", 1}}},
       {"lease not renewed",
        "UPDATE ON jobs",
        "NEW.lease_until_us > OLD.lease_until_us AND NEW.token = OLD.token",
        {{"batches", 1}, {"gate", place.path("gate")}}},
       {"checkpoint of a job not written",
        "INSERT ON job_checkpoints",
        "true",
        {{"batches", 1'000'000}, {"pause_us", 1'000}}},
       {"catalog does not take changes of jobs",
        "UPDATE ON jobs",
        "NEW.finished_us > 0",
        {{"batches", 1}}}}));
  INFO(refused.what);
  FullCatalog full{place, refused.written, refused.condition};
  // With an output that keeps a state, so that there are checkpoints.
  const auto id = place.submit(place.pipeline(refused.numbers, "list"));
  CHECK(comes([&] { return is_told(log, refused.what, id); }));
  full.end();
  CHECK(comes([&] { return is_over(log, refused.what); }));
  CHECK(is_told(log, refused.what, id));
  static_cast<void>(place.service().abort(id, StopReason::User));  // unless it has ended
  CHECK(is_final(place.wait_until_final(id).state));
  place.close();
}
