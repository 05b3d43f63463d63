#include <algorithm>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/catalog/fold.hpp"
#include "tests/engine_catalog/filled.hpp"

using namespace millrace;
using test::CatalogPlace;
using test::Filled;
using test::kAsker;
using test::must;
using test::where;

namespace {

Json containing(Json text) { return where("name", "contains", std::move(text)); }

}  // namespace

TEST_CASE("models are found by any part of their names", "[catalog][search]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const std::string repeated(60, 'a');
  for (const std::string& name :
       {std::string{"ResNet 50"}, std::string{"100%_done"}, std::string{"Größe XL"}, repeated,
        std::string{"a tail of \xF4\x8F\xBF\xBF"}, std::string{" "}})
    rows.model(name);
  rows.insert("models", {{"user_id", 1}, {"project_id", 1}});  // without a name
  const auto found = [&](Json text) { return rows.names("models", containing(std::move(text))); };
  CHECK(found("resnet") == "ResNet 50");
  CHECK(found("net 5") == "ResNet 50");
  CHECK(found("0") == "ResNet 50,100%_done");
  CHECK(found("%_") == "100%_done");
  CHECK(found("GRÖSSE") == "Größe XL");
  CHECK(found("\xF4\x8F\xBF\xBF") == "a tail of \xF4\x8F\xBF\xBF");
  CHECK(found(std::string(40, 'A')) == repeated);
  CHECK(found(std::string(61, 'a')).empty());
  CHECK(found(Json{"net", "done"}) == "ResNet 50,100%_done");
  CHECK(rows.count("models", containing("a")) == 2);
  CHECK(rows.count("models", containing("")) == 7);
  CHECK_FALSE(rows.catalog->query({{"entity", "models"}, {"where", containing("\xC3")}}).ok());
}

TEST_CASE("a search follows the names that models get and lose", "[catalog][search]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto id = rows.model("first");
  rows.model("second");
  must(rows.change("update", "models", {{"id", id}, {"set", {{"name", "third"}}}}));
  CHECK(rows.names("models", containing("first")).empty());
  CHECK(rows.names("models", containing("hir")) == "third");
  must(rows.change("update", "models", {{"id", id}, {"set", {{"private", true}}}}));
  CHECK(rows.names("models", containing("hir")) == "third");
  must(rows.change("delete", "models", {{"id", id}}));
  CHECK(rows.count("models", containing("hir")) == 0);
  CHECK(rows.count("models", containing("econ")) == 1);
}

TEST_CASE("a search finds what looking at each name finds", "[catalog][search]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  std::mt19937 random{7};
  const std::vector<std::string> letters{
      "a", "b", "A", " ", "é", "ß", "\xED\x9F\xBF", "\xEE\x80\x80", "日", "\x7F", "~", "😀"};
  const auto word = [&](std::size_t longest) {
    std::string text;
    for (auto left = random() % longest + 1; left > 0; --left)
      text += letters[random() % letters.size()];
    return text;
  };
  std::vector<std::string> names;
  for (int i = 0; i < 60; ++i) rows.model(names.emplace_back(word(50)));
  for (int i = 0; i < 120; ++i) {
    const auto text = i % 3 == 0 ? names[random() % names.size()] : word(3);
    const auto folded = fold_case(text);
    const auto wanted = std::count_if(names.begin(), names.end(), [&](const auto& name) {
      return fold_case(name).find(folded) != std::string::npos;
    });
    INFO("text: " << text);
    CHECK(rows.count("models", containing(text)) == wanted);
  }
}

TEST_CASE("models from before the index of names are in it", "[catalog][search]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.model("Überlänge " + std::string(80, 'x'));
  rows.model("a a a");
  const auto indexed = [&] {
    std::vector<std::vector<SqlValue>> found;
    must(rows.catalog->read([&](Connection& connection) -> Result<void> {
      MR_TRY(const auto read,
             connection.query(
                 "SELECT suffix, model_id FROM model_suffixes ORDER BY suffix, model_id"));
      found = read.rows;
      return {};
    }));
    return found;
  };
  const auto written = indexed();
  must(rows.catalog->write_and_wait([](Connection& connection) -> Result<void> {
    MR_CHECK(connection.run("DROP TABLE model_suffixes"));
    return connection.run("DELETE FROM schema_migrations WHERE part = 'models' AND version = 2");
  }));
  rows.catalog = rows.place.open();
  CHECK(indexed() == written);
  CHECK(rows.names("models", containing("a A")) == "a a a");
}

TEST_CASE("a count that was kept is counted anew after any engine's change", "[catalog][search]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto other = rows.place.open();
  const auto tagged = where("tags", "has", "prod");
  CHECK(rows.count("models") == 0);
  CHECK(rows.count("models", tagged) == 0);
  const auto insert = [&](const Json& set) {
    return must(other->change({{"entity", "models"}, {"action", "insert"}, {"set", set}}, kAsker));
  };
  insert({{"name", "a"}, {"user_id", 1}, {"project_id", 1}});
  CHECK(rows.count("models") == 1);
  insert({{"name", "b"}, {"user_id", 1}, {"project_id", 1}, {"tags", {"prod"}}});
  CHECK(rows.count("models") == 2);
  CHECK(rows.count("models", tagged) == 1);
}

TEST_CASE("pages are the same whether their rows are looked for or known", "[catalog][search]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  for (int i = 0; i < 30; ++i)
    rows.model("model " + std::to_string(i), {{i % 2 == 0 ? "even" : "odd", i}},
               {{"private", i == 4}});
  Json both = where("metrics", "has", "even");
  both.push_back(containing("EL 2")[0]);
  Json two = where("metrics", "has", "even");
  two.push_back(where("metrics", "has", {{"name", "even"}, {"op", ">"}, {"value", 6}})[0]);
  two.push_back(where("project_id", "in", {1, 2})[0]);
  for (const Json& conditions : {Json::array(), where("metrics", "has", "even"), containing("l 1"),
                                 containing(Json{"7", "8"}), both, two}) {
    for (const Json& order :
         {Json::array(), Json{"-id"}, Json{"-name"}, Json{"private", "-id"}, Json{"user_login"}}) {
      for (const int offset : {0, 2, 7, 500}) {
        const Json query{{"entity", "models"},
                         {"where", conditions},
                         {"order", order},
                         {"limit", 4},
                         {"offset", offset}};
        INFO(query.dump());
        const auto ids = [&](std::string_view owner) {
          const Batch page = must(rows.catalog->query(query, owner));
          std::vector<std::int64_t> found;
          for (std::int64_t row = 0; row < page.rows(); ++row)
            found.push_back(page.column<std::int64_t>("id").value(row));
          return found;
        };
        for (const char* owner : {"", "1", "2"}) {
          const auto looked_for = ids(owner);
          CHECK(ids(owner) == looked_for);  // the first one noted the question
          CHECK(ids(owner) == looked_for);
        }
      }
    }
  }
}

TEST_CASE("a late page is the same when it is asked for again", "[catalog][search]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  must(rows.catalog->write_and_wait([](Connection& connection) {
    return connection.run(
        "INSERT INTO workspaces (name, name_folded, created_us, updated_us) WITH RECURSIVE n (i) "
        "AS "
        "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700) SELECT REPLACE('wx', 'x', i), 'w', "
        "i, i FROM n");
  }));
  using Wanted = std::pair<const char*, const char*>;
  for (const auto& [order, wanted] :
       {Wanted{"id", "w600"}, {"-id", "w100"}, {"-created", "w101"}}) {
    const Json query{
        {"entity", "workspaces"}, {"order", Json::array({order})}, {"limit", 3}, {"offset", 600}};
    const auto page = [&] {
      const Batch found = must(rows.catalog->query(query));
      REQUIRE(found.rows() == 3);
      return std::string{found.column<std::string_view>("name").value(0)};
    };
    const auto first = page();
    CHECK(first == wanted);
    CHECK(page() == first);
    CHECK(page() == first);
  }
}

TEST_CASE("a page of known rows leaves out what was hidden meanwhile", "[catalog][search]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.model("xa");
  const auto id = rows.model("xb");
  for (int i = 0; i < 3; ++i) CHECK(rows.names("models", containing("x"), "2") == "xa,xb");
  // Behind the revision's back: as a reader sees it that read the revision before the change.
  must(rows.catalog->write_and_wait([id](Connection& connection) -> Result<void> {
    MR_CHECK(connection.execute("UPDATE models SET private = 1 WHERE id = ?", {id}));
    return {};
  }));
  CHECK(rows.names("models", containing("x"), "2") == "xa");
}

TEST_CASE("two engines that make the same tag at once share it", "[catalog][search]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto other = rows.place.open();
  constexpr int kModels = 40;
  const auto add = [](Catalog& catalog) {
    for (int i = 0; i < kModels; ++i) {
      const Json set{{"name", "m"},
                     {"user_id", 1},
                     {"project_id", 1},
                     {"metrics", {{"acc", 1}}},
                     {"tags", {"t" + std::to_string(i)}}};
      must(catalog.change({{"entity", "models"}, {"action", "insert"}, {"set", set}}, kAsker));
    }
  };
  std::exception_ptr failed;
  std::thread there{[&] {
    try {
      add(*other);
    } catch (...) {
      failed = std::current_exception();
    }
  }};
  add(*rows.catalog);
  there.join();
  if (failed) std::rethrow_exception(failed);
  CHECK(rows.count("tags") == kModels);
  CHECK(rows.count("models", where("tags", "has", "t0")) == 2);
  const Batch facet = rows.query("project_facets", where("name", "=", "acc"));
  REQUIRE(facet.rows() == 1);
  CHECK(facet.column<std::int64_t>("uses").value(0) == 2 * kModels);
}
