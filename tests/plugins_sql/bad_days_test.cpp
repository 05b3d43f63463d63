// A server that goes away while a table is read.
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/fixtures/tcp_proxy.hpp"
#include "tests/plugins_sql/reading.hpp"

using namespace millrace;
using namespace millrace::test;
using Catch::Contains;
using sql::Dialect;

namespace {

// So many that no buffer between server and client holds them, some of one time.
std::vector<Post> many_posts() {
  auto posts = some_posts(80'000, 31);
  for (Post& post : posts) post.author = std::string(200, 'x');
  return posts;
}

// The way to the server lives as long as it is read, whatever becomes of the test.
struct Down {
  Down() { MariaDb::shared().kill(); }
  Down(const Down&) = delete;
  Down& operator=(const Down&) = delete;
  ~Down() { MariaDb::shared().start(); }
};

}  // namespace

TEST_CASE("a connection that is cut amid the rows goes on where it was", "[sql][input][bad]") {
  SqlPlace place{Dialect::MySql};
  const auto posts = many_posts();
  make_posts(place, posts, GENERATE(true, false));
  TcpProxy proxy{MariaDb::shared().port()};
  place.settings.address.port = proxy.port();
  Reading reading{place, by_time("2021-01-01", "2021-01-06", {{"batch_rows", 1'000}})};
  // In ranges it is cut between two of them.
  for (int times = 0; times < 4 && !reading.input().has_ended(); ++times) {
    REQUIRE(reading.run(3).ok());
    proxy.cut();
  }
  const auto status = reading.run();
  INFO(status.message());
  REQUIRE(status.ok());
  proxy.end_lost();
  CHECK((reading.posts() == expected(posts, "2021-01-01", "2021-01-06", 6)));
}

TEST_CASE("a server that is killed amid the rows and starts again loses none",
          "[sql][input][bad]") {
  const SqlPlace place{Dialect::MySql};
  const auto posts = many_posts();
  make_posts(place, posts, false);
  Reading reading{place, by_time("2021-01-01", "2021-01-06", {{"batch_rows", 1'000}})};
  REQUIRE(reading.run(5).ok());
  { const Down down; }
  REQUIRE(reading.run(5).ok());
  { const Down down; }
  const auto status = reading.run();
  INFO(status.message());
  REQUIRE(status.ok());
  CHECK((reading.posts() == expected(posts, "2021-01-01", "2021-01-06", 6)));
}

TEST_CASE("a server that stays away is unavailable, and the window is named", "[sql][input][bad]") {
  const SqlPlace place{Dialect::MySql};
  const auto posts = some_posts(2'000, 4);
  make_posts(place, posts, true);
  Reading reading{place,
                  by_time("2021-01-01", "2021-01-06", {{"attempts", 3}, {"split_rows", 200}})};
  // Up to the start of a window: within one there is no snapshot.
  std::optional<std::string> at;
  for (int ranges = 0; ranges < 3 || !at; ++ranges) {
    REQUIRE(reading.run(1).ok());
    at = reading.place();
  }
  {
    const Down down;
    const auto status = reading.run();
    CHECK(status.code() == MR_UNAVAILABLE);
    CHECK_THAT(status.message(), Contains("window " + *at) && Contains("tried 3 times"));
  }
  // The same input goes on when it is there again, as a node that is tried again does.
  REQUIRE(reading.run().ok());
  CHECK((reading.posts() == expected(posts, "2021-01-01", "2021-01-06", 6)));
}

TEST_CASE("a query that is killed amid its rows is asked again", "[sql][input][bad]") {
  const SqlPlace place{Dialect::MySql};
  const auto posts = many_posts();
  make_posts(place, posts, false);
  Reading reading{place, by_time("2021-01-01", "2021-01-06", {{"batch_rows", 1'000}})};
  REQUIRE(reading.run(5).ok());
  const auto connection = place.connect();
  const auto running = connection->query(
      "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE '%ORDER BY `post_time`' AND "
      "ID <> CONNECTION_ID()");
  REQUIRE(running.rows.size() == 1);
  connection->run("KILL QUERY " + std::to_string(sql::integer(running.rows[0][0])));
  REQUIRE(reading.run().ok());
  CHECK((reading.posts() == expected(posts, "2021-01-01", "2021-01-06", 6)));
}
