#include "engine/catalog/related_cache.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/engine_catalog/counting_connection.hpp"
#include "tests/engine_catalog/filled.hpp"

using namespace millrace;
using test::CountingConnection;
using test::Filled;
using test::kAsker;
using test::must;
using test::where;

namespace {

std::string names_in(const Batch& items) {
  const auto names = items.column<std::string_view>("name");
  std::string out;
  for (std::int64_t row = 0; row < items.rows(); ++row)
    out += std::string{row == 0 ? "" : ","} + std::string{names.value(row)};
  return out;
}

std::string tags_of(Catalog& catalog, std::int64_t model) {
  const Batch rows =
      must(catalog.query({{"entity", "models"}, {"where", where("id", "=", model)}, {"limit", 1}}));
  return names_in(rows.child("tags"));
}

struct Tagged : Filled {
  explicit Tagged(SqlDialect kind) : Filled{kind} {
    for (const char* name : {"a", "b", "c"}) insert("tags", {{"name", name}});
    model("one", Json::object(), {{"tags", {"a", "b"}}});
    model("two", Json::object(), {{"tags", {"c"}}});
    model("three");
  }
  const RelatedRows& tags = [] {
    for (const auto& each : find_entity("models")->columns)
      if (each.name == "tags") return std::cref(each.related);
    throw std::logic_error{"models have no tags"};
  }();
};

}  // namespace

TEST_CASE("rows that belong to others are asked once for a revision", "[catalog][related]") {
  Tagged rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  RelatedCache cache;
  const auto connection = rows.place.connect();
  CountingConnection counting{*connection};
  const auto ask = [&](std::int64_t id, std::int64_t revision, std::string_view owner = {}) {
    const auto found = must(cache.ask(counting, rows.tags, {id}, owner, revision));
    CHECK(found.lengths == std::vector{found.items.rows()});
    return names_in(found.items);
  };
  CHECK(ask(1, 5) == "a,b");
  CHECK(ask(1, 5) == "a,b");
  CHECK(counting.asked == 1);
  CHECK(ask(2, 5) == "c");
  CHECK(ask(3, 5).empty());
  CHECK(ask(3, 5).empty());
  CHECK(ask(2, 5) == "c");
  CHECK(counting.asked == 3);
  CHECK(ask(1, 5, "7") == "a,b");
  CHECK(ask(1, 6) == "a,b");
  CHECK(counting.asked == 5);
  // One that is late does not push out what is newer.
  CHECK(ask(1, 5) == "a,b");
  CHECK(ask(1, 6) == "a,b");
  CHECK(counting.asked == 6);
}

TEST_CASE("of many rows only what is not known is asked, at once", "[catalog][related]") {
  Tagged rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  RelatedCache cache;
  const auto connection = rows.place.connect();
  CountingConnection counting{*connection};
  const auto check = [&](const std::vector<std::int64_t>& ids,
                         const std::vector<std::int64_t>& lengths, const std::string& names,
                         int asked, std::int64_t revision = 5) {
    const auto found = must(cache.ask(counting, rows.tags, ids, {}, revision));
    CHECK(found.lengths == lengths);
    CHECK(names_in(found.items) == names);
    CHECK(counting.asked == asked);
  };
  check({1, 3}, {2, 0}, "a,b", 1);
  check({3, 1}, {0, 2}, "a,b", 1);
  check({3}, {0}, "", 1);
  check({1, 2, 3}, {2, 1, 0}, "a,b,c", 2);
  check({2, 9, 1}, {1, 0, 2}, "c,a,b", 3);
  check({9, 3}, {0, 0}, "", 3);
  check({1, 2, 3, 9}, {2, 1, 0, 0}, "a,b,c", 4, 6);
}

TEST_CASE("what belongs to a row is seen as it is, whichever engine changed it",
          "[catalog][related]") {
  Tagged rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto other = rows.place.open();
  const auto check_both = [&](std::int64_t model, const std::string& wanted) {
    CHECK(tags_of(*rows.catalog, model) == wanted);
    CHECK(tags_of(*other, model) == wanted);
  };
  check_both(1, "a,b");
  must(other->change(
      {{"entity", "models"}, {"action", "update"}, {"id", 1}, {"set", {{"tags", {"c"}}}}}, kAsker));
  check_both(1, "c");
  must(rows.change("update", "tags", {{"id", 3}, {"set", {{"name", "d"}}}}));
  check_both(1, "d");
  check_both(2, "d");
  must(other->change({{"entity", "models"},
                      {"action", "update"},
                      {"where", where("id", "<", 3)},
                      {"set", {{"tags", Json::array()}}}},
                     kAsker));
  check_both(1, "");
  check_both(2, "");
}

TEST_CASE("what is private belongs to a row for its owner alone", "[catalog][related]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto facets = [&](std::string_view owner) {
    const Batch found = must(rows.catalog->query(
        {{"entity", "projects"}, {"where", where("id", "=", 1)}, {"limit", 1}}, owner));
    return names_in(found.child("facets"));
  };
  rows.model("open", {{"loss", 1}});
  const auto open = facets("2");
  rows.model("hidden", {{"secret", 1}}, {{"private", true}});
  for (int round = 0; round < 2; ++round) {
    CHECK(facets("2") == open);
    CHECK(facets("1").find("secret") != std::string::npos);
    CHECK(facets({}).find("secret") != std::string::npos);
  }
}

TEST_CASE("rows that belong to others are kept up to so many bytes, and the oldest goes",
          "[catalog][related][limits]") {
  Tagged rows{SqlDialect::Sqlite};
  RelatedCache cache{5'000};
  const auto connection = rows.place.connect();
  CountingConnection counting{*connection};
  const auto ask = [&](std::int64_t id) {
    must(cache.ask(counting, rows.tags, {id}, {}, 1));
    return counting.asked;
  };
  CHECK(ask(1) == 1);
  CHECK(ask(2) == 2);
  CHECK(ask(1) == 2);
  CHECK(ask(3) == 3);
  CHECK(ask(1) == 3);
  CHECK(ask(2) == 4);
}
