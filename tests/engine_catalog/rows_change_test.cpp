#include "engine/catalog/rows_change.hpp"

#include <catch2/catch.hpp>

#include "engine/catalog/answer_cache.hpp"
#include "engine/catalog/revision.hpp"
#include "tests/engine_catalog/filled.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace std::chrono_literals;
using test::Filled;
using test::kAsker;
using test::must;
using test::where;

namespace {

Json tags(std::size_t count, std::string_view prefix = "tag") {
  Json rows = Json::array();
  for (std::size_t i = 0; i < count; ++i)
    rows.push_back({{"name", fmt::format("{}-{}", prefix, i)}});
  return rows;
}

std::int64_t number(Catalog& catalog, std::string_view sql) {
  std::int64_t found = -1;
  must(catalog.read([&](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows rows, connection.query(sql));
    found = integer(rows.rows.at(0).at(0));
    return {};
  }));
  return found;
}

// More than one transaction writes.
constexpr std::size_t kMany = kMostRowsAtOnce + 200;

RowsChange many_tags() {
  return must(RowsChange::compile({{"entity", "tags"}, {"action", "insert"}, {"rows", tags(kMany)}},
                                  kAsker, system_clock()));
}

}  // namespace

TEST_CASE("rows are inserted together, with one line in the audit trail", "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto lines = filled.count("audit");
  const auto made = must(filled.change("insert", "tags", {{"rows", tags(5)}}));
  REQUIRE(made.rows() == 5);
  const auto ids = made.column<std::int64_t>("id");
  CHECK(filled.names("tags", where("id", "=", ids.value(3))) == "tag-3");
  CHECK(filled.count("tags") == 5);
  CHECK(filled.count("audit") == lines + 1);
  CHECK(filled.catalog
            ->change({{"entity", "tags"}, {"action", "insert"}, {"rows", Json::array()}}, kAsker)
            .error()
            .code == Code::InvalidArgument);
}

TEST_CASE("of rows that are inserted together all are there or none", "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto rows = tags(5);
  rows[3]["name"] = "tag-1";
  const auto taken = filled.change("insert", "tags", {{"rows", rows}});
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().code == Code::Conflict);
  CHECK(taken.error().field == "name");
  CHECK(taken.error().message.starts_with("row 3"));
  rows[3]["name"] = 7;
  CHECK(filled.change("insert", "tags", {{"rows", rows}}).error().message.starts_with("row 3"));
  CHECK(filled.count("tags") == 0);
  const Json model{{"name", "m"}, {"user_id", 1}, {"project_id", 9}};
  const auto dangling = filled.change("insert", "models", {{"rows", Json::array({model})}});
  REQUIRE_FALSE(dangling.ok());
  CHECK(dangling.error().code == Code::NotFound);
  CHECK(dangling.error().field == "project_id");
}

TEST_CASE("more rows than one transaction writes are not seen until the last of them is there",
          "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto change = many_tags();
  int transactions = 0;
  must(change.make([&](Catalog::Write write) {
    CHECK(filled.count("tags") == 0);
    CHECK(filled.query("tags").rows() == 0);
    ++transactions;
    return filled.catalog->write_and_wait(std::move(write));
  }));
  constexpr auto kPieces = static_cast<int>((kMany + kRowsOfPiece - 1) / kRowsOfPiece);
  CHECK(transactions == kPieces + 1);  // the last one shows them
  CHECK(change.ids().size() == kMany);
  CHECK(filled.count("tags") == static_cast<std::int64_t>(kMany));
  CHECK(filled.names("tags", where("id", "=", change.ids().back())) ==
        fmt::format("tag-{}", kMany - 1));
  CHECK(number(*filled.catalog, "SELECT COUNT(*) FROM pending_changes") == 0);
  CHECK(filled.change("insert", "models", {{"rows", Json::array()}}).error().code ==
        Code::InvalidArgument);
  Json models = Json::array();
  for (std::size_t i = 0; i <= kMostSingleRowsAtOnce; ++i)
    models.push_back({{"user_id", 1}, {"project_id", 1}});
  const auto refused = filled.change("insert", "models", {{"rows", models}});
  CHECK(refused.error().code == Code::InvalidArgument);
  CHECK(refused.error().message.find("more than 50 rows of models at once; make several") !=
        std::string::npos);
  models.erase(0);
  CHECK(must(filled.change("insert", "models", {{"rows", models}})).rows() ==
        static_cast<std::int64_t>(kMostSingleRowsAtOnce));
}

TEST_CASE("few rows that are large are written in pieces as well", "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  Json rows = tags(3);
  for (Json& row : rows) row["description"] = std::string(kBytesOfPiece / 2 + 1, 'x');
  auto change = must(RowsChange::compile({{"entity", "tags"}, {"action", "insert"}, {"rows", rows}},
                                         kAsker, system_clock()));
  int transactions = 0;
  must(change.make([&](Catalog::Write write) {
    ++transactions;
    return filled.catalog->write_and_wait(std::move(write));
  }));
  CHECK(transactions == 3 + 1);
  CHECK(filled.names("tags") == "tag-0,tag-1,tag-2");
}

TEST_CASE("a change of many rows that fails on its way is taken back", "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  filled.insert("tags", {{"name", fmt::format("tag-{}", kMany - 1)}});
  const auto failed = filled.change("insert", "tags", {{"rows", tags(kMany)}});
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().code == Code::Conflict);
  CHECK(failed.error().message.starts_with(fmt::format("row {}", kMany - 1)));
  CHECK(number(*filled.catalog, "SELECT COUNT(*) FROM tags") == 1);
  CHECK(number(*filled.catalog, "SELECT COUNT(*) FROM pending_changes") == 0);
  CHECK(filled.change("insert", "tags", {{"rows", tags(kMany - 1)}}).ok());
}

TEST_CASE("what a process that died left of a change of many rows is not seen, and swept",
          "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto change = many_tags();
  int transactions = 0;
  CHECK_FALSE(change
                  .make([&](Catalog::Write write) -> Result<void> {
                    if (++transactions > 1) return Error{Code::Unavailable, "the process is dead"};
                    return filled.catalog->write_and_wait(std::move(write));
                  })
                  .ok());
  const auto left = number(*filled.catalog, "SELECT COUNT(*) FROM tags");
  CHECK(left == static_cast<std::int64_t>(kRowsOfPiece));
  CHECK(filled.count("tags") == 0);
  // Its rows are as good as not there: neither changed nor linked to, but their names are taken.
  const auto id = change.ids().front();
  CHECK(filled.change("update", "tags", {{"id", id}, {"set", {{"name", "x"}}}}).error().code ==
        Code::NotFound);
  filled.model("m");
  CHECK(filled.change("attach", "models", {{"id", 1}, {"column", "tags"}, {"value", id}})
            .error()
            .code == Code::NotFound);
  CHECK(filled.change("insert", "tags", {{"set", {{"name", "tag-0"}}}}).error().code ==
        Code::Conflict);
  ManualClock clock{system_clock().now()};
  {
    const auto soon = filled.place.open(clock);
    CHECK(number(*soon, "SELECT COUNT(*) FROM tags") == left);  // it may still be on its way
  }
  clock.advance(2h);
  const auto later = filled.place.open(clock);
  CHECK(number(*later, "SELECT COUNT(*) FROM tags") == 0);
  CHECK(number(*later, "SELECT COUNT(*) FROM pending_changes") == 0);
}

TEST_CASE("rows that meet conditions are updated together", "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  must(filled.change("insert", "tags", {{"rows", tags(4, "old")}}));
  must(filled.change("insert", "tags", {{"rows", tags(2, "new")}}));
  const auto changed = must(filled.change(
      "update", "tags",
      {{"where", where("name", "like", "old%")}, {"set", {{"description", "gone soon"}}}}));
  CHECK(changed.rows() == 4);
  CHECK(filled.count("tags", where("description", "=", "gone soon")) == 4);
  CHECK(
      must(filled.change("update", "tags",
                         {{"where", where("name", "=", "none")}, {"set", {{"description", "x"}}}}))
          .rows() == 0);
  // A second row with the name of the first is refused, and with it the whole.
  CHECK(filled
            .change("update", "tags",
                    {{"where", where("name", "like", "new%")}, {"set", {{"name", "one"}}}})
            .error()
            .code == Code::Conflict);
  CHECK(filled.count("tags", where("name", "=", "one")) == 0);
  for (const Json& bad :
       {Json{{"set", {{"name", "x"}}}, {"where", Json::array()}},
        Json{{"where", where("name", "=", "x")}},
        Json{
            {"where", where("name", "=", "x")}, {"set", {{"name", "x"}}}, {"rows", Json::array()}}})
    CHECK(filled.change("update", "tags", bad).error().code == Code::InvalidArgument);
}

TEST_CASE("rows that conditions find have one line in the audit trail", "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  must(filled.change("insert", "tags", {{"rows", tags(3, "old")}}));
  const Json condition = where("name", "like", "old%");
  must(filled.change("update", "tags",
                     {{"where", condition}, {"set", {{"description", "gone soon"}}}}));
  must(filled.change("delete", "tags", {{"where", condition}}));
  must(
      filled.change("delete", "tags", {{"where", condition}}));  // finds nothing, and tells nothing
  const Batch trail = filled.query("audit", where("entity", "=", "tags"));
  REQUIRE(trail.rows() == 3);
  const auto what = [&](std::int64_t line) {
    return Json::parse(trail.column<std::string_view>("what").value(line));
  };
  const Json found{{"where", condition}, {"rows", 3}, {"first", 1}, {"last", 3}};
  CHECK(what(1) == Json{{"before", found}, {"after", {{"description", "gone soon"}}}});
  CHECK(what(2) == Json{{"before", found}});
}

TEST_CASE("rows that are inserted together may give different columns", "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  Json rows = tags(3);
  rows[1]["description"] = "the only one";
  must(filled.change("insert", "tags", {{"rows", rows}}));
  CHECK(filled.count("tags", where("description", "is_null", true)) == 2);
  CHECK(filled.names("tags", where("description", "=", "the only one")) == "tag-1");
  const Json users{{{"login", "bob"}, {"password", "secret"}, {"full_name", "Bob"}},
                   {{"login", "EVE"}, {"is_admin", true}, {"password", "secret"}}};
  must(filled.change("insert", "users", {{"rows", users}}));
  CHECK(filled.count("users", where("is_admin", "=", false)) == 2);
  CHECK(filled.count("users", where("login", "contains", "eve")) == 1);
}

TEST_CASE("conditions find no more rows than one transaction writes", "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  must(filled.change("insert", "tags", {{"rows", tags(kMostRowsAtOnce + 1)}}));
  const Json all = where("id", ">=", 1), most = where("id", ">=", 2);
  const Json set{{"description", "counted"}};
  for (const auto& refused : {filled.change("update", "tags", {{"where", all}, {"set", set}}),
                              filled.change("delete", "tags", {{"where", all}})}) {
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::InvalidArgument);
    CHECK(refused.error().message.find("more than 10000 rows of tags at once; make several") !=
          std::string::npos);
  }
  CHECK(filled.count("tags", where("description", "=", "counted")) == 0);
  constexpr auto kMost = static_cast<std::int64_t>(kMostRowsAtOnce);
  CHECK(must(filled.change("update", "tags", {{"where", most}, {"set", set}})).rows() == kMost);
  CHECK(filled.count("tags", where("description", "=", "counted")) == kMost);
  CHECK(must(filled.change("delete", "tags", {{"where", most}})).rows() == kMost);
  CHECK(filled.names("tags") == "tag-0");
}

TEST_CASE("of rows that are deleted together none goes when others refer to one of them",
          "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  filled.insert("workspaces", {{"name", "Empty"}});
  const auto refused = filled.change("delete", "workspaces", {{"where", where("id", ">=", 1)}});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::Conflict);
  CHECK(refused.error().message.find("workspaces 1: it still has projects") != std::string::npos);
  CHECK(filled.count("workspaces") == 2);
  must(filled.change("delete", "workspaces", {{"where", where("name", "=", "Empty")}}));
  CHECK(filled.names("workspaces") == "Vision");
}

TEST_CASE("rows that meet conditions are deleted together, as far as their owner sees them",
          "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  filled.insert("users", {{"login", "bob"}, {"password", "secret"}});
  for (const auto* name : {"a1", "a2", "b1"}) filled.model(name);
  filled.insert("models", {{"name", "a3"}, {"user_id", 2}, {"project_id", 1}, {"private", true}});
  const auto condition = where("name", "like", "a%");
  const auto gone = must(
      filled.change("delete", "models", {{"where", condition}}, {.owner = "1", .name = "ada"}));
  CHECK(gone.rows() == 2);
  CHECK(gone.column<std::string_view>("name").value(1) == "a2");
  CHECK(filled.names("models") == "b1,a3");
}

TEST_CASE("a row goes with all that refers to it where that is asked, or stays",
          "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  filled.model("m1");
  filled.model("m2");
  CHECK(filled.change("delete", "workspaces", {{"id", 1}}).error().code == Code::Conflict);
  CHECK(filled.change("delete", "workspaces", {{"id", 1}, {"cascade", false}}).error().code ==
        Code::Conflict);
  must(filled.change("insert", "promotions",
                     {{"set", {{"action", "promote"}, {"model_id", 1}, {"stage", "production"}}}}));
  CHECK(filled.change("delete", "workspaces", {{"id", 1}, {"cascade", true}}).error().code ==
        Code::Conflict);
  CHECK(filled.count("models") == 2);  // one is in force, so nothing is gone
  must(filled.change("insert", "promotions",
                     {{"set",
                       {{"action", "retire"},
                        {"project_id", 1},
                        {"model_name", "m1"},
                        {"stage", "production"}}}}));
  const auto gone = must(filled.change("delete", "workspaces", {{"id", 1}, {"cascade", true}}));
  CHECK(gone.rows() == 1);
  for (const auto* entity : {"workspaces", "projects", "models"}) CHECK(filled.count(entity) == 0);
  CHECK(filled.count("users") == 1);
  CHECK(filled.change("delete", "workspaces", {{"id", 1}, {"cascade", true}}).error().code ==
        Code::NotFound);
}

TEST_CASE("a cascade takes no more rows than are written one by one", "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  Json projects = Json::array();
  for (std::size_t i = 1; i < kMostSingleRowsAtOnce; ++i)
    projects.push_back({{"name", "p"}, {"workspace_id", 1}});
  must(filled.change("insert", "projects", {{"rows", projects}}));
  const Json workspace{{"id", 1}, {"cascade", true}};
  const auto refused = filled.change("delete", "workspaces", workspace);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("more than 50 rows") != std::string::npos);
  CHECK(filled.count("projects") == static_cast<std::int64_t>(kMostSingleRowsAtOnce));
  must(filled.change("delete", "projects", {{"id", 1}}));
  must(filled.change("delete", "workspaces", workspace));
  CHECK(filled.count("projects") + filled.count("workspaces") == 0);
}

TEST_CASE("answers stand until their own revision is raised", "[catalog][rows]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  AnswerCache cache;
  const Question question{"SELECT COUNT(*) FROM users", {}};
  const auto ask = [&](std::string_view revision) {
    AnswerCache::Numbers numbers;
    must(filled.catalog->read([&](Connection& connection) -> Result<void> {
      MR_TRY(numbers, cache.ask(connection, revision, question));
      return {};
    }));
    return numbers;
  };
  const auto raise = [&](std::string_view revision) {
    must(filled.catalog->write_and_wait(
        [revision](Connection& connection) { return next_revision(connection, revision); }));
  };
  const auto registry = ask(kRegistry), frames = ask("frames");
  CHECK(registry != frames);
  raise("frames");  // the first change of all
  CHECK(ask(kRegistry) == registry);
  const auto later = ask("frames");
  CHECK(later != frames);
  raise("frames");
  CHECK(ask("frames") != later);
  CHECK(ask(kRegistry) == registry);
  filled.insert("users", {{"login", "bob"}, {"password", "secret"}});
  CHECK(ask(kRegistry) != registry);
  CHECK(ask(kRegistry)->at(0) == 2);
}
