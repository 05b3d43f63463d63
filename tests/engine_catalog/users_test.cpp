// Since when what was issued to a user is good: the column tokens_since of users.
#include <future>

#include <catch2/catch.hpp>

#include "engine/base/password.hpp"
#include "engine/catalog/part.hpp"
#include "engine/catalog/revision.hpp"
#include "tests/engine_catalog/filled.hpp"
#include "tests/engine_catalog/writes.hpp"

using namespace millrace;
using test::CatalogPlace;
using test::Gate;
using test::kAsker;
using test::must;
using test::Results;
using test::where;
using namespace std::chrono_literals;

namespace {

// Users 1 and 2 in a catalog whose clock stands half a second behind the second kStart.
struct Users {
  static constexpr std::int64_t kStart = 1'700'000'000;

  explicit Users(SqlDialect kind) : place{kind}, catalog{place.open(clock)} {
    for (const char* login : {"ada", "bob"})
      must(catalog->change({{"entity", "users"},
                            {"action", "insert"},
                            {"set", {{"login", login}, {"password", "secret"}}}},
                           kAsker));
    clock.advance(500ms);
  }

  Result<Batch> set(const Json& values, std::int64_t id = 1) {
    return catalog->change({{"entity", "users"}, {"action", "update"}, {"id", id}, {"set", values}},
                           kAsker);
  }
  std::int64_t since(std::int64_t id = 1) {
    const auto found = must(catalog->query({{"entity", "users"}, {"where", where("id", "=", id)}}));
    return found.column<std::int64_t>("tokens_since").value(0);
  }

  CatalogPlace place;
  ManualClock clock;
  std::unique_ptr<Catalog> catalog;
};

}  // namespace

TEST_CASE("what ends sessions raises tokens_since to the next second, and each time by one",
          "[catalog][users]") {
  Users users{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  CHECK(users.since() == 0);
  must(users.set({{"password", "another"}}));
  CHECK(users.since() == Users::kStart + 1);
  must(users.set({{"tokens_since", "now"}}));  // within the same second
  CHECK(users.since() == Users::kStart + 2);
  must(users.set({{"is_disabled", true}}));
  CHECK(users.since() == Users::kStart + 3);
  users.clock.advance(1h);
  must(users.set({{"password", "third"}, {"tokens_since", "now"}}));
  CHECK(users.since() == Users::kStart + 3'601);
  CHECK(users.since(2) == 0);
}

TEST_CASE("other changes of a user leave tokens_since as it is", "[catalog][users]") {
  Users users{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  must(users.set({{"tokens_since", "now"}}));
  const auto since = users.since();
  users.clock.advance(1h);
  must(users.set({{"login", "eve"}, {"full_name", "Eve"}, {"email", "e@x"}, {"is_admin", true}}));
  must(users.set(Json::object()));
  CHECK(users.since() == since);
}

TEST_CASE("sessions of many users end together", "[catalog][users]") {
  Users users{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  must(users.set({{"tokens_since", "now"}}));
  must(users.catalog->change({{"entity", "users"},
                              {"action", "update"},
                              {"where", where("id", ">", 0)},
                              {"set", {{"tokens_since", "now"}}}},
                             kAsker));
  CHECK(users.since(1) == Users::kStart + 2);
  CHECK(users.since(2) == Users::kStart + 1);
}

TEST_CASE("nobody chooses tokens_since", "[catalog][users]") {
  Users users{SqlDialect::Sqlite};
  for (const Json& value : {Json(7), Json(nullptr), Json("then"), Json(true)}) {
    const auto refused = users.set({{"tokens_since", value}});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::InvalidArgument);
    CHECK(refused.error().field == "tokens_since");
  }
  CHECK_FALSE(
      users.catalog
          ->change({{"entity", "users"},
                    {"action", "insert"},
                    {"set", {{"login", "eve"}, {"password", "x"}, {"tokens_since", "now"}}}},
                   kAsker)
          .ok());
  CHECK(users.since() == 0);
}

TEST_CASE("who asks while a user changes hears what the change has made, whichever engine makes it",
          "[catalog][users]") {
  Users users{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  must(users.set({{"tokens_since", "now"}}));
  const auto another = users.place.open(users.clock);
  auto& changing = GENERATE(true, false) ? *users.catalog : *another;
  const auto hash = must(hash_password("another"));
  Gate gate;
  Results results;
  changing.write(
      [&](Connection& connection) -> Result<void> {
        MR_CHECK(next_revision(connection, kRegistry));
        MR_CHECK(connection.execute(
            "UPDATE users SET password = ?, tokens_since_s = 1800000000 WHERE id = 1", {hash}));
        return gate.write()(connection);
      },
      results.keep(0));
  REQUIRE(gate.wait_until_entered());
  const auto ask = [&users](Json query) {
    query["entity"] = "users";
    query["limit"] = 1;
    return std::async(std::launch::async,
                      [&users, query] { return must(users.catalog->query(query)); });
  };
  auto signed_in =
      ask({{"where", where("password", "verify", "secret")}, {"columns", {"id", "tokens_since"}}});
  auto settled = ask({{"where", where("id", "=", 1)}, {"settled", true}});
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  const auto waiting = [&] { return users.catalog->counters().queued_bytes; };
  const auto own = &changing == users.catalog.get() ? Catalog::kUsualWriteBytes : 0;
  while (waiting() < own + 2 * Catalog::kUsualWriteBytes &&
         std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(waiting() >= own + 2 * Catalog::kUsualWriteBytes);
  gate.open();
  REQUIRE(results.wait_for(1));
  must(std::move(results[0]));
  CHECK(signed_in.get().rows() == 0);
  CHECK(settled.get().column<std::int64_t>("tokens_since").value(0) == 1'800'000'000);
}

TEST_CASE("settled rows are of one page, and of what changes write", "[catalog][users]") {
  Users users{SqlDialect::Sqlite};
  for (const Json& query : {Json{{"entity", "users"}, {"settled", 1}},
                            Json{{"entity", "users"}, {"settled", true}, {"count", true}},
                            Json{{"entity", "users"}, {"settled", true}, {"after", Json::array()}},
                            Json{{"entity", "jobs"}, {"settled", true}}}) {
    CAPTURE(query.dump());
    const auto refused = users.catalog->query(query);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::InvalidArgument);
  }
  CHECK(must(users.catalog->query({{"entity", "users"}, {"settled", true}})).rows() == 2);
}
