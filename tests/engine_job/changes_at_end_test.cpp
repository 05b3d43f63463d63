// What a job changes in the catalog takes effect with its end, or not at all.
#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/catalog/change_limits.hpp"
#include "tagging_jobs.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::must;
using test::tag_count;
using test::tagging;
using test::unseen_count;
namespace fs = std::filesystem;

namespace {

void await_gate(const JobPlace& place, std::chrono::seconds patience = 60s) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!fs::exists(place.path("gate.reached"))) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(1ms);
  }
}

void insert_tag(JobPlace& place, const std::string& name) {
  must(place.catalog().change({{"entity", "tags"}, {"action", "insert"}, {"set", {{"name", name}}}},
                              {}));
}

}  // namespace

TEST_CASE(
    "changes of a job are seen all at once when it has finished, the later ones by the ids of "
    "the earlier",
    "[job][changes]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  const auto id =
      place.submit(tagging(place, {{"batches", 3}, {"rows", 4}},
                           {{"describe", true}, {"gate", place.path("gate")}, {"gate_at", 11}}));
  await_gate(place);
  CHECK(tag_count(place) == 0);
  place.touch("gate");
  CHECK(place.wait_until_final(id).state == JobState::Finished);
  const Batch tags = must(place.catalog().query({{"entity", "tags"}, {"order", {"id"}}}));
  REQUIRE(tags.rows() == 12);
  for (std::int64_t row = 0; row < tags.rows(); ++row) {
    CHECK(tags.column<std::string_view>("name").value(row) == "tag" + std::to_string(row));
    CHECK(tags.column<std::string_view>("description").value(row) ==
          "number " + std::to_string(row));
  }
  const Batch audit = must(place.catalog().query({{"entity", "audit"}}));
  CHECK(audit.rows() == 24);
  CHECK(audit.column<std::string_view>("actor").value(0) == "job " + std::to_string(id.value));
  place.close();
}

TEST_CASE("5,000 inserts of one job are seen all at once", "[job][changes]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  const auto id = place.submit(tagging(place, {{"batches", 50}, {"rows", 100}},
                                       {{"gate", place.path("gate")}, {"gate_at", 4'999}}));
  const auto began = std::chrono::steady_clock::now();
  await_gate(place, 180s);  // each insert waits for the disk
  const auto made = std::chrono::steady_clock::now();
  CHECK(tag_count(place) == 0);
  place.touch("gate");
  const Job job = place.wait_until_final(id);
  INFO(job.error.dump());
  CHECK(job.state == JobState::Finished);
  CHECK(tag_count(place) == 5'000);
  CHECK(unseen_count(place) == 0);
  WARN("ms for the inserts "
       << std::chrono::duration_cast<std::chrono::milliseconds>(made - began).count()
       << ", for the end "
       << std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                made)
              .count());
  place.close();
}

TEST_CASE("nothing is left of the changes of a job that is aborted or fails", "[job][changes]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const bool fails = GENERATE(false, true);
  const int rows = GENERATE(2, 2'600);  // kept, or from the third batch on not seen
  place.open();
  Json numbers{{"batches", 4}, {"rows", rows}};
  if (fails) numbers.update(Json{{"fail_at", 3}, {"fail_until", place.path("never")}, {"code", 4}});
  Json params{{"together", true}};
  if (!fails) params.update(Json{{"gate", place.path("gate")}, {"gate_at", 2 * rows}});
  const auto id = place.submit(tagging(place, numbers, params));
  if (!fails) {
    await_gate(place);
    CHECK((unseen_count(place) > 0) == (rows > 1'000));
    must(place.service().abort(id, StopReason::User));
  }
  CHECK(place.wait_until_final(id).state == (fails ? JobState::Failed : JobState::Aborted));
  CHECK(tag_count(place) == 0);
  place.close();  // with what tidies up
  place.open(false);
  CHECK(unseen_count(place) == 0);
  insert_tag(place, "tag0");  // nobody has the name
  place.close();
}

TEST_CASE("a node that is tried again changes the catalog once", "[job][changes]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  const int rows = GENERATE(3, 2'600);
  auto document =
      tagging(place, {{"batches", 4}, {"rows", rows}}, {{"together", true}, {"tries", 3}});
  document["ops"][1]["retry"] = {{"tries", 3}, {"first_ms", 1}};
  const auto id = place.submit(document);
  const Job job = place.wait_until_final(id);
  INFO(job.error.dump());
  CHECK(job.state == JobState::Finished);
  CHECK(tag_count(place) == 4 * rows);
  place.close();
  place.open(false);
  CHECK(unseen_count(place) == 0);
  place.close();
}

TEST_CASE("a change that the catalog refuses at the end fails the job, with the name of its node",
          "[job][changes]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const bool has_outputs = GENERATE(false, true);
  place.open();
  auto document =
      tagging(place, {{"batches", 3}, {"rows", 2}}, {{"gate", place.path("gate")}, {"gate_at", 5}},
              has_outputs ? "list" : "");
  if (has_outputs) document["logFile"] = place.uri("log");
  const auto id = place.submit(document);
  await_gate(place);
  insert_tag(place, "tag3");
  place.touch("gate");
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Failed);
  CHECK(job.error["code"] == "conflict");
  CHECK(job.error["node"] == "tag");
  CHECK(job.error["message"].get<std::string>().find("tag3") != std::string::npos);
  CHECK(tag_count(place) == 1);
  CHECK_FALSE(place.read("list").has_value());
  if (has_outputs)
    CHECK(place.read("log").value_or("").find(R"("status":"failed")") != std::string::npos);
  CHECK(place.partials().empty());
  // What stood in its way can be removed, and the job be asked for again.
  must(place.catalog().change({{"entity", "tags"},
                               {"action", "delete"},
                               {"where", {{{"column", "name"}, {"op", "="}, {"value", "tag3"}}}}},
                              {}));
  must(place.service().retry(id));
  CHECK(place.wait_for(id, JobState::Finished).error.is_null());
  CHECK(tag_count(place) == 6);
  place.close();
}

TEST_CASE("more changes than the end of a job can make at once fail it", "[job][changes]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  insert_tag(place, "one");
  const auto id = place.submit(tagging(place, {{"batches", 1}}, {{"update", 1'000'000}}));
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Failed);
  CHECK(job.error["code"] == "exhausted");
  CHECK(job.error["node"] == "tag");
  CHECK(job.error["message"].get<std::string>().find("make several jobs of it") !=
        std::string::npos);
  CHECK(must(place.catalog().query({{"entity", "audit"}})).rows() == 1);
  place.close();
}

TEST_CASE("an attempt whose token is stale ends nothing and changes nothing", "[job][changes]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open(false);
  const auto id = place.submit(tagging(place, {{"batches", 1}}, {}));
  const auto lease = [&] { return test::lease(place, id); };
  const auto stale = lease();
  const auto kept = must(KeptChange::make(
      place.catalog(), {{"entity", "tags"}, {"action", "insert"}, {"set", {{"name", "a"}}}}, {},
      id.value, false));
  KeptChanges list;
  must(list.add({"tag", 0, 1, kept.to_json()}));
  JobStore::Ending end;
  end.changes =
      std::make_shared<EndingChanges>(must(EndingChanges::read(list.all(), {}, system_clock())));
  must(place.store_of_jobs().expire_leases());
  const auto current = lease();
  const auto refused = test::finish(place, stale, end);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::Conflict);
  CHECK_FALSE(end.changes->refusal().has_value());
  CHECK(tag_count(place) == 0);
  must(test::finish(place, current, end));
  CHECK(tag_count(place) == 1);
  place.close();
}

TEST_CASE("the end of a job holds the writer for a quarter of a second at the most",
          "[.speed][changes]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const std::string what = GENERATE("updates", "inserts", "unseen inserts", "many rows");
  JobPlace place{kind};
  place.open(false);
  insert_tag(place, "one");
  const auto id = place.submit(tagging(place, {{"batches", 1}}, {}));
  KeptChanges list;
  const auto keep = [&](const Json& change, bool unseen) {
    const auto kept = must(KeptChange::make(place.catalog(), change, {}, id.value, unseen));
    must(list.add({"tag", 0, kept.rows(), kept.to_json()}));
    return kept.rows();
  };
  std::size_t rows = 0;
  for (int count = 0; count < 3'000; ++count) {
    const auto name = "tag" + std::to_string(count);
    Json change{{"entity", "tags"}, {"action", "insert"}, {"set", {{"name", name}}}};
    if (what == "updates")
      change = {
          {"entity", "tags"}, {"action", "update"}, {"id", 1}, {"set", {{"description", name}}}};
    if (what == "many rows") {
      change.erase("set");
      for (int row = 0; row < 5'000; ++row)
        change["rows"].push_back({{"name", name + "-" + std::to_string(row)}});
    }
    const auto more = keep(change, what == "unseen inserts");
    rows += what == "unseen inserts" ? 0 : more;
    if (rows + more > kMostRowsAtOnce) break;
  }
  auto changes = must(EndingChanges::read(list.all(), {}, system_clock()));
  std::chrono::steady_clock::duration took{};
  must(place.catalog().write_and_wait([&](Connection& connection) {
    const auto began = std::chrono::steady_clock::now();
    auto done = changes.apply(connection);
    took = std::chrono::steady_clock::now() - began;
    return done;
  }));
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  WARN((kind == SqlDialect::Sqlite ? "SQLite: " : "MariaDB: ")
       << list.size() << " " << what << " " << ms << " ms");
  CHECK(ms < 250);
  place.close();
}
