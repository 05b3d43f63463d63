#include <atomic>

#include <catch2/catch.hpp>

#include "job_place.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::must;
using test::numbers;

TEST_CASE("a job runs to its end, and its outputs appear whole", "[job][service]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  const auto id =
      place.submit(place.pipeline({{"batches", 20}, {"rows", 5}, {"events", true}}, "list", "log"));
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Finished);
  CHECK(job.result == Json{{"rows", 100}});
  CHECK(job.counts == Json{{"generated", 1}, {"read", 100}, {"written", 100}});
  CHECK(job.progress["done"] == 100);
  CHECK(job.progress["total"] == 100);
  CHECK(job.progress["unit"] == "rows");
  CHECK(job.versions == Json{{"input.numbers", "1.2.3"}, {"output.ledger", "1.2.3"}});
  CHECK(job.started_us >= job.created_us);
  CHECK(job.finished_us >= job.started_us);
  CHECK(place.read("list") == numbers(100));
  CHECK(place.partials().empty());
  const auto log = place.read("log").value_or("");
  CHECK(std::count(log.begin(), log.end(), '\n') == 101);
  CHECK(
      log.find(
          R"("level":"summary","status":"finished","read":100,"badLines":0,"written":100,"generated":1,"failed":0)") !=
      std::string::npos);
  const auto journal = place.journal(id);
  CHECK(journal.front() == "queued");
  CHECK(journal[1] == "running");
  CHECK(journal[journal.size() - 2] == "publishing");
  CHECK(journal.back() == "finished");
  place.close();
}

TEST_CASE("nothing is visible while a job runs", "[job][service]") {
  JobPlace place;
  place.open();
  const auto id = place.submit(place.pipeline(
      {{"batches", 3}, {"gate", place.path("gate")}, {"gate_at", 2}}, "list", "log"));
  place.wait(id, [&place](const Job&) { return !place.partials().empty(); });
  CHECK_FALSE(place.read("list").has_value());
  CHECK_FALSE(place.read("log").has_value());
  place.touch("gate");
  CHECK(place.wait_until_final(id).state == JobState::Finished);
  CHECK(place.read("list") == numbers(3));
}

TEST_CASE("a job that fails keeps its reason and its log, and leaves no output", "[job][service]") {
  JobPlace place;
  place.open();
  const auto id = place.submit(place.pipeline(
      {{"batches", 9}, {"gate_at", 4}, {"fail_until", "/nowhere"}, {"code", 4}, {"events", true}},
      "list", "log"));
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Failed);
  CHECK(job.error["code"] == "data_invalid");
  CHECK(job.error["node"] == "in");
  CHECK(job.attempt == 1);
  CHECK_FALSE(place.read("list").has_value());
  CHECK(place.partials().empty());
  CHECK(place.read("log").value_or("").find(R"("status":"failed","read":4)") != std::string::npos);
}

TEST_CASE("a pipeline that is not valid any more fails with every fault, and its log says so",
          "[job][service]") {
  JobPlace place;
  place.open();
  auto document = place.pipeline({{"batches", 1}}, "list", "log");
  document["ops"][0]["type"] = "input.gone";
  document["ops"][1]["params"]["what"] = 1;
  const Job job = place.wait_until_final(place.submit(document));
  CHECK(job.state == JobState::Failed);
  CHECK(job.error["code"] == "invalid_argument");
  const auto message = job.error["message"].get<std::string>();
  CHECK(message.find("/ops/0/type") != std::string::npos);
  CHECK(message.find("/ops/1/params/what") != std::string::npos);
  CHECK(place.read("log").value_or("").find(R"("status":"failed")") != std::string::npos);
}

TEST_CASE("a job may use the addresses that are open to who submitted it, and no others",
          "[job][service]") {
  JobPlace place;
  place.open();
  const auto end_with = [&place](std::vector<std::string> grants) {
    JobRequest request;
    request.pipeline = place.pipeline({{"batches", 1}}, "list");
    StoreRights rights;
    rights.grants = std::move(grants);
    std::atomic<std::int64_t> submitted{0};
    place.service().submit(std::move(request), rights,
                           [&submitted](Result<JobStore::Submission> made) {
                             submitted = must(std::move(made)).id.value;
                           });
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (submitted == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return place.wait_until_final(JobId{submitted});
  };
  CHECK(end_with({"z0/out"}).state == JobState::Finished);
  const Job refused = end_with({"z0/in"});
  CHECK(refused.state == JobState::Failed);
  CHECK(refused.error["code"] == "permission_denied");
}

TEST_CASE("two outputs at one address fail the job instead of mixing", "[job][service]") {
  JobPlace place;
  place.open();
  auto document = place.pipeline({{"batches", 2}}, "list");
  auto twin = document["ops"][1];
  twin["name"] = "twin";
  document["ops"].push_back(twin);
  document["ops"][0]["postOps"] = {"out", "twin"};
  const Job job = place.wait_until_final(place.submit(document));
  CHECK(job.state == JobState::Failed);
  CHECK_FALSE(place.read("list").has_value());
}

TEST_CASE("a watcher hears of changes until it stops listening", "[job][service]") {
  JobPlace place;
  place.open();
  const auto id = place.submit(place.pipeline({{"batches", 1}, {"gate", place.path("gate")}}));
  place.wait_for(id, JobState::Running);
  std::atomic<int> heard{0}, others{0};
  const auto watch = place.service().watch(id, [&heard](JobId) { ++heard; });
  const auto other = place.service().watch(JobId{id.value + 1}, [&others](JobId) { ++others; });
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (heard < 2 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();  // once a second
  CHECK(heard >= 2);
  place.touch("gate");
  place.wait_until_final(id);
  place.service().unwatch(watch);
  place.service().unwatch(other);
  place.service().unwatch(other);
  place.close();
  CHECK(others == 0);
}

TEST_CASE("progress tells where a running job stands, and nothing of others", "[job][service]") {
  JobPlace place;
  place.open();
  const auto id = place.submit(
      place.pipeline({{"batches", 10}, {"rows", 3}, {"gate", place.path("gate")}, {"gate_at", 4}}));
  std::optional<Progress> progress;
  place.wait(id, [&](const Job&) {
    progress = place.service().progress(id);
    return progress && progress->done == 12;
  });
  CHECK(progress->total == 30);
  CHECK(progress->unit == "rows");
  CHECK(progress->per_second > 0);
  CHECK(progress->seconds_left.has_value());
  CHECK(progress->counts == std::map<std::string, std::int64_t>{{"read", 12}});
  CHECK_FALSE(place.service().progress(JobId{id.value + 1}).has_value());
  CHECK(place.service().counters().running == 1);
  place.touch("gate");
  place.wait_until_final(id);
  place.close();
}

TEST_CASE("a job that is run again gives the same bytes", "[job][service]") {
  JobPlace place;
  place.open();
  JobRequest request;
  request.pipeline = place.pipeline({{"batches", 7}}, "list");
  request.dialect = "atflow";
  request.external_id = "abc";
  request.facts = Json{{"kept", true}};
  const auto id = place.submit(request);
  place.wait_until_final(id);
  std::filesystem::remove(place.folder() / "store/z0/out/list");
  std::atomic<std::int64_t> again{0};
  place.service().rerun(
      id, [&again](Result<JobStore::Submission> made) { again = must(std::move(made)).id.value; });
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (again == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  const Job job = place.wait_until_final(JobId{again});
  CHECK(job.id != id);
  CHECK(job.state == JobState::Finished);
  CHECK(job.facts == Json{{"kept", true}, {"rerun_of", id.value}});
  CHECK(place.read("list") == numbers(7));
  std::atomic<bool> refused{false};
  place.service().rerun(
      JobId{999}, [&refused](const Result<JobStore::Submission>& made) { refused = !made.ok(); });
  while (!refused && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  CHECK(refused);
}

TEST_CASE("what an operator logs in a loop does not fill the journal", "[job][service]") {
  JobPlace place;
  place.open();
  auto document = place.pipeline({{"batches", 1}}, "list");
  document["ops"][1]["params"]["log"] = 500;
  const auto id = place.submit(document);
  CHECK(place.wait_until_final(id).state == JobState::Finished);
  const auto journal = place.journal(id);
  const auto lines = std::count(journal.begin(), journal.end(), "log");
  CHECK(lines >= 10);
  CHECK(lines < 100);
}

TEST_CASE(
    "shutting down puts running jobs back with their checkpoint, and the next start ends them",
    "[job][service]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  const auto id = place.submit(place.pipeline(
      {{"batches", 8}, {"rows", 2}, {"events", true}, {"gate", place.path("gate")}, {"gate_at", 5}},
      "list", "log"));
  place.wait(id, [&place](const Job& job) {
    return must(place.store_of_jobs().last_checkpoint(job.id)).has_value();
  });
  place.close();
  place.open(false);
  Job job = must(place.store_of_jobs().get(id));
  CHECK(job.state == JobState::Queued);
  CHECK(job.attempt == 0);  // it was no fault of the job
  CHECK(must(place.store_of_jobs().last_checkpoint(id)).has_value());
  CHECK_FALSE(place.read("list").has_value());
  place.touch("gate");
  must(place.service().start());
  job = place.wait_until_final(id);
  CHECK(job.state == JobState::Finished);
  CHECK(job.counts == Json{{"generated", 1}, {"read", 16}, {"written", 16}});
  CHECK(place.read("list") == numbers(16));
  const auto log = place.read("log").value_or("");
  CHECK(std::count(log.begin(), log.end(), '\n') == 17);
  CHECK(place.partials().empty());
}

TEST_CASE("a service that drains takes no more", "[job][service]") {
  JobPlace place;
  place.open();
  place.service().drain();
  JobRequest request;
  request.pipeline = place.pipeline({{"batches", 1}});
  const auto refused = place.try_submit(request);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::Unavailable);
  place.service().drain();
}

TEST_CASE("a drain with a deadline ends though an operator does not stop, and another waits for it",
          "[job][service]") {
  JobPlace place;
  place.open();
  const auto id = place.submit(place.pipeline(
      {{"batches", 2}, {"gate", place.path("gate")}, {"gate_at", 1}, {"deaf", true}}, "list"));
  place.wait(id,
             [&place](const Job&) { return std::filesystem::exists(place.path("gate.reached")); });
  CHECK_FALSE(place.service().drain_for(50ms));
  CHECK_FALSE(place.service().drain_for(0ms));
  place.touch("gate");
  CHECK(place.service().drain_for(1min));
  CHECK(must(place.store_of_jobs().get(id)).state == JobState::Queued);
  CHECK_FALSE(place.read("list").has_value());
}

TEST_CASE("more records at one node than the pipeline allows fail the job, naming the node",
          "[job][service][limits]") {
  JobPlace place;
  place.open();
  auto pipeline = place.pipeline({{"batches", 4}, {"rows", 5}}, "list");
  pipeline["maxRecords"] = 20;
  CHECK(place.wait_until_final(place.submit(pipeline)).state == JobState::Finished);
  pipeline["maxRecords"] = 19;
  pipeline["ops"][1]["params"]["file"] = place.uri("other");
  const Job job = place.wait_until_final(place.submit(pipeline));
  CHECK(job.state == JobState::Failed);
  CHECK(job.error["code"] == "exhausted");
  CHECK(job.error["message"].get<std::string>().find("more than 19 records") != std::string::npos);
  CHECK(job.error["node"] == "in");
  CHECK_FALSE(place.read("other").has_value());
  CHECK(place.partials().empty());
}

TEST_CASE("records that an earlier attempt passed count for the limit of a resumed job",
          "[job][service][limits]") {
  JobPlace place;
  place.open();
  auto pipeline = place.pipeline(
      {{"batches", 4}, {"rows", 5}, {"gate", place.path("gate")}, {"gate_at", 2}}, "list");
  pipeline["maxRecords"] = 19;
  const auto id = place.submit(pipeline);
  place.wait(id, [&place](const Job& job) {
    return must(place.store_of_jobs().last_checkpoint(job.id)).has_value();
  });
  place.close();
  place.touch("gate");
  place.open();
  const Job job = place.wait_until_final(id);
  CHECK(job.attempt >= 1);
  CHECK(job.state == JobState::Failed);
  CHECK(job.error["code"] == "exhausted");
}
