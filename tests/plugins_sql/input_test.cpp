// Rows by time: their order, their windows, and that both ways of reading give the same.
#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plugins/sql/wall_time.hpp"
#include "tests/plugins_sql/reading.hpp"

using namespace millrace;
using namespace millrace::test;
using sql::Dialect;

namespace {

std::vector<Post> read_posts(const SqlPlace& place, const Json& params) {
  Reading reading{place, params};
  const auto status = reading.run();
  INFO(status.message());
  REQUIRE(status.ok());
  CHECK(reading.count("read") == reading.rows().rows());
  return reading.posts();
}

Json limits(std::int64_t batch_rows, std::int64_t split_rows, std::int64_t split_windows) {
  return {{"batch_rows", batch_rows}, {"split_rows", split_rows}, {"split_windows", split_windows}};
}

}  // namespace

TEST_CASE("rows come in the order of time and of the bytes of ids, with an index or without",
          "[sql][input]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const bool has_index = GENERATE(true, false);
  const auto posts = some_posts(2'000, 7);
  make_posts(place, posts, has_index);
  const auto wanted = expected(posts, "2021-01-01", "2021-01-04", 6);
  REQUIRE(wanted.size() > 1'000);
  for (const Json& limit : {Json::object(), limits(1, 100, 3), limits(7, 50, 28), limits(64, 1, 1),
                            limits(1'000, 5'000, 2)}) {
    CAPTURE(limit.dump());
    Reading reading{place, by_time("2021-01-01", "2021-01-04", limit)};
    const auto status = reading.run();
    INFO(status.message());
    REQUIRE(status.ok());
    CHECK(reading.has_ranges() == has_index);
    // As many as the rows need: none has much more than it is to have.
    if (has_index && limit.contains("split_rows")) {
      const auto least =
          static_cast<std::int64_t>(wanted.size()) / limit["split_rows"].get<std::int64_t>();
      CHECK(static_cast<std::int64_t>(reading.ranges()) >= std::min<std::int64_t>(least, 12) / 2);
    }
    CHECK((reading.posts() == wanted));
    CHECK(reading.count("read") == static_cast<std::int64_t>(wanted.size()));
  }
}

TEST_CASE("rows on the border of closed windows come for both", "[sql][input]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const bool has_index = GENERATE(true, false);
  const auto posts = some_posts(1'000, 11);
  make_posts(place, posts, has_index);
  for (const int hours : {6, 5}) {
    const auto wanted = expected(posts, "2021-01-01", "2021-01-04", hours, true);
    for (const Json& limit : {Json::object(), limits(3, 40, 3), limits(64, 1, 1)}) {
      CAPTURE(hours, limit.dump());
      Json params = by_time("2021-01-01", "2021-01-04", limit);
      params["time"]["closed"] = true;
      params["time"]["window_hours"] = hours;
      CHECK((read_posts(place, params) == wanted));
    }
  }
}

TEST_CASE("the last half-open window is cut where the span ends", "[sql][input]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto posts = some_posts(500, 3);
  make_posts(place, posts, GENERATE(true, false));
  Json params = by_time("2021-01-01 01:30:00", "2021-01-03 02:00:00", limits(16, 30, 2));
  params["time"]["window_hours"] = 5;
  CHECK((read_posts(place, params) ==
         expected(posts, "2021-01-01 01:30:00", "2021-01-03 02:00:00", 5)));
}

TEST_CASE("thousands of years without a row end at once", "[sql][input]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_posts(place, {{"a", "x", "0900-05-05 01:00:00"}, {"b", "y", "9000-07-07 23:00:00"}}, true);
  Json params = by_time("0001-01-01", "9999-12-31");
  params["time"]["window_hours"] = 1;
  Reading reading{place, params};
  REQUIRE(reading.run().ok());
  CHECK(reading.ranges() == 2);
  const auto posts = reading.posts();
  REQUIRE(posts.size() == 2);
  CHECK(sql_operators::spell_wall_time(posts[0].window) == "0900-05-05 01:00:00");
  CHECK(sql_operators::spell_wall_time(posts[1].window) == "9000-07-07 23:00:00");
  Reading none{place, by_time("1000-01-01", "8000-01-01")};
  REQUIRE(none.run().ok());
  CHECK(none.ranges() == 0);
}

TEST_CASE("an empty span has no rows, and asks for none", "[sql][input]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_posts(place, some_posts(50, 1), true);
  Reading reading{place, by_time("2021-01-02", "2021-01-02")};
  REQUIRE(reading.run().ok());
  CHECK(reading.posts().empty());
}

TEST_CASE("conditions hold of all rows, and an index may have them before the time",
          "[sql][input]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  auto posts = some_posts(1'000, 5);
  make_posts(place, posts, false);
  const bool is_fixed = GENERATE(true, false);
  const auto connection = place.connect();
  connection->run(is_fixed ? "CREATE INDEX both_ways ON posts (author, post_time)"
                           : "CREATE INDEX by_time ON posts (post_time)");
  Reading reading{place, by_time("2021-01-01", "2021-01-04",
                                 {{"where", {{"author", "author 7"}}}, {"split_rows", 5}})};
  REQUIRE(reading.run().ok());
  CHECK(reading.has_ranges());
  std::erase_if(posts, [](const Post& post) { return post.author != "author 7"; });
  REQUIRE(posts.size() > 5);
  CHECK((reading.posts() == expected(posts, "2021-01-01", "2021-01-04", 6)));

  auto named = some_posts(1'000, 5);
  std::erase_if(named, [](const Post& post) { return !post.author; });
  CHECK((read_posts(place, by_time("2021-01-01", "2021-01-04", {{"not_null", {"author"}}})) ==
         expected(named, "2021-01-01", "2021-01-04", 6)));
}

TEST_CASE("ranges are whole windows, and pieces of one that is too large", "[sql][input]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  std::vector<Post> posts;
  for (int i = 0; i < 3'000; ++i) {
    const auto minute = std::to_string(100 + i % 60).substr(1);
    posts.push_back({"id" + std::to_string(i), "x", "2021-01-01 07:" + minute + ":00"});
  }
  posts.push_back({"late", "x", "2021-01-02 13:00:00"});
  make_posts(place, posts, true);
  Reading reading{place, by_time("2021-01-01", "2021-01-03", {{"split_rows", 200}})};
  REQUIRE(reading.run().ok());
  CHECK(reading.ranges() > 5);
  CHECK(reading.ranges() < 100);
  CHECK((reading.posts() == expected(posts, "2021-01-01", "2021-01-03", 6)));
}

TEST_CASE("a server sorts nothing where an index has the order", "[sql][input]") {
  const SqlPlace place{Dialect::MySql};
  make_posts(place, some_posts(5'000, 9), true);
  const auto connection = place.connect();
  connection->query("ANALYZE TABLE posts");
  const auto sorted_rows = [&] {
    const auto found = connection->query("SHOW GLOBAL STATUS LIKE 'Sort_rows'");
    return std::stoll(std::get<std::string>(found.rows.at(0).at(1)));
  };
  const auto before = sorted_rows();
  Reading reading{place, by_time("2021-01-01", "2021-01-06")};
  REQUIRE(reading.run().ok());
  CHECK(reading.posts().size() == 5'000);
  // The names of the table's columns are sorted.
  CHECK(sorted_rows() - before < 100);
}

TEST_CASE("times of SQLite may be texts of several forms, or seconds", "[sql][input]") {
  const SqlPlace place{Dialect::Sqlite};
  const auto connection = place.connect();
  const auto ids = [&](const std::string& from, const std::string& to) {
    Json params = by_time(from, to, {{"columns", {"id"}}});
    Reading reading{place, params};
    const auto status = reading.run();
    INFO(status.message());
    REQUIRE(status.ok());
    std::string found;
    const Batch rows = reading.rows();
    const auto id = rows.column<std::string_view>("id");
    for (std::int64_t row = 0; row < rows.rows(); ++row) found += id.value(row);
    return found;
  };
  SECTION("with a T between day and clock") {
    connection->run("CREATE TABLE posts (id TEXT, post_time TEXT)");
    connection->run(
        "INSERT INTO posts VALUES ('d', '2021-01-02T00:00:00'), ('a', '2020-12-31T23:59:59'), "
        "('b', '2021-01-01T00:00:00'), ('c', '2021-01-01T23:59:59.5')");
    CHECK(ids("2021-01-01", "2021-01-02") == "bc");
  }
  SECTION("days alone") {
    connection->run("CREATE TABLE posts (id TEXT, post_time DATE)");
    connection->run(
        "INSERT INTO posts VALUES ('a', '2020-12-31'), ('b', '2021-01-01'), "
        "('c', '2021-01-02'), ('d', '2021-01-03')");
    CHECK(ids("2021-01-01", "2021-01-03") == "bc");
  }
  SECTION("seconds") {
    connection->run("CREATE TABLE posts (id TEXT, post_time INTEGER)");
    connection->run("CREATE INDEX by_time ON posts (post_time)");
    connection->run(
        "INSERT INTO posts VALUES ('a', 1609459199), ('b', 1609459200), "
        "('c', 1609545599), ('d', 1609545600)");
    CHECK(ids("2021-01-01", "2021-01-02") == "bc");
  }
  SECTION("seconds in a column of times") {
    connection->run("CREATE TABLE posts (id TEXT, post_time DATETIME)");
    connection->run("INSERT INTO posts VALUES ('a', 1609459199), ('b', 1609459200)");
    CHECK(ids("2021-01-01", "2021-01-02") == "b");
  }
  SECTION("the key of the table") {
    connection->run("CREATE TABLE posts (post_time TEXT PRIMARY KEY, id TEXT)");
    connection->run("INSERT INTO posts VALUES ('2021-01-01 05:00:00', 'a')");
    CHECK(ids("2021-01-01", "2021-01-02") == "a");
  }
}

TEST_CASE("a view is read as a table without an index", "[sql][input]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto posts = some_posts(300, 2);
  make_posts(place, posts, true);
  place.connect()->run("CREATE VIEW seen AS SELECT * FROM posts");
  Reading reading{place, by_time("2021-01-01", "2021-01-04", {{"table", "seen"}})};
  REQUIRE(reading.run().ok());
  CHECK_FALSE(reading.has_ranges());
  CHECK((reading.posts() == expected(posts, "2021-01-01", "2021-01-04", 6)));
}

TEST_CASE("a column keeps the type of the table", "[sql][input]") {
  const SqlPlace place{Dialect::MySql};
  const auto connection = place.connect();
  connection->run(
      "CREATE TABLE posts (id INT, n BIGINT, x DOUBLE, d DECIMAL(20,2), t DATETIME(3), day DATE, "
      "b VARBINARY(8), s LONGTEXT, post_time DATETIME, clock TIME, INDEX (post_time))");
  connection->run("SET sql_mode = ''");
  connection->run(
      "INSERT INTO posts VALUES (10, -5, 0.5, 12.30, '2021-01-01 01:02:03.250', '2021-01-01', "
      "X'00FF', 'text', '2021-01-01 00:00:00', '10:00:00'), "
      "(9, NULL, NULL, NULL, '0000-00-00 00:00:00', NULL, NULL, NULL, '2021-01-01 00:00:00', "
      "NULL)");
  Json params = by_time("2021-01-01", "2021-01-02");
  params.erase("columns");
  Reading reading{place, params};
  const auto status = reading.run();
  INFO(status.message());
  REQUIRE(status.ok());
  const Batch rows = reading.rows();
  const Schema wanted{{"id", Type::Int64},   {"n", Type::Int64},     {"x", Type::Float64},
                      {"d", Type::Utf8},     {"t", Type::Timestamp}, {"day", Type::Timestamp},
                      {"b", Type::Binary},   {"s", Type::Utf8},      {"post_time", Type::Timestamp},
                      {"clock", Type::Utf8}, {"window", Type::Int64}};
  CHECK(rows.schema() == wanted);
  // An id that is a number counts as one: 9 is before 10.
  CHECK(rows.column<std::int64_t>("id").value(0) == 9);
  CHECK_FALSE(rows.column<std::int64_t>("t")[0]);
  CHECK(rows.column<std::int64_t>("t").value(1) == 1'609'462'923'250'000);
  CHECK(rows.column<std::int64_t>("day").value(1) == 1'609'459'200'000'000);
  CHECK(rows.column<std::string_view>("d").value(1) == "12.30");
  CHECK(rows.column<std::string_view>("b").value(1) == std::string_view{"\0\xFF", 2});
  CHECK(reading.count("badTimes") == 1);
}

TEST_CASE("text that is no UTF-8 is mended and counted", "[sql][input]") {
  const SqlPlace place{Dialect::Sqlite};
  const auto connection = place.connect();
  connection->run("CREATE TABLE posts (id TEXT, author TEXT, post_time DATETIME)");
  connection->run(
      "INSERT INTO posts VALUES ('a', CAST(X'41FF' AS TEXT), '2021-01-01 00:00:00'), "
      "('b', 'whole', '2021-01-01 00:00:00')");
  Reading reading{place, by_time("2021-01-01", "2021-01-02")};
  REQUIRE(reading.run().ok());
  CHECK(reading.posts().at(0).author == "A\xEF\xBF\xBD");
  CHECK(reading.posts().at(1).author == "whole");
  CHECK(reading.count("mendedTexts") == 1);
}

TEST_CASE("a row of 16 MiB is read", "[sql][input][large]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto connection = place.connect();
  connection->run(
      "CREATE TABLE posts (id VARCHAR(9), author LONGTEXT, post_time DATETIME, content LONGTEXT)");
  connection->run("CREATE INDEX by_time ON posts (post_time)");
  // A server takes 16 MiB at once, so it makes the text itself.
  const std::string text = place.is_mysql() ? "REPEAT('x', 15 * 1024 * 1024)"
                                            : "replace(hex(zeroblob(8 * 1024 * 1024)), '00', 'xx')";
  connection->run("INSERT INTO posts VALUES ('a', " + text + ", '2021-01-01 00:00:00', NULL)");
  connection->run("INSERT INTO posts VALUES ('b', 'y', '2021-01-01 00:00:01', NULL)");
  Reading reading{place, by_time("2021-01-01", "2021-01-02")};
  const auto status = reading.run();
  INFO(status.message());
  REQUIRE(status.ok());
  CHECK(reading.posts().at(0).author->size() >= 15u * 1024 * 1024);
  CHECK(reading.posts().at(1).author == "y");
}
