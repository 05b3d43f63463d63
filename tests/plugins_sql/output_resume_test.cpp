// An attempt that goes on where another stood.
#include <catch2/catch.hpp>

#include "plugins/sql/output_state.hpp"
#include "tests/plugins_sql/output_fixture.hpp"

using millrace::sql::Dialect;
using millrace::sql_operators::OutputState;
using plugins_sql::Names;
using plugins_sql::OutputPlace;
using plugins_sql::people;

namespace {

constexpr const char* kResumedWindows = R"({"window": "window"})";

}  // namespace

TEST_CASE("a resumed attempt writes what the ledger does not have, whatever comes again",
          "[sql][output][resume]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  auto harness = place.harness(kResumedWindows);
  REQUIRE(harness.push(people({{1, "a"}, {2, "b"}})).ok());
  const auto state = harness.snapshot();
  REQUIRE(harness.push(people({{2, "c"}, {3, "d"}, {4, "e"}})).ok());
  CHECK(place.names() == Names{"a", "b", "c", "d"});
  auto next = place.harness(kResumedWindows, {.token = 2});
  const bool has_state = GENERATE(false, true);
  if (has_state) REQUIRE(next.restore(state).ok());
  const std::vector<plugins_sql::Person> all{{1, "a"}, {2, "b"}, {2, "c"},
                                             {3, "d"}, {4, "e"}, {5, "f"}};
  // The input goes on at the window that was open, or at an earlier one.
  const auto begin = all.begin() + (has_state ? GENERATE(0, 1) : 0);
  REQUIRE(next.push(people({begin, all.end()})).ok());
  REQUIRE(next.finish().ok());
  CHECK(place.names() == Names{"a", "b", "c", "d", "e", "f"});
  CHECK(next.column<std::int64_t>("rows") == std::vector<std::int64_t>{6});
}

TEST_CASE("rows of a window that is not whole are in the state, and come in once",
          "[sql][output][resume]") {
  const OutputPlace place{Dialect::Sqlite};
  auto harness = place.harness(kResumedWindows);
  REQUIRE(harness.push(people({{1, "a"}, {2, "b\xF0\x9F\x98\x80"}, {2, "c"}})).ok());
  const auto state = harness.snapshot();
  CHECK(place.names() == Names{"a"});  // the state speaks of it no more
  harness.destroy();
  auto next = place.harness(kResumedWindows, {.token = 2});
  REQUIRE(next.restore(state).ok());
  SECTION("when the input goes on behind it") { REQUIRE(next.push(people({{3, "d"}})).ok()); }
  SECTION("when the input begins it again, and there are more of them now") {
    REQUIRE(next.push(people({{2, "aa"}, {2, "b\xF0\x9F\x98\x80"}, {2, "c"}, {3, "d"}})).ok());
    CHECK(place.names() == Names{"a", "aa", "b\xF0\x9F\x98\x80", "c"});
    place.connection->run("DELETE FROM people WHERE name = 'aa'");
  }
  SECTION("when the input begins before it") {
    REQUIRE(next.push(people({{1, "a"}, {2, "b\xF0\x9F\x98\x80"}})).ok());
    REQUIRE(next.push(people({{2, "c"}, {3, "d"}})).ok());
  }
  SECTION("when it was the last one") {
    CHECK(next.snapshot() == state);
    REQUIRE(next.restore(next.snapshot()).ok());
    REQUIRE(next.finish().ok());
    CHECK(place.names() == Names{"a", "b\xF0\x9F\x98\x80", "c"});
    return;
  }
  REQUIRE(next.finish().ok());
  CHECK(place.names() == Names{"a", "b\xF0\x9F\x98\x80", "c", "d"});
}

TEST_CASE("a window that is larger than a state may be has none until it is whole",
          "[sql][output][resume][limits]") {
  const OutputPlace place{Dialect::Sqlite};
  auto harness = place.harness(kResumedWindows);
  REQUIRE(harness.push(people({{1, std::string(OutputState::kMostBytes, 'x')}})).ok());
  CHECK_THROWS_WITH(harness.snapshot(), Catch::Contains("too many for a state"));
  REQUIRE(harness.push(people({{2, "b"}})).ok());
  CHECK_FALSE(harness.snapshot().empty());
}

TEST_CASE("without windows rows are counted, however batches are cut", "[sql][output][resume]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  auto harness = place.harness();
  REQUIRE(harness.push(people({{0, "a"}, {0, "b"}, {0, "c"}})).ok());
  const auto state = harness.snapshot();
  REQUIRE(harness.push(people({{0, "d"}, {0, "e"}})).ok());
  auto next = place.harness("{}", {.token = 2});
  SECTION("from a checkpoint that is older than the ledger") {
    REQUIRE(next.restore(state).ok());
    REQUIRE(next.push(people({{0, "d"}})).ok());
    REQUIRE(next.push(people({{0, "e"}, {0, "f"}, {0, "g"}})).ok());
    CHECK(next.counts().at("written") == 4);
  }
  SECTION("from the beginning") {
    REQUIRE(next.push(people({{0, "a"}, {0, "b"}})).ok());
    REQUIRE(next.push(people({{0, "c"}, {0, "d"}, {0, "e"}, {0, "f"}})).ok());
    REQUIRE(next.push(people({{0, "g"}})).ok());
    CHECK(next.counts().at("written") == 7);
  }
  REQUIRE(next.finish().ok());
  CHECK(place.names() == Names{"a", "b", "c", "d", "e", "f", "g"});
}

TEST_CASE("a job goes on with the work of another that has the same key", "[sql][output][resume]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const std::string params =
      R"({"window": "window", "ledger": {"key": "2020", "table": "progress"}})";
  {
    auto harness = place.harness(params);
    REQUIRE(harness.push(people({{1, "a"}, {2, "b"}, {3, "c"}})).ok());
  }
  for (const auto* job : {"2", "3"}) {
    auto harness = place.harness(params, {.job = job});
    REQUIRE(harness.push(people({{1, "a"}, {2, "b"}, {3, "c"}})).ok());
    REQUIRE(harness.finish().ok());
    CHECK(place.names() == Names{"a", "b", "c"});
    CHECK(place.row("SELECT work, commits, written FROM progress") ==
          Names{"2020/write", "2", "3"});
  }
}

TEST_CASE("a database that was set back behind the checkpoint is told, and not written to",
          "[sql][output][resume]") {
  const OutputPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  auto harness = place.harness(kResumedWindows);
  REQUIRE(harness.push(people({{1, "a"}, {2, "b"}, {3, "c"}})).ok());
  const auto state = harness.snapshot();
  harness.destroy();
  place.connection->run("UPDATE millrace_ledger SET row_position = 1");
  auto next = place.harness(kResumedWindows, {.token = 2});
  REQUIRE(next.restore(state).ok());
  const auto refused = next.push(people({{4, "d"}}));
  CHECK(refused.code() == MR_DATA_INVALID);
  CHECK_THAT(refused.message(), Catch::Contains("behind the job's checkpoint"));
  CHECK(place.names() == Names{"a", "b"});
}

TEST_CASE("a state that is none, and rows out of order, are refused", "[sql][output][resume]") {
  const OutputPlace place{Dialect::Sqlite};
  auto harness = place.harness(kResumedWindows);
  for (const auto* state :
       {"x", "{}", R"({"seen":"a"})", R"({"seen":1,"window":1,"schema":"zz","rows":[]})",
        R"({"seen":1,"window":"w"})"}) {
    INFO(state);
    CHECK(harness.restore(state).code() == MR_DATA_INVALID);
  }
  auto unordered = place.harness(kResumedWindows);
  REQUIRE(unordered.push(people({{5, "a"}})).ok());
  const auto refused = unordered.push(people({{4, "b"}}));
  CHECK(refused.code() == MR_DATA_INVALID);
  CHECK_THAT(refused.message(), Catch::Contains("window"));
}
