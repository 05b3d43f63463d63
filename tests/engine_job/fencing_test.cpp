#include <future>

#include <catch2/catch.hpp>

#include "job_place.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::must;
using test::numbers;

namespace {

void execute(JobPlace& place, std::string_view sql) {
  must(place.catalog().write_and_wait(
      [sql](Connection& connection) { return connection.run(sql); }));
}

template <class Condition>
bool comes(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!condition() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  return condition();
}

}  // namespace

TEST_CASE("what an attempt with a stale token changes in the catalog is refused",
          "[job][fencing]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open(false);
  const auto id = place.submit(place.pipeline({{"batches", 1}}));
  const auto lease = [&place, id] {
    std::promise<Result<JobStore::Lease>> answer;
    place.store_of_jobs().lease(id, 0, "me", 1h,
                                [&answer](auto leased) { answer.set_value(std::move(leased)); });
    return must(answer.get_future().get());
  };
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
  const auto stale = lease();
  CHECK(change(stale, "first").ok());
  must(place.store_of_jobs().expire_leases());
  const auto current = lease();
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
  REQUIRE(comes([&place] { return std::filesystem::exists(place.path("gate.reached")); }));
  REQUIRE(comes([&] { return must(place.store_of_jobs().last_checkpoint(id)).has_value(); }));
  execute(place,
          "CREATE TRIGGER no_renewal BEFORE UPDATE ON jobs FOR EACH ROW IF NEW.lease_until_us > "
          "OLD.lease_until_us AND NEW.token = OLD.token THEN SIGNAL SQLSTATE '45000' SET "
          "MYSQL_ERRNO = 1021, MESSAGE_TEXT = 'disk full'; END IF");
  REQUIRE(comes([&] { return !must(place.store_of_jobs().expired(10)).empty(); }));
  execute(place, "DROP TRIGGER no_renewal");
  std::filesystem::remove(place.path("gate.reached"));
  other.open();
  REQUIRE(comes([&place] { return std::filesystem::exists(place.path("gate.reached")); }));
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
