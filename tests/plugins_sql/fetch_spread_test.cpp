// Rows out of all of a span of time, instead of the first ones.
#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

#include "engine/base/json.hpp"
#include "tests/sql/place.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using sql::Dialect;
using testing::OperatorHarness;

namespace {

OperatorHarness spreading(const SqlPlace& place, Json more = Json::object()) {
  Json params{
      {"connection", "data"}, {"table", "posts"},
      {"columns", {"id"}},    {"where", Json::array({{{"column", "task"}, {"from", "task"}}})},
      {"spread", "at"},       {"limit", 50}};
  params.update(more);
  testing::HarnessOptions options;
  options.library = MR_BINARY_DIR "/lib/millrace/plugins/sql.so";
  OperatorHarness harness{"fetch.sql", params.dump(), options};
  harness.add_connection("data", place.settings.address.describe(), place.settings.password);
  return harness;
}

// Posts of two tasks by turns, each a minute behind the one before; ids are numbers.
void make_posts(const SqlPlace& place, int rows, bool has_index = true) {
  const auto connection = place.connect();
  connection->run("CREATE TABLE posts (id INT, task VARCHAR(10), at DATETIME)");
  if (has_index) connection->run("CREATE INDEX by_task ON posts (task, at)");
  for (int i = 0; i < rows; ++i) {
    connection->execute(
        "INSERT INTO posts VALUES (?, ?, ?)",
        {std::int64_t{i}, std::string{i % 2 == 0 ? "even" : "odd"},
         fmt::format("2021-01-{:02} {:02}:{:02}:00", 1 + i / 1440, i / 60 % 24, i % 60)});
  }
}

std::vector<std::int64_t> spread(const SqlPlace& place, const std::vector<std::string>& tasks,
                                 const Json& more = Json::object()) {
  auto harness = spreading(place, more);
  INFO((harness.faults().empty() ? "" : harness.faults().front().message));
  REQUIRE(harness.faults().empty());
  Builder<std::string_view> task;
  for (const auto& name : tasks) task.append(name);
  const auto status = harness.push(Batch{}.with("task", std::move(task)));
  INFO(status.message());
  REQUIRE(status.ok());
  REQUIRE(harness.finish().ok());
  return harness.rows() == 0 ? std::vector<std::int64_t>{} : harness.column<std::int64_t>("id");
}

}  // namespace

TEST_CASE("rows that are spread come from each tenth of the time, in its order", "[sql][fetch]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_posts(place, 4'000);
  const auto ids = spread(place, {"odd"});
  REQUIRE(ids.size() == 50);
  CHECK(std::is_sorted(ids.begin(), ids.end()));
  std::set<std::int64_t> tenths;
  for (const auto id : ids) {
    CHECK(id % 2 == 1);
    tenths.insert(id / 400);
  }
  CHECK(tenths.size() == 10);
  CHECK(spread(place, {"odd", "none", "even"}, {{"limit", 7}}).size() == 14);
  CHECK(spread(place, {"odd"}, {{"limit", 1}}).size() == 1);
}

TEST_CASE("rows that are few are all there, whatever lies between them", "[sql][fetch]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_posts(place, 6);
  CHECK(spread(place, {"odd"}) == std::vector<std::int64_t>{1, 3, 5});
  CHECK(spread(place, {"none"}).empty());
  const auto connection = place.connect();
  connection->run(
      "INSERT INTO posts VALUES (100, 'far', '1000-01-01 00:00:00'), "
      "(101, 'far', '9999-12-30 23:59:59'), (102, 'one', '2021-01-01 00:00:00'), "
      "(103, 'one', '2021-01-01 00:00:00')");
  CHECK(spread(place, {"far"}) == std::vector<std::int64_t>{100, 101});
  // All at one time: the share of one piece.
  CHECK(spread(place, {"one"}).size() == 2);
}

TEST_CASE("without an index of the query's own the first rows are taken", "[sql][fetch]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_posts(place, 200, false);
  const auto connection = place.connect();
  SECTION("none") {}
  SECTION("one of the time alone") { connection->run("CREATE INDEX by_time ON posts (at)"); }
  CHECK(spread(place, {"odd"}, {{"limit", 5}}).size() == 5);
}

TEST_CASE("rows are spread with a limit and in no other order", "[sql][fetch]") {
  const SqlPlace place{Dialect::Sqlite};
  CHECK_FALSE(spreading(place, {{"limit", nullptr}}).faults().empty());
  CHECK_FALSE(spreading(place, {{"order", {"id"}}}).faults().empty());
}
