// What is kept of rows that were found: lists of ids and what they have in common, and the revision
// at which a request sees them.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/catalog/answer_cache.hpp"
#include "engine/catalog/part.hpp"
#include "engine/catalog/revision.hpp"
#include "tests/engine_catalog/filled.hpp"

using namespace millrace;
using test::Filled;
using test::kAsker;
using test::must;
using test::where;

namespace {

using Ids = std::vector<std::int64_t>;

Json has_all(const std::vector<Json>& members) {
  Json conditions = Json::array();
  for (const Json& member : members) conditions.push_back(where("metrics", "has", member)[0]);
  return conditions;
}

Json member(std::string_view name, std::string_view op, Json value) {
  return {{"name", name}, {"op", op}, {"value", std::move(value)}};
}

Ids ids_of(Catalog& catalog, const Json& conditions, int limit = 50, int offset = 0,
           std::string_view owner = {}) {
  const Batch rows = must(catalog.query(
      {{"entity", "models"}, {"where", conditions}, {"limit", limit}, {"offset", offset}}, owner));
  Ids ids;
  for (std::int64_t row = 0; row < rows.rows(); ++row)
    ids.push_back(rows.column<std::int64_t>("id").value(row));
  return ids;
}

// The list of numbers from `first`, `count` of them, as one answer.
Question numbers(int first, std::size_t count) {
  return {"WITH RECURSIVE n (i) AS (SELECT " + std::to_string(first) +
              " UNION ALL SELECT i + 1 FROM n WHERE i < " +
              std::to_string(first + static_cast<int>(count) - 1) + ") SELECT i FROM n",
          {}};
}

}  // namespace

TEST_CASE("rows that have several members are those that have each", "[catalog][known]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.insert("projects", {{"name", "Letters"}, {"workspace_id", 1}});
  Json wanted = Json::array();
  for (int i = 1; i <= 24; ++i) {
    Json metrics = Json::object();
    if (i % 2 == 0) metrics["two"] = i;
    if (i % 3 == 0) metrics["three"] = i;
    metrics["large"] = 9'007'199'254'740'992 + i;
    rows.model("m" + std::to_string(i), metrics,
               {{"project_id", i > 12 ? 2 : 1}, {"private", i == 18}});
  }
  auto in_second = has_all({"two", "three"});
  in_second.push_back(where("project_id", "in", {2})[0]);
  for (int round = 0; round < 3; ++round) {
    CHECK(ids_of(*rows.catalog, has_all({"two", "three"})) == Ids{6, 12, 18, 24});
    CHECK(ids_of(*rows.catalog, has_all({"three", "two"}), 2, 1) == Ids{12, 18});
    CHECK(ids_of(*rows.catalog, has_all({"two", "three"}), 2, 4).empty());
    CHECK(ids_of(*rows.catalog, has_all({"two", "three"}), 9, 0, "2") == Ids{6, 12, 24});
    CHECK(ids_of(*rows.catalog, in_second) == Ids{18, 24});
    CHECK(ids_of(*rows.catalog, has_all({"two", "none"})).empty());
    CHECK(ids_of(*rows.catalog, has_all({"two", member("two", ">", 20), "three"})) == Ids{24});
    CHECK(ids_of(*rows.catalog,
                 has_all({member("large", ">", 9'007'199'254'740'993), member("two", "!=", 2),
                          member("large", "<=", 9'007'199'254'740'998)})) == Ids{4, 6});
    CHECK(rows.count("models", has_all({"two", "three"})) == 4);
    CHECK(rows.count("models", in_second) == 2);
    CHECK(rows.count("models", has_all({"two", "none"})) == 0);
  }
}

TEST_CASE("rows of several members are as they are, whichever engine changed them",
          "[catalog][known]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto other = rows.place.open();
  const auto both = has_all({"a", "b"});
  for (int i = 0; i < 3; ++i) rows.model("m", {{"a", 1}, {"b", 2}});
  for (int round = 0; round < 3; ++round) CHECK(ids_of(*rows.catalog, both) == Ids{1, 2, 3});
  must(other->change(
      {{"entity", "models"}, {"action", "update"}, {"id", 2}, {"set", {{"metrics", {{"a", 1}}}}}},
      kAsker));
  CHECK(ids_of(*rows.catalog, both) == Ids{1, 3});
  CHECK(rows.count("models", both) == 2);
  must(other->change({{"entity", "models"}, {"action", "delete"}, {"id", 1}}, kAsker));
  CHECK(rows.count("models", both) == 1);
  CHECK(ids_of(*rows.catalog, both) == Ids{3});
  CHECK(ids_of(*other, both) == Ids{3});
}

TEST_CASE("rows are found, sorted and paged by what stands in a table that is joined",
          "[catalog][known]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.insert("users", {{"login", "zoe"}, {"password", "secret"}});
  rows.model("first", {{"acc", 1}}, {{"user_id", 1}});
  const auto second = rows.insert(
      "models", {{"name", "second"}, {"metrics", {{"acc", 2}}}, {"user_id", 2}, {"project_id", 1}});
  rows.model("third", {{"acc", 3}});
  CHECK(rows.names("models", where("user_login", "=", "zoe")) == "second");
  CHECK(rows.names("models", where("user_full_name", "is_null", true)) == "first,second,third");
  CHECK(rows.count("models", where("user_login", "like", "z%")) == 1);
  Json with_member = where("user_login", "in", {"zoe", "ada"});
  with_member.push_back(where("metrics", "has", "acc")[0]);
  CHECK(rows.names("models", with_member) == "first,second,third");
  Json query{{"entity", "models"},
             {"columns", {"id"}},
             {"order", {"-user_login"}},
             {"limit", 1},
             {"after", Json::array()}};
  Ids found;
  for (int page = 0; page < 4; ++page) {
    const Batch row = must(rows.catalog->query(query));
    if (row.empty()) break;
    found.push_back(row.column<std::int64_t>("id").value(0));
    const auto next = row.column<std::string_view>("@after")[0];
    if (!next) break;
    query["after"] = Json::parse(*next);
  }
  CHECK(found == Ids{second, 3, 1});
}

TEST_CASE("of several lists that are too long none is read, and each asks once to find that out",
          "[catalog][known][limits]") {
  Filled rows{SqlDialect::Sqlite};
  AnswerCache cache;
  const auto common_of = [&](std::size_t longest) {
    AnswerCache::Known known;
    must(rows.catalog->read([&](Connection& connection) -> Result<void> {
      const std::vector lists{numbers(1, 5), numbers(4, longest)};
      MR_TRY(known, cache.ask_again(connection, kRegistry, lists));
      return {};
    }));
    return known.numbers;
  };
  const auto common = common_of(AnswerCache::kMostListed);
  REQUIRE(common);
  CHECK(*common == Ids{4, 5});
  CHECK_FALSE(common_of(AnswerCache::kMostListed + 1));
  CHECK_FALSE(common_of(AnswerCache::kMostListed + 1));
}

TEST_CASE("answers are recalled together where they are of one revision", "[catalog][known]") {
  Filled rows{SqlDialect::Sqlite};
  AnswerCache cache;
  const std::vector lists{numbers(1, 5), numbers(3, 5)};
  CHECK_FALSE(cache.recall(kRegistry, lists).numbers);
  must(rows.catalog->read([&](Connection& connection) -> Result<void> {
    MR_CHECK(cache.ask_again(connection, kRegistry, lists));
    return {};
  }));
  const auto first = cache.recall(kRegistry, lists);
  REQUIRE(first.numbers);
  CHECK(*first.numbers == Ids{3, 4, 5});
  rows.model("m");
  must(rows.catalog->read([&](Connection& connection) -> Result<void> {
    MR_CHECK(cache.ask(connection, kRegistry, lists.front()));
    return {};
  }));
  CHECK_FALSE(cache.recall(kRegistry, lists).numbers);
}

TEST_CASE("a request sees one revision, and the changes that it makes", "[catalog][known]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto other = rows.place.open();
  const auto connection = rows.place.connect();
  const auto revision = [&] { return must(known_revision(*connection, kRegistry)); };
  const auto begin = revision();
  const auto raise = [&] {
    must(connection->execute("UPDATE catalog_revisions SET revision = revision + 1 WHERE name = ?",
                             {std::string{kRegistry}}));
  };
  raise();
  CHECK(revision() == begin + 1);  // nobody keeps it
  {
    const RevisionsOfThread request;
    CHECK(revision() == begin + 1);
    raise();
    CHECK(revision() == begin + 1);
    {
      const RevisionsOfThread within;
      CHECK(revision() == begin + 1);
    }
    CHECK(revision() == begin + 1);
    RevisionsOfThread::note(kRegistry, begin);  // an earlier one tells nothing
    CHECK(revision() == begin + 1);
    must(rows.catalog->write_and_wait(
        [](Connection& own) { return next_revision(own, kRegistry); }));
    CHECK(revision() == begin + 3);
    rows.model("m");
    CHECK(revision() == begin + 4);
    CHECK(rows.count("models") == 1);
    rows.model("n");
    CHECK(rows.count("models") == 2);
    CHECK(rows.names("models") == "m,n");
  }
  raise();
  CHECK(revision() == begin + 6);
}
