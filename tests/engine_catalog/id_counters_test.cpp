#include "engine/catalog/id_counters.hpp"

#include <set>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/catalog/migrations.hpp"
#include "tests/engine_catalog/filled.hpp"

#include <fmt/format.h>

using namespace millrace;
using test::Filled;
using test::kAsker;
using test::must;
using test::where;

namespace {

void run(Filled& filled, const std::string& sql) { must(filled.place.connect()->execute(sql)); }

Result<std::int64_t> draw(Catalog& catalog, std::size_t count) {
  std::int64_t first = 0;
  MR_CHECK(catalog.write_and_wait([&](Connection& connection) -> Result<void> {
    MR_TRY(first, draw_ids(connection, *find_entity("tags"), count));
    return {};
  }));
  return first;
}

// Draws ids and inserts rows by turns, as far as nothing fails.
Result<void> draw_and_insert(Catalog& catalog, int times, std::string_view name,
                             std::vector<std::int64_t>& ids) {
  for (int i = 0; i < times; ++i) {
    MR_TRY(const auto first, draw(catalog, 2));
    const Json set{{"name", fmt::format("{} of {}", i, name)}};
    MR_TRY(const Batch made,
           catalog.change({{"entity", "tags"}, {"action", "insert"}, {"set", set}}, kAsker));
    ids.insert(ids.end(), {first, first + 1, made.column<std::int64_t>("id").value(0)});
  }
  return {};
}

}  // namespace

TEST_CASE("ids are behind those that were drawn and those in the table", "[catalog][ids]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  CHECK(must(draw(*filled.catalog, 3)) == 1);
  CHECK(filled.insert("tags", {{"name", "a"}}) == 4);
  run(filled,
      "INSERT INTO tags (id, name, name_folded, created_us, updated_us) VALUES (90, 'b', 'b', 1, "
      "1)");
  CHECK(must(draw(*filled.catalog, 2)) == 91);
  CHECK(filled.insert("tags", {{"name", "c"}}) == 93);
  must(filled.change("delete", "tags", {{"id", 93}}));
  CHECK(filled.insert("tags", {{"name", "d"}}) == 94);
  const auto rows = Json::array({Json{{"name", "e"}}, Json{{"name", "f"}}});
  const auto many = must(filled.change("insert", "tags", {{"rows", rows}}));
  CHECK(many.column<std::int64_t>("id").value(0) == 95);
  CHECK(many.column<std::int64_t>("id").value(1) == 96);
}

TEST_CASE("ids of a change that was undone are drawn again", "[catalog][ids]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  filled.insert("tags", {{"name", "a"}});
  CHECK_FALSE(filled.change("insert", "tags", {{"set", {{"name", "a"}}}}).ok());
  CHECK(filled.insert("tags", {{"name", "b"}}) == 2);
}

TEST_CASE("a catalog from before ids were drawn gives none of them twice", "[catalog][ids]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto rows = Json::array({Json{{"name", "a"}}, Json{{"name", "b"}}, Json{{"name", "c"}}});
  must(filled.change("insert", "tags", {{"rows", rows}}));
  must(filled.change("delete", "tags", {{"id", 3}}));
  must(filled.change("delete", "projects", {{"id", 1}}));
  // Of a row that no line of the audit trail tells of.
  run(filled,
      "INSERT INTO workspaces (id, name, name_folded, created_us, updated_us) VALUES (8, 'w', 'w', "
      "1, 1)");
  run(filled, "DROP TABLE id_counters");
  run(filled, "DELETE FROM schema_migrations WHERE part = 'id_counters'");
  const auto later = filled.place.open();
  must(later->change({{"entity", "workspaces"}, {"action", "delete"}, {"id", 8}}, kAsker));
  const auto insert = [&](std::string_view entity, const Json& set) {
    return must(later->change({{"entity", entity}, {"action", "insert"}, {"set", set}}, kAsker))
        .column<std::int64_t>("id")
        .value(0);
  };
  CHECK(insert("tags", {{"name", "d"}}) == 4);
  CHECK(insert("projects", {{"name", "p"}, {"workspace_id", 1}}) == 2);
  CHECK(insert("workspaces", {{"name", "x"}}) == 9);
}

TEST_CASE("two engines at one database draw no id twice", "[catalog][ids]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  constexpr int kTimes = 20;
  const auto other = filled.place.open();
  std::vector<std::int64_t> ids, other_ids;
  Result<void> other_done;
  {
    const std::jthread thread{
        [&] { other_done = draw_and_insert(*other, kTimes, "other", other_ids); }};
    must(draw_and_insert(*filled.catalog, kTimes, "one", ids));
  }
  must(other_done);
  std::set<std::int64_t> all{ids.begin(), ids.end()};
  all.insert(other_ids.begin(), other_ids.end());
  CHECK(all.size() == 2 * 3 * kTimes);
  CHECK(*all.rbegin() == 2 * 3 * kTimes);  // and none was lost
}
