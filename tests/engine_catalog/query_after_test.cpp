#include "engine/catalog/query_after.hpp"

#include <set>

#include <catch2/catch.hpp>

#include "filled.hpp"

using namespace millrace;
using test::CatalogPlace;
using test::Filled;
using test::must;

namespace {

using Ids = std::vector<std::int64_t>;

// All ids that a query finds, page by page; `between` is done in front of the second page.
Ids walk(Catalog& catalog, Json query, const std::function<void()>& between = {}) {
  query["after"] = Json::array();
  Ids found;
  for (int pages = 1; pages < 1'000; ++pages) {
    const Batch page = must(catalog.query(query));
    const auto ids = page.column<std::int64_t>("id");
    const auto next = page.column<std::string_view>(kAfterColumn);
    for (std::int64_t row = 0; row < page.rows(); ++row) {
      found.push_back(ids.value(row));
      CHECK((row + 1 == page.rows() || !next[row]));
    }
    if (page.empty() || !next[page.rows() - 1]) return found;
    query["after"] = Json::parse(*next[page.rows() - 1]);
    if (pages == 1 && between) between();
  }
  throw std::runtime_error{"the pages do not end"};
}

// The same by one question.
Ids all(Catalog& catalog, Json query) {
  query["limit"] = 1'000'000;
  const Batch rows = must(catalog.query(query));
  const auto ids = rows.column<std::int64_t>("id");
  Ids found;
  for (std::int64_t row = 0; row < rows.rows(); ++row) found.push_back(ids.value(row));
  return found;
}

}  // namespace

TEST_CASE("pages make up what one question answers, in whatever order", "[catalog][query][after]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  Filled filled{kind};
  // Values that are alike, and that are not there.
  const Json datasets{nullptr, "", "b", "B", "a", "\u00e9"};
  for (int i = 0; i < 23; ++i) {
    Json more = Json::object();
    if (const auto& name = datasets[static_cast<std::size_t>(i) % datasets.size()]; !name.is_null())
      more["dataset_name"] = name;
    more["private"] = i % 3 == 0;
    filled.model("model" + std::to_string(i % 5), {{"acc", i}}, more);
  }
  const auto order =
      GENERATE(Json::array(), Json{"-id"}, Json{"dataset_name"}, Json{"-dataset_name"},
               (Json{"dataset_name", "-private"}), (Json{"-private", "dataset_name", "-name"}),
               (Json{"-created", "name"}));
  INFO(order.dump());
  Json query{{"entity", "models"}, {"columns", {"id", "name"}}, {"limit", 4}};
  if (!order.empty()) query["order"] = order;
  CHECK(walk(*filled.catalog, query) == all(*filled.catalog, query));
  CHECK(walk(*filled.catalog, query).size() == 23);
  query["where"] = Json::array({Json{{"column", "metrics"},
                                     {"op", "has"},
                                     {"value", {{"name", "acc"}, {"op", ">"}, {"value", 6}}}},
                                Json{{"column", "private"}, {"op", "="}, {"value", false}}});
  CHECK(walk(*filled.catalog, query) == all(*filled.catalog, query));
  CHECK_FALSE(walk(*filled.catalog, query).empty());
}

TEST_CASE("rows that come and go between two pages move no other row", "[catalog][query][after]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  Filled filled{kind};
  for (int i = 0; i < 12; ++i)
    filled.insert("tags", {{"name", std::string(1, static_cast<char>('b' + 2 * i))}});
  const auto names = [&](const std::function<void()>& between) {
    return walk(*filled.catalog,
                {{"entity", "tags"}, {"columns", {"id"}}, {"order", {"name"}}, {"limit", 5}},
                between);
  };
  const auto found = names([&] {
    REQUIRE(filled.change("delete", "tags", {{"id", 2}}).ok());  // of the first page
    filled.insert("tags", {{"name", "a"}});                      // in front of all
    filled.insert("tags", {{"name", "m"}});                      // 13 is a, 14 is still to come
  });
  CHECK(found == Ids{1, 2, 3, 4, 5, 6, 14, 7, 8, 9, 10, 11, 12});
}

TEST_CASE("a page is bounded in bytes, but for one row", "[catalog][query][after]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  Filled filled{kind};
  const Json text(std::string(3u << 20, 'x'));
  for (int i = 0; i < 6; ++i)
    filled.model("m", Json::object(),
                 {{"parameters", {{"long", i % 2 == 0 ? text : Json("short")}}}});
  Json query{{"entity", "models"}, {"after", Json::array()}};
  const Batch first = must(filled.catalog->query(query));
  CHECK(first.rows() == 4);  // the fifth would be the third long one
  CHECK(walk(*filled.catalog, {{"entity", "models"}}) == Ids{1, 2, 3, 4, 5, 6});
  query["columns"] = {"id"};
  CHECK(must(filled.catalog->query(query)).rows() == 6);
}

TEST_CASE("an order by texts that the database sorts by their beginning has no pages",
          "[catalog][query][after]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  Filled filled{kind};
  for (int i = 0; i < 3; ++i)
    filled.insert("tags",
                  {{"name", "t" + std::to_string(i)}, {"description", std::string(2'000, 'x')}});
  const auto page = filled.catalog->query(
      {{"entity", "tags"}, {"order", {"description"}}, {"limit", 2}, {"after", Json::array()}});
  if (kind == SqlDialect::Sqlite) {
    CHECK(page.ok());
    return;
  }
  REQUIRE_FALSE(page.ok());
  CHECK(page.error().code == Code::InvalidArgument);
  CHECK(page.error().message.find("description") != std::string::npos);
}

TEST_CASE("what cannot be gone on from is refused", "[catalog][query][after]") {
  const auto refused = [](const char* text) {
    INFO(text);
    auto compiled = compile_query(Json::parse(text), {});
    REQUIRE_FALSE(compiled.ok());
    CHECK(compiled.error().code == Code::InvalidArgument);
    CHECK(compiled.error().message.find("after") != std::string::npos);
  };
  refused(R"({"entity": "jobs", "after": 7})");
  refused(R"({"entity": "jobs", "after": [1, 2]})");
  refused(R"({"entity": "jobs", "after": [[1]]})");
  refused(R"({"entity": "jobs", "order": ["name"], "after": ["a"]})");
  refused(R"({"entity": "jobs", "count": true, "after": []})");
  refused(
      R"({"entity": "users", "after": [], "where": [{"column": "password", "op": "verify", "value": "x"}]})");
}
