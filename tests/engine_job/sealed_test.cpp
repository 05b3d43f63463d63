#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/base/random.hpp"
#include "engine/graph/graph.hpp"
#include "engine/job/inline_services.hpp"
#include "job_place.hpp"
#include "jobs_fixture.hpp"
#include "tests/fixtures/child_process.hpp"
#include "tests/fixtures/mariadb.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::must;

namespace {

constexpr const char* kSealedFolderVariable = "MR_SEALED_TEST_FOLDER";

const std::string kPassword = "open-sesame-7fd1";
const std::string kOpenWord = "everybody-may-see-5c30";

std::int64_t hash_of(const std::string& text) {
  return static_cast<std::int64_t>(std::hash<std::string>{}(text) >> 1);
}

// Numbers into output.confidant, which is told of the connection "db", of which the pipeline has a
// password by its parameter.
Json confiding(const Json& params, const Json& numbers = {{"batches", 1}}) {
  return {
      {"params",
       {{"PASSWORD", {{"type", "string"}, {"secret", true}}},
        {"WORD", {{"type", "string"}, {"default", kOpenWord}}}}},
      {"name", {{"$param", "WORD"}}},
      {"connections",
       {{"db", {{"address", "mysql://me@db.example/x"}, {"password", {{"$param", "PASSWORD"}}}}}}},
      {"ops",
       {{{"name", "in"},
         {"type", "input.numbers"},
         {"preOps", Json::array()},
         {"postOps", {"out"}},
         {"params", numbers}},
        {{"name", "out"},
         {"type", "output.confidant"},
         {"preOps", {"in"}},
         {"postOps", Json::array()},
         {"params", params}}}}};
}

JobRequest request_of(JobPlace& place, const Json& document,
                      const Json& values = {{"PASSWORD", kPassword}}) {
  InlineServices services{{place.store(), place.catalog(), place.service()}, place.rights(), {}};
  auto made = validate_document(document, values, place.registry(), services);
  for (const auto& fault : made.faults) UNSCOPED_INFO(fault.pointer << " " << fault.message);
  REQUIRE(made.graph);
  JobRequest request;
  request.pipeline = std::move(made.document);
  request.graph = made.graph;
  if (!made.sealed.is_null()) request.sealed = std::make_shared<const Json>(made.sealed);
  return request;
}

// Names of the files below a folder that hold a text.
std::vector<std::string> files_with(const std::string& text, const std::filesystem::path& root) {
  std::vector<std::string> found;
  std::error_code gone;
  std::filesystem::recursive_directory_iterator entry{root, gone};
  for (; entry != std::filesystem::recursive_directory_iterator{}; entry.increment(gone)) {
    if (!entry->is_regular_file(gone)) continue;
    std::ifstream file{entry->path(), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    if (bytes.find(text) != std::string::npos) found.push_back(entry->path().string());
  }
  return found;
}

// All that the engine and its database keep.
std::vector<std::string> files_with(const std::string& text, JobPlace& place) {
  auto found = files_with(text, place.folder());
  const auto database =
      place.catalog().dialect() == SqlDialect::Sqlite
          ? std::filesystem::path{place.database().address.substr(std::string{"sqlite:"}.size())}
                .parent_path()
          : test::MariaDb::shared().data_folder();
  for (auto& name : files_with(text, database)) found.push_back(std::move(name));
  return found;
}

std::vector<std::string> sealed_in(const JobPlace& place, const std::string& folder = "sealed") {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{place.folder() / folder}) {
    if (entry.path().filename() != "place") names.push_back(entry.path().string());
  }
  return names;
}

void wait_for_file(const std::string& file) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!std::filesystem::exists(file)) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(1ms);
  }
}

}  // namespace

TEST_CASE("a secret parameter is in its job's file alone, and after the job in none",
          "[job][sealed]") {
  const auto dialect = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  JobPlace place{dialect};
  place.reaches_databases = true;
  place.open();
  const auto id = place.submit(
      request_of(place, confiding({{"connection", "db"}, {"gate", place.path("gate")}})));
  wait_for_file(place.path("gate.reached"));
  const auto during = files_with(kPassword, place);
  CHECK(during == sealed_in(place));
  REQUIRE(during.size() == 1);
  CHECK(std::filesystem::status(during.front()).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK(std::filesystem::status(place.folder() / "sealed").permissions() ==
        std::filesystem::perms::owner_all);
  CHECK_FALSE(files_with(kOpenWord, place).empty());  // the search finds what is there
  const Job running = must(place.store_of_jobs().get(id));
  CHECK((*running.pipeline)["connections"]["db"]["password"] == Json{{"$sealed", "PASSWORD"}});

  place.touch("gate");
  const Job job = place.wait_until_final(id);
  INFO(job.error.dump());
  CHECK(job.state == JobState::Finished);
  CHECK(job.result == Json{{"address", "mysql://me@db.example/x"}, {"hash", hash_of(kPassword)}});
  CHECK(sealed_in(place).empty());
  CHECK(files_with(kPassword, place).empty());
}

TEST_CASE("a parameter of a node may be secret, and the next attempt has it too", "[job][sealed]") {
  const auto dialect = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  JobPlace place{dialect};
  place.open();
  auto document = confiding({{"secret", {{"$param", "PASSWORD"}}}},
                            {{"batches", 3}, {"gate_at", 1}, {"fail_until", place.path("mended")}});
  document.erase("connections");
  const auto id = place.submit(request_of(place, document));
  place.wait(id, [](const Job& job) { return job.failures > 0; });
  CHECK(sealed_in(place).size() == 1);
  place.touch("mended");
  const Job job = place.wait_until_final(id);
  INFO(job.error.dump());
  CHECK(job.state == JobState::Finished);
  CHECK(job.attempt > 1);
  CHECK(job.result["hash"] == hash_of(kPassword));
  CHECK(sealed_in(place).empty());
  CHECK(files_with(kPassword, place).empty());
}

TEST_CASE("a large value of a parameter is in the job's file, and in no row", "[job][sealed]") {
  const auto dialect = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  JobPlace place{dialect};
  place.open();
  auto document = confiding({{"secret", {{"$param", "RULES"}}}, {"gate", place.path("gate")}});
  document["params"] = {{"WORD", {{"type", "string"}, {"default", kOpenWord}}},
                        {"RULES", {{"type", "string"}, {"file", true}}}};
  document.erase("connections");
  const std::string rules = "rules-of-mine-0f1e2d3c";
  const auto id = place.submit(request_of(place, document, {{"RULES", rules}}));
  wait_for_file(place.path("gate.reached"));
  CHECK(files_with(rules, place) == sealed_in(place));
  CHECK((*must(place.store_of_jobs().get(id)).pipeline)["ops"][1]["params"]["secret"] ==
        Json{{"$file", "RULES"}});
  place.touch("gate");
  CHECK(place.wait_until_final(id).result["hash"] == hash_of(rules));
  CHECK(sealed_in(place).empty());
}

TEST_CASE("an operator that quotes a secret tells nobody", "[job][sealed]") {
  const auto dialect = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  JobPlace place{dialect};
  place.reaches_databases = true;
  must(place.connections().replace("", {{"named", {"mysql://me@db/x", kPassword}}}));
  place.open();
  auto document =
      confiding({{"connection", GENERATE(as<std::string>{}, "db", "named")}, {"quotes", true}});
  document["logFile"] = GENERATE(as<std::string>{}, "", "qiniu:///z0/out/log");
  const Job job = place.wait_until_final(place.submit(request_of(place, document)));
  CHECK(job.state == JobState::Failed);
  CHECK(job.error["message"].get<std::string>().find("no such password: ***") != std::string::npos);
  CHECK(files_with(kPassword, place).empty());
}

TEST_CASE("secrets are erased however a job ends, and asked for anew", "[job][sealed]") {
  const auto dialect = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  JobPlace place{dialect};
  place.reaches_databases = true;
  place.open();
  const auto check_asked_anew = [&](JobId id) {
    CHECK(sealed_in(place).empty());
    const auto again = place.service().retry(id);
    REQUIRE_FALSE(again.ok());
    CHECK(again.error().code == Code::Conflict);
    CHECK(again.error().message.find("submit its pipeline again") != std::string::npos);
  };
  // Fails.
  const auto failed = place.submit(request_of(place, confiding({{"connection", "none"}})));
  CHECK(place.wait_until_final(failed).state == JobState::Failed);
  check_asked_anew(failed);
  // Is aborted while it runs.
  const auto running = place.submit(
      request_of(place, confiding({{"connection", "db"}, {"gate", place.path("gate")}})));
  wait_for_file(place.path("gate.reached"));
  must(place.service().abort(running, StopReason::User));
  CHECK(place.wait_until_final(running).state == JobState::Aborted);
  check_asked_anew(running);
  // Waits for one that fails.
  auto first = request_of(
      place, confiding({{"connection", "none"}}, {{"batches", 1}, {"gate", place.path("first")}}));
  const auto first_id = place.submit(std::move(first));
  auto second = request_of(place, confiding({{"connection", "db"}}));
  second.after.job = first_id;
  const auto second_id = place.submit(std::move(second));
  CHECK(sealed_in(place).size() == 2);
  place.touch("first");
  CHECK(place.wait_until_final(second_id).state == JobState::Aborted);
  // It was aborted with the first, and is tidied behind that.
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!sealed_in(place).empty() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  check_asked_anew(second_id);
  // A rerun.
  auto rerun = test::Jobs::wait<JobStore::Submission>(
      [&](auto done) { place.service().rerun(failed, std::move(done)); });
  REQUIRE_FALSE(rerun.ok());
  CHECK(rerun.error().code == Code::Conflict);
  CHECK(files_with(kPassword, place).empty());
}

TEST_CASE("a second submission with the same key leaves the first one's secrets", "[job][sealed]") {
  const auto dialect = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  JobPlace place{dialect};
  place.reaches_databases = true;
  place.open();
  const auto submit = [&](const std::string& password) {
    auto request =
        request_of(place, confiding({{"connection", "db"}, {"gate", place.path("gate")}}),
                   {{"PASSWORD", password}});
    request.idempotency_key = "once";
    return place.submit(std::move(request));
  };
  const auto id = submit(kPassword);
  const auto kept = sealed_in(place);
  CHECK(submit("another password") == id);
  CHECK(sealed_in(place) == kept);
  place.touch("gate");
  CHECK(place.wait_until_final(id).result["hash"] == hash_of(kPassword));
}

TEST_CASE("a job whose secrets lie with another engine is left to that", "[job][sealed]") {
  JobPlace first{SqlDialect::MySql};
  first.reaches_databases = true;
  first.open(false);
  JobPlace second{JobPlace::Twin{}, first};
  second.sealed_folder = "sealed-elsewhere";
  second.reaches_databases = true;
  second.open();
  const auto id = first.submit(request_of(first, confiding({{"connection", "db"}})));
  const auto open_one = second.submit(second.pipeline({{"batches", 1}}));
  const auto own = second.submit(request_of(second, confiding({{"connection", "db"}})));
  CHECK(second.wait_until_final(open_one).state == JobState::Finished);
  CHECK(second.wait_until_final(own).state == JobState::Finished);
  std::this_thread::sleep_for(3s);  // it polls a shared catalog every two
  CHECK(must(second.store_of_jobs().get(id)).attempt == 0);
  must(first.service().start());
  const Job job = first.wait_until_final(id);
  INFO(job.error.dump());
  CHECK(job.state == JobState::Finished);
  CHECK(job.result["hash"] == hash_of(kPassword));
  CHECK(sealed_in(first).empty());
  second.close();
}

TEST_CASE("secrets that somebody removed fail the job, with the way out", "[job][sealed]") {
  JobPlace place;
  place.reaches_databases = true;
  place.open(false);
  const auto id = place.submit(request_of(place, confiding({{"connection", "db"}})));
  const auto damaged = place.submit(request_of(place, confiding({{"connection", "db"}})));
  const auto strange = place.submit(request_of(place, confiding({{"connection", "db"}})));
  const auto folder = place.folder() / "sealed";
  std::filesystem::remove(folder / must(place.store_of_jobs().get(id)).sealed_file);
  std::ofstream{folder / must(place.store_of_jobs().get(damaged)).sealed_file} << "{\""
                                                                               << kPassword;
  std::ofstream{folder / must(place.store_of_jobs().get(strange)).sealed_file}
      << R"({"file": {}, "secret": {"/ops/7/params/x": ")" << kPassword << R"("}})";
  must(place.service().start());
  const auto message = [&](JobId job) {
    const Job row = place.wait_until_final(job);
    CHECK(row.state == JobState::Failed);
    CHECK(row.error.dump().find(kPassword) == std::string::npos);
    return row.error["message"].get<std::string>();
  };
  CHECK(message(id).find("submit it again with them") != std::string::npos);
  CHECK(message(damaged).find("the file is damaged") != std::string::npos);
  CHECK(message(strange).find("do not belong to this pipeline") != std::string::npos);
}

TEST_CASE("what no living job names is swept at the start", "[job][sealed]") {
  const auto dialect = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  JobPlace place{dialect};
  place.reaches_databases = true;
  place.open(false);
  const auto kept = place.submit(
      request_of(place, confiding({{"connection", "db"}, {"gate", place.path("gate")}})));
  const auto ended = place.submit(request_of(place, confiding({{"connection", "db"}})));
  const std::string file = must(place.store_of_jobs().get(ended)).sealed_file;
  const auto orphan = place.folder() / "sealed" / (file.substr(0, 17) + std::string(32, '0'));
  std::ofstream{orphan} << kPassword;
  std::ofstream{place.folder() / "sealed" / "README"} << "not ours";
  // Ends it behind our back.
  must(place.catalog().write_and_wait([&](Connection& connection) -> Result<void> {
    MR_CHECK(connection.execute("UPDATE jobs SET state = 'finished' WHERE id = ?", {ended.value}));
    return {};
  }));
  for (const auto& entry : std::filesystem::directory_iterator{place.folder() / "sealed"})
    std::filesystem::last_write_time(entry.path(),
                                     std::filesystem::file_time_type::clock::now() - 1h);
  place.close();
  place.open();
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (sealed_in(place).size() > 2 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  CHECK_FALSE(std::filesystem::exists(orphan));
  CHECK_FALSE(std::filesystem::exists(place.folder() / "sealed" / file));
  CHECK(std::filesystem::exists(place.folder() / "sealed" / "README"));
  place.touch("gate");
  CHECK(place.wait_until_final(kept).result["hash"] == hash_of(kPassword));
}

// Not a test: what the process does that is killed.
TEST_CASE("child of the test of sealed values", "[.child_sealed]") {
  const char* folder = std::getenv(kSealedFolderVariable);
  REQUIRE(folder != nullptr);
  JobPlace place{std::filesystem::path{folder}};
  place.reaches_databases = true;
  place.open();
  for (int i = 0;; ++i) {
    auto request = request_of(
        place, confiding({{"connection", i % 3 == 0 ? "none" : "db"}}, {{"batches", 2}}));
    static_cast<void>(place.submit(std::move(request)));
  }
}

TEST_CASE("SIGKILL at random moments leaves no secret behind and no job without its own",
          "[job][sealed][kill]") {
  const std::uint64_t seed = system_random().next();
  WARN("seed " << seed);
  SeededRandom random{seed};
  const test::TemporaryFolder folder;
  for (int death = 0; death < 8; ++death) {
    test::ChildProcess child{
        {"env", std::string{kSealedFolderVariable} + "=" + folder.path().string(),
         std::filesystem::read_symlink("/proc/self/exe").string(), "[.child_sealed]"}};
    std::this_thread::sleep_for(std::chrono::milliseconds{300 + random.next() % 700});
    REQUIRE(child.is_running());
    child.kill();
  }
  JobPlace place{folder.path()};
  place.reaches_databases = true;
  place.open();
  const auto jobs = must(place.store_of_jobs().list({.limit = 100'000}));
  WARN("jobs " << jobs.size());
  CHECK(jobs.size() > 8);
  for (const Job& one : jobs) {
    const Job job = place.wait_until_final(one.id);
    INFO(job.id.value << " " << job.error.dump());
    const bool is_named = job.pipeline->at("ops").at(1).at("params").at("connection") == "db";
    CHECK(job.state == (is_named ? JobState::Finished : JobState::Failed));
    if (is_named) CHECK(job.result["hash"] == hash_of(kPassword));
    if (!is_named) CHECK(job.error["code"] == "not_found");
  }
  place.close();
  place.open();
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!sealed_in(place).empty() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  CHECK(sealed_in(place).empty());
  CHECK(files_with(kPassword, place).empty());
  CHECK_FALSE(files_with(kOpenWord, place).empty());
}
