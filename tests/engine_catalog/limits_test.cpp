// What one question and one change may ask for.
#include <thread>

#include <catch2/catch.hpp>

#include "engine/base/json_members.hpp"
#include "engine/catalog/answer_cache.hpp"
#include "engine/catalog/change_limits.hpp"
#include "engine/catalog/connection_pool.hpp"
#include "engine/catalog/query_after.hpp"
#include "engine/catalog/query_limits.hpp"
#include "engine/catalog/rows_change.hpp"
#include "tests/engine_catalog/filled.hpp"
#include "tests/fixtures/catalog_place.hpp"

using namespace millrace;
using test::CatalogPlace;
using test::Filled;
using test::must;

namespace {

Json members(std::size_t count) {
  Json object = Json::object();
  for (std::size_t i = 0; i < count; ++i) append_member(object, "m" + std::to_string(i), 1);
  return object;
}

}  // namespace

TEST_CASE("a question has a limit on its parts", "[catalog][limits]") {
  const CatalogPlace place{SqlDialect::Sqlite};
  const auto catalog = place.open();
  const auto asks = [&](const Json& where, std::int64_t limit) {
    return catalog->query({{"entity", "tags"}, {"where", where}, {"limit", limit}}).ok();
  };
  const Json condition{{"column", "id"}, {"op", ">"}, {"value", 0}};
  CHECK(asks(std::vector<Json>(kMostConditions, condition), 1));
  CHECK_FALSE(asks(std::vector<Json>(kMostConditions + 1, condition), 1));
  const auto in = [](std::size_t values) {
    return Json::array(
        {Json{{"column", "id"}, {"op", "in"}, {"value", std::vector<Json>(values, Json(1))}}});
  };
  CHECK(asks(in(kMostInValues), 1));
  CHECK_FALSE(asks(in(kMostInValues + 1), 1));
  CHECK(asks(Json::array(), kMostRows));
  CHECK_FALSE(asks(Json::array(), kMostRows + 1));
}

TEST_CASE("a document and a list of names are counted before anything is written",
          "[catalog][limits]") {
  Filled rows{SqlDialect::Sqlite};
  const auto id = rows.model("net", Json::object(), Json::object());
  const auto changed = [&](const Json& set) {
    return rows.change("update", "models", {{"id", id}, {"set", set}});
  };
  const auto refused = [&](const std::string& field, const Json& value) {
    const auto result = changed(Json{{field, value}});
    return !result.ok() && result.error().code == Code::InvalidArgument &&
           result.error().field == field;
  };
  CHECK(refused("metrics", members(kMostMembers + 1)));
  CHECK(changed({{"metrics", members(kMostMembers)}}).ok());
  CHECK(refused("parameters", Json{{std::string(kLongestMember + 1, 'p'), 1}}));
  CHECK(changed({{"parameters", {{std::string(kLongestMember, 'p'), 1}}}}).ok());
  Json names = Json::array();
  for (std::size_t i = 0; i <= kMostNames; ++i) names.push_back("t" + std::to_string(i));
  CHECK(refused("tags", names));
}

TEST_CASE("one change inserts no more rows than can be taken back", "[catalog][limits]") {
  Filled rows{SqlDialect::Sqlite};
  const Json tag{{"name", "t"}};
  const auto refused =
      rows.change("insert", "tags", {{"rows", Json::array_t(RowsChange::kMostPending + 1, tag)}});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::InvalidArgument);
  CHECK(refused.error().message.find("more than 200000 rows of tags") != std::string::npos);
}

TEST_CASE("a page of very many rows has a number of them", "[catalog][limits]") {
  Filled rows{SqlDialect::Sqlite};
  Json tags = Json::array();
  for (std::int64_t i = 0; i <= kMostPagedRows; ++i)
    tags.push_back({{"name", "t" + std::to_string(i)}});
  must(rows.change("insert", "tags", {{"rows", std::move(tags)}}));
  const auto page = must(rows.catalog->query(
      {{"entity", "tags"}, {"after", Json::array()}, {"limit", kMostPagedRows + 1}}));
  CHECK(page.rows() == kMostPagedRows);
}

TEST_CASE("answers are kept up to so many bytes, and the oldest goes", "[catalog][limits]") {
  Filled rows{SqlDialect::Sqlite};
  AnswerCache cache{3'000};
  const auto ask = [&](int number) {
    AnswerCache::Numbers numbers;
    must(rows.catalog->read([&](Connection& connection) -> Result<void> {
      const Question question{"SELECT " + std::to_string(number), {}};
      MR_TRY(numbers, cache.ask(connection, kRegistry, question));
      return {};
    }));
    return numbers;
  };
  const auto first = ask(1);
  CHECK(ask(1) == first);
  for (int number = 2; number < 20; ++number) ask(number);
  CHECK(ask(19) == ask(19));
  CHECK(ask(1) != first);
}

TEST_CASE("of connections that nobody reads with a number is kept", "[catalog][limits]") {
  const CatalogPlace place{SqlDialect::MySql};
  constexpr std::size_t kReaders = ConnectionPool::kMostIdle + 8;
  const auto database = place.database();
  ConnectionPool pool{*database};
  const auto connections = [&] {
    const auto own = place.connect();
    const auto found = must(
        own->query("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE()"));
    return static_cast<std::size_t>(integer(found.rows[0][0])) - 1;
  };
  {
    std::vector<ConnectionPool::Loan> loans;
    for (std::size_t i = 0; i < kReaders; ++i) loans.push_back(must(pool.take()));
    CHECK(connections() == kReaders);
  }
  // A server takes a moment to notice that one is closed.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (connections() > ConnectionPool::kMostIdle && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(connections() == ConnectionPool::kMostIdle);
}
