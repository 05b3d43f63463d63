// Jobs that change the catalog, in a server that is killed: each change is made once.
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/catalog/catalog.hpp"
#include "tests/fault/served_pictures.hpp"
#include "tests/fixtures/catalog_place.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr int kBatches = 10, kRows = 4;

// A server over a database, with jobs that make tags.
class Mill {
 public:
  explicit Mill(SqlDialect kind) : place_{kind} { start(); }

  void start() {
    const auto& database = place_.settings();
    std::vector<std::string> options{"--plugins", fs::path{MR_JOB_OPERATORS}.parent_path().string(),
                                     "--catalog", database.address,
                                     "--lease",   "2"};
    if (!database.password_file.empty())
      options.insert(options.end(), {"--catalog-password-file", database.password_file});
    server_ = std::make_unique<ServerProcess>(data(), options);
  }
  void kill() { server_->kill(); }
  void end() { CHECK(server_->terminate() == 0); }

  // The number of the job; nothing when the server is dead.
  std::optional<std::int64_t> submit(int number) {
    const Json in{{"name", "in"},
                  {"type", "input.numbers"},
                  {"postOps", {"tag"}},
                  {"params", {{"batches", kBatches}, {"rows", kRows}, {"pause_us", 3'000}}}};
    const Json tag{
        {"name", "tag"},
        {"type", "augment.tagger"},
        {"preOps", {"in"}},
        {"postOps", {"out"}},
        {"params", {{"prefix", fmt::format("{}-", number)}, {"describe", number % 2 == 0}}}};
    const Json out{{"name", "out"},
                   {"type", "output.ledger"},
                   {"preOps", {"tag"}},
                   {"params", {{"file", fmt::format("qiniu:///z0/out/{}", number)}}}};
    const Json job{{"pipeline", {{"ops", {in, tag, out}}}},
                   {"idempotencyKey", std::to_string(number)}};
    const auto answer = ask(*server_, data(), "POST", "/jobs", job.dump());
    if (!answer || answer->status / 100 != 2) return std::nullopt;
    return answer->body.at("id").get<std::int64_t>();
  }

  Json job(std::int64_t id) {
    const auto answer = ask(*server_, data(), "GET", fmt::format("/jobs/{}", id));
    return answer ? answer->body : Json{};
  }

  // Of each job all tags or none; of those that have finished all.
  void check(int jobs, bool have_finished) {
    const auto catalog = place_.open();
    const Batch tags = must(catalog->query(
        {{"entity", "tags"}, {"columns", {"name", "description"}}, {"limit", 10'000}}));
    std::map<int, int> made;
    for (std::int64_t row = 0; row < tags.rows(); ++row) {
      const std::string name{tags.column<std::string_view>("name").value(row)};
      const int number = std::stoi(name);
      ++made[number];
      if (number % 2 == 0)
        CHECK(tags.column<std::string_view>("description").value(row) ==
              "number " + name.substr(name.find('-') + 1));
    }
    for (const auto& [number, count] : made) {
      INFO("job " << number);
      CHECK(count == kBatches * kRows);
    }
    if (have_finished) CHECK(made.size() == static_cast<std::size_t>(jobs));
  }

 private:
  [[nodiscard]] fs::path data() const { return folder_ / "data"; }

  CatalogPlace place_;
  TemporaryFolder folder_;
  std::unique_ptr<ServerProcess> server_;
};

void kill_and_check(SqlDialect kind, int kills, int jobs) {
  const auto seed =
      static_cast<unsigned>(std::chrono::steady_clock::now().time_since_epoch().count());
  WARN("seed " << seed);
  std::mt19937 random{seed};
  std::uniform_int_distribution<int> moment{50, 600};  // ms
  Mill mill{kind};
  std::map<int, std::int64_t> promised;
  int next = 0;
  for (int kill = 1; kill <= kills; ++kill) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{moment(random)};
    for (; next < jobs * kill / kills; ++next) {
      const auto id = mill.submit(next);
      if (!id) break;
      promised[next] = *id;
    }
    std::this_thread::sleep_until(until);
    mill.kill();
    mill.check(jobs, false);
    mill.start();
  }
  for (; next < jobs; ++next) promised[next] = mill.submit(next).value();
  const auto deadline = std::chrono::steady_clock::now() + 3min;
  for (const auto& [number, id] : promised) {
    while (true) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      const Json job = mill.job(id);
      INFO(job.dump());
      const auto state = job.at("state").get<std::string>();
      REQUIRE((state == "queued" || state == "running" || state == "publishing" ||
               state == "finished"));
      if (state == "finished") break;
      std::this_thread::sleep_for(20ms);
    }
  }
  mill.end();
  mill.check(jobs, true);
}

}  // namespace

TEST_CASE("jobs of a server that is killed make each of their changes once", "[fault][kill]") {
  kill_and_check(SqlDialect::Sqlite, 10, 30);
}

TEST_CASE("jobs of a server that is killed make each of their changes once, at a shared database",
          "[fault][kill]") {
  kill_and_check(SqlDialect::MySql, 4, 12);
}
