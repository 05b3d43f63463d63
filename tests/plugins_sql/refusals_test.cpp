// What cannot be read, and what is said of it.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/plugins_sql/reading.hpp"

using namespace millrace;
using namespace millrace::test;
using Catch::Contains;
using sql::Dialect;

namespace {

testing::Status status_of(const SqlPlace& place, const Json& params) {
  Reading reading{place, params};
  REQUIRE(reading.input().faults().empty());
  return reading.run();
}

std::vector<std::string> faults_of(const Json& params) {
  const SqlPlace place{Dialect::Sqlite};
  Reading reading{place, params};
  std::vector<std::string> found;
  for (const auto& fault : reading.input().faults()) found.push_back(fault.pointer);
  return found;
}

}  // namespace

TEST_CASE("a table or a column that is not there is named, with what there is",
          "[sql][input][refusals]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  make_posts(place, {}, GENERATE(true, false));
  const auto refused = [&](const Json& more) {
    const auto status = status_of(place, by_time("2021-01-01", "2021-01-02", more));
    CHECK(status.code() == MR_NOT_FOUND);
    return status.message();
  };
  CHECK_THAT(refused({{"table", "pots"}}), Contains("pots"));
  for (const Json& more :
       {Json{{"columns", {"id", "titel"}}}, Json{{"id", "titel"}}, Json{{"not_null", {"titel"}}},
        Json{{"where", {{"titel", 1}}}}, Json{{"time", {{"column", "titel"}}}}}) {
    CAPTURE(more.dump());
    CHECK_THAT(refused(more),
               Contains("no column \"titel\"") && Contains("it has id, author, post_time"));
  }
}

TEST_CASE("a connection that nobody told of is named", "[sql][input][refusals]") {
  const SqlPlace place{Dialect::Sqlite};
  make_posts(place, {}, true);
  const auto status =
      status_of(place, by_time("2021-01-01", "2021-01-02", {{"connection", "nowhere"}}));
  CHECK(status.code() == MR_NOT_FOUND);
  CHECK_THAT(status.message(), Contains("nowhere"));
}

TEST_CASE("a wrong password is refused at once, and told to nobody", "[sql][input][refusals]") {
  SqlPlace place{Dialect::MySql};
  make_posts(place, {}, true);
  place.settings.password = "no-such-secret";
  const auto status = status_of(
      place, by_time("2021-01-01", "2021-01-02", {{"attempt_wait_s", 600}, {"attempts", 5}}));
  CHECK(status.code() == MR_PERMISSION_DENIED);
  CHECK_THAT(status.message(), !Contains("no-such-secret"));
}

TEST_CASE("a column that holds no times is no column of time", "[sql][input][refusals]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto connection = place.connect();
  const auto refused = [&](const std::string& type, const std::string& values) {
    connection->run("CREATE TABLE posts (id VARCHAR(9), author VARCHAR(9), post_time " + type +
                    ")");
    if (!values.empty()) connection->run("INSERT INTO posts VALUES " + values);
    return status_of(place, by_time("2021-01-01", "2021-01-02"));
  };
  if (place.is_mysql()) {
    const auto status = refused("VARCHAR(30)", "");
    CHECK(status.code() == MR_INVALID_ARGUMENT);
    CHECK_THAT(status.message(), Contains("varchar(30)") && Contains("DATETIME"));
    return;
  }
  SECTION("numbers and texts") {
    const auto status = refused("DATETIME", "('a', 'x', 5), ('b', 'x', '2021-01-01 00:00:00')");
    CHECK(status.code() == MR_DATA_INVALID);
    CHECK_THAT(status.message(), Contains("its order is not that of time"));
  }
  SECTION("texts of two forms") {
    const auto status =
        refused("TEXT", "('a', 'x', '2021-01-01T05:00:00'), ('b', 'x', '2021-01-01 07:00:00')");
    CHECK(status.code() == MR_DATA_INVALID);
  }
  SECTION("texts that are cut short") {
    const auto status =
        refused("TEXT", "('a', 'x', '2021-01-01 06:00'), ('b', 'x', '2021-01-01 07:00:00')");
    CHECK(status.code() == MR_DATA_INVALID);
    CHECK_THAT(status.message(), Contains("2021-01-01 06:00"));
  }
  SECTION("no times at all") {
    CHECK(refused("TEXT", "('a', 'x', 'yesterday')").code() == MR_DATA_INVALID);
  }
  SECTION("fractions") { CHECK(refused("REAL", "('a', 'x', 0.5)").code() == MR_DATA_INVALID); }
}

TEST_CASE("rows of one time that do not fit into memory are refused", "[sql][input][refusals]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  std::vector<Post> posts;
  for (int i = 0; i < 500; ++i)
    posts.push_back({"id" + std::to_string(i), std::string(100, 'x'), "2021-01-01 07:00:00"});
  make_posts(place, posts, GENERATE(true, false));
  const auto status = status_of(place, by_time("2021-01-01", "2021-01-02",
                                               {{"same_time_bytes", 30'000}, {"batch_rows", 50}}));
  CHECK(status.code() == MR_EXHAUSTED);
  CHECK_THAT(status.message(),
             Contains("2021-01-01 07:00:00") && Contains("raise \"same_time_bytes\""));
}

TEST_CASE("the column of windows hides none of the table", "[sql][input][refusals]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto connection = place.connect();
  connection->run("CREATE TABLE posts (id VARCHAR(9), `window` INT, post_time DATETIME)");
  Json params = by_time("2021-01-01", "2021-01-02");
  params.erase("columns");
  const auto status = status_of(place, params);
  CHECK(status.code() == MR_INVALID_ARGUMENT);
  CHECK_THAT(status.message(), Contains("window_column"));
  params["window_column"] = "w";
  CHECK(status_of(place, params).ok());
}

TEST_CASE("parameters that make no sense are faults at their places", "[sql][input][refusals]") {
  using Pointers = std::vector<std::string>;
  const auto time_with = [](const std::string& from, const std::string& to) {
    return by_time(from, to);
  };
  CHECK(faults_of(time_with("2021-01-01", "2021-01-01")).empty());
  CHECK(faults_of(time_with("2021-1-1", "2021-01-01")) == Pointers{"/time/from"});
  CHECK(faults_of(time_with("2021-01-01", "yesterday")) == Pointers{"/time/to"});
  CHECK(faults_of(time_with("2021-01-02", "2021-01-01")) == Pointers{"/time/to"});
  CHECK(faults_of(by_time("2021-01-01", "2021-01-02", {{"order", {"id"}}})) == Pointers{"/order"});
  CHECK(faults_of(by_time("2021-01-01", "2021-01-02", {{"limit", 5}})) == Pointers{"/limit"});
  CHECK(faults_of(by_time("2021-01-01", "2021-01-02", {{"columns", {"a", "a"}}})) ==
        Pointers{"/columns"});
  for (const Json& value :
       {Json::object(), Json::array(), Json::array({nullptr}), Json::array({Json::array()})}) {
    CAPTURE(value.dump());
    CHECK(faults_of(by_time("2021-01-01", "2021-01-02", {{"where", {{"a/b", value}}}})) ==
          Pointers{"/where/a~1b"});
  }
}
