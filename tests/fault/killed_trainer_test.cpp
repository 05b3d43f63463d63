// A job that learns a model, in a server that is killed: there is one model with its file, or none.
#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/base/private_files.hpp"
#include "engine/base/spawn.hpp"
#include "engine/catalog/catalog.hpp"
#include "tests/fault/served_pictures.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::int64_t kBatches = 20;
constexpr std::int64_t kSum = kBatches * (kBatches - 1) / 2;
constexpr std::size_t kBytes = 300'000;

// A server with a registry of one user and one project, which is killed and started again.
class School {
 public:
  School() {
    const auto catalog = open_catalog();
    const auto insert = [&](const char* entity, const Json& columns) {
      const Json change{{"entity", entity}, {"action", "insert"}, {"set", columns}};
      REQUIRE(catalog->change(change, {.owner = {}, .name = "test"}).ok());
    };
    insert("users", {{"login", "a"}, {"password", "p"}});
    insert("workspaces", {{"name", "w"}});
    insert("projects", {{"name", "p"}, {"workspace_id", 1}});
  }

  void start() {
    const auto folder_of = [](const char* plugin) {
      return fs::path{plugin}.parent_path().string();
    };
    server_ = std::make_unique<ServerProcess>(
        data(), std::vector<std::string>{"--plugins", folder_of(MR_JOB_OPERATORS), "--plugins",
                                         folder_of(MR_TRAIN_SUM)});
  }
  void kill() { server_->kill(); }
  void end() {
    CHECK(server_->terminate() == 0);
    server_.reset();
  }

  // The number of the job; nothing when the server is dead.
  std::optional<std::int64_t> submit(const std::string& name, const std::string& stop_at = {}) {
    const Json input{{"name", "in"},
                     {"type", "input.numbers"},
                     {"postOps", {"train"}},
                     {"params", {{"batches", kBatches}, {"pause_us", 1'000}}}};
    const Json train{{"name", "train"},
                     {"type", "train.sum"},
                     {"preOps", {"in"}},
                     {"params",
                      {{"name", name},
                       {"bytes", kBytes},
                       {"stop_at", stop_at},
                       {"gate", stop_at.empty() ? "" : gate().string()}}}};
    const Json job{{"pipeline", {{"name", "school"}, {"ops", {input, train}}}},
                   {"idempotencyKey", name}};
    const auto answer = ask(*server_, data(), "POST", "/jobs", job.dump());
    if (!answer || answer->status / 100 != 2) return std::nullopt;
    return answer->body.at("id").get<std::int64_t>();
  }

  void abort(std::int64_t id) {
    const auto answer = ask(*server_, data(), "POST", fmt::format("/jobs/{}/abort", id), "{}");
    REQUIRE(answer);
    INFO(answer->body.dump());
    CHECK(answer->status / 100 == 2);
  }

  std::string wait_for_end(std::int64_t id) {
    std::string state;
    until([&] {
      const auto job = ask(*server_, data(), "GET", fmt::format("/jobs/{}", id));
      REQUIRE(job);
      UNSCOPED_INFO(job->body.dump());
      state = job->body.at("state").get<std::string>();
      return state == "finished" || state == "failed" || state == "aborted";
    });
    return state;
  }

  static void until(const std::function<bool()>& is_so) {
    const auto deadline = std::chrono::steady_clock::now() + 2min;
    while (!is_so()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(5ms);
    }
  }

  [[nodiscard]] fs::path data() const { return folder_ / "data"; }
  [[nodiscard]] fs::path gate() const { return folder_ / "gate"; }

  std::unique_ptr<Catalog> open_catalog() {
    REQUIRE(make_private_folder(data()).ok());
    DatabaseSettings settings;
    settings.address = "sqlite:" + (data() / "catalog.sqlite").string();
    auto opened = Catalog::open(settings, system_clock());
    REQUIRE(opened.ok());
    return *std::move(opened);
  }

  // How often jobs were begun. The server does not run.
  std::int64_t attempts() {
    const auto jobs = open_catalog()->query(
        Json{{"entity", "jobs"}, {"columns", {"id", "attempt"}}, {"limit", 1'000}});
    REQUIRE(jobs.ok());
    std::int64_t sum = 0;
    for (std::int64_t row = 0; row < jobs->rows(); ++row)
      sum += jobs->column<std::int64_t>("attempt").value(row);
    return sum;
  }

  // Each name has one model, made by its job, whole with metrics, lineage and file; there is
  // nothing else, in the catalog or the store. The server does not run.
  void check(const std::map<std::string, std::int64_t>& wanted) {
    {
      const auto catalog = open_catalog();
      const auto models = catalog->query(
          Json{{"entity", "models"},
               {"columns",
                {"name", "job_id", "metrics", "pipeline_name", "file_sha256", "file_bytes"}}});
      REQUIRE(models.ok());
      std::map<std::string, std::int64_t> found;
      for (std::int64_t row = 0; row < models->rows(); ++row) {
        const auto text = [&](const char* column) {
          return std::string{models->column<std::string_view>(column).value(row)};
        };
        found[text("name")] = models->column<std::int64_t>("job_id").value(row);
        CHECK(Json::parse(text("metrics")) == Json{{"sum", kSum}});
        CHECK(text("pipeline_name") == "school");
        CHECK(text("file_sha256").size() == 64);
        CHECK(models->column<std::int64_t>("file_bytes").value(row) == kBytes);
      }
      CHECK(models->rows() == static_cast<std::int64_t>(wanted.size()));
      CHECK(found == wanted);
      for (const auto& [name, job] : wanted) {
        const Json metrics{{"entity", "job_events"},
                           {"columns", {"body"}},
                           {"where",
                            {{{"column", "job"}, {"op", "="}, {"value", job}},
                             {{"column", "kind"}, {"op", "="}, {"value", "metric"}}}}};
        CHECK(catalog->query(metrics)->rows() > 0);
      }
    }
    Command gc;
    gc.program = std::string{MR_BINARY_DIR} + "/bin/millrace";
    gc.arguments = {"models", "gc", "--verify", "--json", "--data", data().string()};
    gc.timeout = 2min;
    const auto told = system_spawn().run(gc);
    REQUIRE(told.ok());
    INFO(told->errors);
    CHECK(told->exit_code == 0);
    const Json collected = Json::parse(told->output);
    CHECK(collected["contents"] == wanted.size());
    CHECK(collected["unreferred"] == 0);
    CHECK(collected["missing"] == 0);
    CHECK(collected["damaged"] == 0);
    for (const auto& entry : fs::recursive_directory_iterator{data() / "store"}) {
      INFO(entry.path());
      CHECK(entry.path().extension() != ".partial");
    }
  }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<ServerProcess> server_;
};

}  // namespace

TEST_CASE("a trainer that is killed leaves one whole model, or none when its job is aborted",
          "[fault][kill][contents]") {
  const std::string point = GENERATE("staged", "half", "written", "sealed", "made");
  const bool is_aborted = GENERATE(false, true);
  INFO(point << (is_aborted ? ", then aborted" : ""));
  School school;
  school.start();
  const auto id = school.submit("sum", point);
  REQUIRE(id);
  const fs::path reached = school.gate().string() + "." + point;
  school.until([&] { return fs::exists(reached); });
  fs::remove(reached);
  school.kill();
  if (!is_aborted) std::ofstream{school.gate()};
  school.start();
  if (is_aborted) {
    school.until([&] { return fs::exists(reached); });
    school.abort(*id);
  }
  CHECK(school.wait_for_end(*id) == (is_aborted ? "aborted" : "finished"));
  school.end();
  school.check(is_aborted ? std::map<std::string, std::int64_t>{}
                          : std::map<std::string, std::int64_t>{{"sum", *id}});
}

TEST_CASE("trainers in a server that is killed at random moments leave one model each",
          "[fault][kill][contents]") {
  constexpr int kJobs = 60, kKills = 10;
  const auto seed = std::random_device{}();
  WARN("seed " << seed);
  std::mt19937 random{seed};
  School school;
  school.start();
  std::map<std::string, std::int64_t> jobs;
  for (int life = 0; life <= kKills; ++life) {
    // In turn while jobs come, and right behind the last of them, which is at work then.
    std::thread killer;
    const auto kill_within = [&](unsigned most_ms) {
      killer = std::thread{[&school, moment = std::chrono::milliseconds{random() % most_ms}] {
        std::this_thread::sleep_for(moment);
        school.kill();
      }};
    };
    const bool is_early = life % 2 == 0;
    if (life < kKills && is_early) kill_within(300);
    // Each life gets its share, so that jobs are met in all their moments.
    const auto share = static_cast<std::size_t>(kJobs * (life + 1) / (kKills + 1));
    while (jobs.size() < share) {
      const auto name = fmt::format("model{}", jobs.size());
      const auto id = school.submit(name);
      if (!id) break;  // the same key is sent again to the next life
      jobs[name] = *id;
    }
    if (life < kKills && !is_early) kill_within(10);
    if (!killer.joinable()) continue;
    killer.join();
    school.start();
  }
  REQUIRE(jobs.size() == kJobs);
  for (const auto& [name, id] : jobs) CHECK(school.wait_for_end(id) == "finished");
  school.end();
  const auto attempts = school.attempts();
  WARN("attempts " << attempts);
  CHECK(attempts > kJobs);  // or nothing was killed at work
  school.check(jobs);
}
