// Attempts that go on where an earlier one was.
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plugins/sql/wall_time.hpp"
#include "tests/plugins_sql/reading.hpp"

using namespace millrace;
using namespace millrace::test;
using sql::Dialect;

namespace {

std::vector<Post> from_window(std::vector<Post> posts, std::int64_t window) {
  std::erase_if(posts, [&](const Post& post) { return post.window < window; });
  return posts;
}

}  // namespace

TEST_CASE("a checkpoint is the start of a window, behind the rows of those before",
          "[sql][input][resume]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const bool has_index = GENERATE(true, false), is_closed = GENERATE(false, true);
  if (!has_index && !place.is_mysql()) place.connect()->query("PRAGMA journal_mode = WAL");
  const auto posts = some_posts(600, 21);
  make_posts(place, posts, has_index);
  Json params = by_time("2021-01-01", "2021-01-04", {{"batch_rows", 20}, {"split_rows", 60}});
  params["time"]["closed"] = is_closed;
  const auto wanted = expected(posts, "2021-01-01", "2021-01-04", 6, is_closed);
  Reading first{place, params};
  std::set<std::string> places;
  while (!first.input().has_ended()) {
    const auto at = first.place();
    if (at && places.insert(*at).second) {
      const auto window = sql_operators::parse_wall_time(*at);
      REQUIRE(window);
      auto before = wanted;
      std::erase_if(before, [&](const Post& post) { return post.window >= *window; });
      CHECK((first.posts() == before));
      Reading second{place, params};
      REQUIRE(second.input().restore(*at).ok());
      REQUIRE(second.run().ok());
      CHECK((second.posts() == from_window(wanted, *window)));
    }
    REQUIRE(first.run(1).ok());
  }
  CHECK(places.size() > 3);
  CHECK(first.input().snapshot() == "end");
  CHECK((first.posts() == wanted));
}

TEST_CASE("rows that come to the table between two attempts move no border",
          "[sql][input][resume]") {
  const SqlPlace place{GENERATE(Dialect::Sqlite, Dialect::MySql)};
  const auto posts = some_posts(600, 22);
  make_posts(place, posts, true);
  const Json params = by_time("2021-01-01", "2021-01-04", {{"split_rows", 100}});
  Reading first{place, params};
  std::optional<std::string> at;
  for (int ranges = 0; ranges < 2 || !at; ++ranges) {
    REQUIRE(first.run(1).ok());
    at = first.place();
  }
  const auto window = sql_operators::parse_wall_time(*at).value();
  REQUIRE(window > sql_operators::parse_wall_time("2021-01-01").value());

  auto grown = posts;
  const auto connection = place.connect();
  for (int i = 0; i < 200; ++i) {
    // Before the place, and behind it.
    grown.push_back({"new" + std::to_string(i), "late",
                     i % 2 == 0 ? "2021-01-01 00:30:00" : "2021-01-03 20:00:00"});
    connection->execute("INSERT INTO posts VALUES (?, ?, ?)",
                        {grown.back().id, *grown.back().author, grown.back().time});
  }
  Reading second{place, params};
  REQUIRE(second.input().restore(*at).ok());
  REQUIRE(second.run().ok());
  auto all = first.posts();
  for (auto& post : second.posts()) all.push_back(std::move(post));
  auto wanted = expected(posts, "2021-01-01", "2021-01-04", 6);
  std::erase_if(wanted, [&](const Post& post) { return post.window >= window; });
  for (auto& post : from_window(expected(grown, "2021-01-01", "2021-01-04", 6), window))
    wanted.push_back(std::move(post));
  CHECK((all == wanted));
}

TEST_CASE("a checkpoint that names no window is refused", "[sql][input][resume]") {
  const SqlPlace place{Dialect::Sqlite};
  make_posts(place, {}, true);
  for (const auto* state :
       {"", "begin", "2021-01-01 05:00:00", "2020-12-31 18:00:00", "2021-02-01 00:00:00", "5"}) {
    CAPTURE(state);
    Reading reading{place, by_time("2021-01-01", "2021-01-04")};
    CHECK(reading.input().restore(state).code() == MR_DATA_INVALID);
  }
}

TEST_CASE("rows that are not read by time begin anew, or are done", "[sql][input][resume]") {
  const SqlPlace place{Dialect::MySql};
  const auto posts = some_posts(100, 1);
  make_posts(place, posts, false);
  const Json params{{"connection", "data"}, {"table", "posts"}, {"batch_rows", 10}};
  Reading reading{place, params};
  CHECK(reading.input().snapshot() == "begin");
  REQUIRE(reading.run(1).ok());
  CHECK_FALSE(reading.place());
  REQUIRE(reading.run().ok());
  CHECK(reading.input().snapshot() == "end");
  Reading done{place, params};
  REQUIRE(done.input().restore("end").ok());
  REQUIRE(done.run().ok());
  CHECK(done.count("read") == 0);
}
