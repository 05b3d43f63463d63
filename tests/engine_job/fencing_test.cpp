#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>

#include <catch2/catch.hpp>

#include "engine/catalog/change_limits.hpp"
#include "engine/job/job_services.hpp"
#include "full_catalog.hpp"

#include <sys/stat.h>

using namespace millrace;
using namespace std::chrono_literals;
using test::comes;
using test::execute;
using test::FullCatalog;
using test::JobPlace;
using test::must;
using test::numbers;

namespace {

constexpr std::string_view kRenewal =
    "NEW.lease_until_us > OLD.lease_until_us AND NEW.token = OLD.token";

bool exists(const std::string& path) { return std::filesystem::exists(path); }

JobStore::Lease lease(JobPlace& place, JobId id) {
  std::promise<Result<JobStore::Lease>> answer;
  place.store_of_jobs().lease(id, 0, "me", 1h,
                              [&answer](auto leased) { answer.set_value(std::move(leased)); });
  return must(answer.get_future().get());
}

std::int64_t lease_until_us(JobPlace& place, JobId id) {
  std::int64_t until = 0;
  must(place.catalog().read([&](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows rows,
           connection.query("SELECT lease_until_us FROM jobs WHERE id = ?", {id.value}));
    until = std::get<std::int64_t>(rows.rows.at(0).at(0));
    return {};
  }));
  return until;
}

// Waits until the service has looked at its leases again, and what it asked for then is written.
void wait_for_renewals(JobPlace& place, JobId id) {
  // Shared with a call that may still be under way behind unwatch().
  const auto ticks = std::make_shared<std::atomic<int>>(0);
  const auto watch = place.service().watch(id, [ticks](JobId) { ++*ticks; });
  CHECK(comes([&ticks] { return *ticks >= 2; }));  // the first one may have been on its way
  place.service().unwatch(watch);
  execute(place, "DO 0");
}

// Lets the operator go on, and looks that another attempt has made the two numbers.
void check_taken_over(JobPlace& place, JobId id) {
  place.touch("gate");
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Finished);
  CHECK(job.token > 1);
  CHECK(place.read("list") == numbers(2));
  place.close();
}

ino_t inode_of(const std::filesystem::path& file) {
  struct stat found {};
  REQUIRE(::stat(file.c_str(), &found) == 0);
  return found.st_ino;
}

}  // namespace

TEST_CASE("what an attempt with a stale token changes in the catalog is refused",
          "[job][fencing]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open(false);
  const auto id = place.submit(place.pipeline({{"batches", 1}}));
  const bool is_of_many = GENERATE(false, true);
  const auto change = [&place, is_of_many](const JobStore::Lease& held, const char* name) {
    Asker asker;
    asker.fence = [&](Connection& connection) {
      return place.store_of_jobs().check(connection, held);
    };
    Json insert{{"entity", "tags"}, {"action", "insert"}};
    insert[is_of_many ? "rows" : "set"] =
        is_of_many ? Json::array({Json{{"name", name}}}) : Json{{"name", name}};
    return place.catalog().change(insert, asker);
  };
  const auto stale = lease(place, id);
  CHECK(change(stale, "first").ok());
  must(place.store_of_jobs().expire_leases());
  const auto current = lease(place, id);
  CHECK(change(stale, "second").error().code == Code::Conflict);
  CHECK(change(current, "third").ok());
  CHECK(must(place.catalog().query({{"entity", "tags"}})).rows() == 2);
  place.close();
}

TEST_CASE("a process that is frozen within a transaction keeps its locks for some seconds only",
          "[job][fencing]") {
  test::CatalogPlace place{SqlDialect::MySql};
  place.settings().busy_timeout = 1s;
  const auto catalog = place.open();  // makes the tables
  const auto frozen = place.connect(), other = place.connect();
  constexpr std::string_view kInsert =
      "INSERT INTO writer_marks (writer, mark, time_us) VALUES ('one', 1, 1)";
  must(frozen->begin());
  must(frozen->execute(kInsert));
  bool has_it = false;
  CHECK(comes([&] { return has_it = has_it || other->execute(kInsert).ok(); }));
  CHECK(frozen->commit().error().code == Code::Unavailable);
}

TEST_CASE("an attempt whose lease cannot be renewed has no effect once another may have the job",
          "[job][fencing]") {
  JobPlace place{SqlDialect::MySql};
  place.settings.lease = 4s;  // on a loaded machine too, who is alive renews in time
  place.settings.holder = "first";
  JobPlace other{JobPlace::Twin{}, place};
  other.settings.holder = "other";
  place.open();
  const auto id = place.submit(place.pipeline({{"batches", 9},
                                               {"rows", 100},
                                               {"gate", place.path("gate")},
                                               {"gate_at", 5},
                                               {"deaf", true},
                                               {"events", true}},
                                              "list", "log"));
  const auto stage = [&](std::int64_t token) {
    return place.folder() / "store/z0/out" / ("list." + stage_owner(id, token) + ".partial");
  };
  REQUIRE(comes([&place] { return exists(place.path("gate.reached")); }));
  REQUIRE(comes([&] { return exists(stage(1)); }));
  REQUIRE(comes([&] { return must(place.store_of_jobs().last_checkpoint(id)).has_value(); }));
  const std::ifstream open{stage(1)};  // so that no other file gets its number
  const auto first_file = inode_of(stage(1));
  FullCatalog full{place, "UPDATE ON jobs", kRenewal};
  REQUIRE(comes([&] { return !must(place.store_of_jobs().expired(10)).empty(); }));
  full.end();
  std::filesystem::remove(place.path("gate.reached"));
  other.open();
  REQUIRE(comes([&place] { return exists(place.path("gate.reached")); }));
  // Who wrote the first one may live, and write on.
  CHECK(inode_of(stage(2)) != first_file);
  place.touch("gate");  // both go on
  const Job job = other.wait_until_final(id);
  CHECK(job.state == JobState::Finished);
  CHECK(job.token == 2);
  CHECK(job.counts == Json{{"generated", 1}, {"read", 900}, {"written", 900}});
  CHECK(comes([&place] { return place.service().counters().running == 0; }));
  CHECK(place.service().counters().finished == 0);
  CHECK(other.read("list") == numbers(900));
  const auto log = other.read("log").value_or("");
  CHECK(std::count(log.begin(), log.end(), '\n') == 901);
  const auto journal = other.journal(id);
  CHECK(std::count(journal.begin(), journal.end(), "finished") == 1);
  CHECK(place.partials().empty());
  other.close();
  place.close();
}

TEST_CASE("an attempt whose lease is over renews it no more, so that the job can be taken over",
          "[job][fencing]") {
  JobPlace place{SqlDialect::MySql};
  place.settings.lease = 1s;
  place.open();
  const auto id = place.submit(
      place.pipeline({{"batches", 2}, {"gate", place.path("gate")}, {"deaf", true}}, "list"));
  REQUIRE(comes([&place] { return exists(place.path("gate.reached")); }));
  FullCatalog full{place, "UPDATE ON jobs", kRenewal};
  REQUIRE(comes([&] { return !must(place.store_of_jobs().expired(10)).empty(); }));
  full.end();
  const auto until = lease_until_us(place, id);
  wait_for_renewals(place, id);
  CHECK(lease_until_us(place, id) == until);
  check_taken_over(place, id);
}

TEST_CASE("an attempt stops when the time of its lease is over, though nobody takes the job",
          "[job][fencing]") {
  JobPlace place{SqlDialect::MySql};
  place.settings.lease = 1s;
  place.open();
  auto document = place.pipeline({{"batches", 2}}, "list");
  document["ops"][0]["postOps"] = {"hold"};
  document["ops"][1]["preOps"] = {"hold"};
  document["ops"].push_back({{"name", "hold"},
                             {"type", "filter.hold"},
                             {"preOps", {"in"}},
                             {"postOps", {"out"}},
                             {"params", {{"gate", place.path("gate")}}}});
  const auto id = place.submit(document);
  REQUIRE(comes([&place] { return exists(place.path("gate.hold.held")); }));
  FullCatalog full{place, "UPDATE ON jobs", kRenewal};
  CHECK(comes([&place] { return exists(place.path("gate.hold.stopped")); }));
  full.end();
  check_taken_over(place, id);
}

TEST_CASE("what operators put and change is refused once their attempt has lost its lease",
          "[job][fencing]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open(false);
  const auto id = place.submit(place.pipeline({{"batches", 1}}));
  const auto held = lease(place, id);
  const Job job = must(place.store_of_jobs().get(id));
  LeaseGuard guard{system_clock(), LeaseGuard::Ends::WhenLost};
  const Cancel cancel;
  JobServices services{{place.store(), place.catalog(), place.service()},
                       place.store_of_jobs(),
                       job,
                       held,
                       guard,
                       cancel,
                       system_clock()};
  const auto insert = [&services](const char* name) {
    return services.make_change(
        {{"entity", "tags"}, {"action", "insert"}, {"set", {{"name", name}}}});
  };
  // So much that all further rows are written at once, unseen.
  must(services.keep_change("n", 0, {{"rows", kMostRowsAtOnce / 2}, {"change", Json::object()}}));
  must(services.put(place.uri("object"), "kept"));
  CHECK(insert("first").ok());
  CHECK(services.has_unseen());
  // Somebody else has the job, of which this attempt does not know yet.
  must(place.store_of_jobs().expire_leases());
  lease(place, id);
  CHECK(insert("second").error().code == Code::Conflict);
  guard.lose();
  CHECK(services.put(place.uri("object"), "stale").error().code == Code::Cancelled);
  CHECK(insert("third").error().code == Code::Cancelled);
  CHECK(place.read("object") == "kept");
  place.close();
}
