#include "engine/catalog/model_facets.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/engine_catalog/counting_connection.hpp"
#include "tests/engine_catalog/filled.hpp"

#include <fmt/format.h>

using namespace millrace;
using test::Filled;
using test::must;
using test::where;

namespace {

// Names of `count` members, and which of the three documents holds each. Neighbours differ in case
// or in a space at the end alone.
Json documents(int count, int shift = 0) {
  Json set{{"hyperparameters", Json::object()},
           {"parameters", Json::object()},
           {"metrics", Json::object()}};
  static constexpr std::array<const char*, 3> kDocuments{"metrics", "parameters",
                                                         "hyperparameters"};
  static constexpr std::array<const char*, 3> kNames{"loss {}", "LOSS {}", "loss {} "};
  for (int i = shift; i < shift + count; ++i) {
    const auto name = fmt::format(fmt::runtime(kNames[static_cast<std::size_t>(i % 3)]), i / 3);
    set[kDocuments[static_cast<std::size_t>(i % 7 % 3)]][name] =
        i % 5 == 0 ? Json("text") : Json(i + 0.5);
  }
  return set;
}

std::vector<std::string> lines(const std::vector<std::vector<SqlValue>>& rows) {
  std::vector<std::string> out;
  for (const auto& row : rows) {
    std::string line;
    for (const SqlValue& value : row) {
      if (const auto* number = std::get_if<std::int64_t>(&value)) line += std::to_string(*number);
      if (const auto* real = std::get_if<double>(&value)) line += fmt::format("{}", *real);
      if (const auto* text = std::get_if<std::string>(&value)) line += *text;
      line += "|";
    }
    out.push_back(std::move(line));
  }
  std::sort(out.begin(), out.end());
  return out;
}

// What the models say, one after the other.
struct Expected {
  std::map<std::tuple<std::int64_t, std::string, std::string, std::int64_t>, std::vector<SqlValue>>
      facets;  // uses, first model, first place, user
  std::vector<std::vector<SqlValue>> values;

  explicit Expected(Connection& connection) {
    const SqlRows models = must(
        connection.query("SELECT id, project_id, user_id, private, hyperparameters, parameters, "
                         "metrics FROM models ORDER BY id"));
    for (const auto& row : models.rows) {
      add(row, "user", std::to_string(integer(row[2])), 0, row[2]);
      static constexpr std::array<const char*, 3> kKinds{"hyperparameter", "parameter", "metric"};
      for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
        std::int64_t place = 0;
        const auto document = Json::parse(std::get<std::string>(row[4 + kind]));
        for (const auto& [name, value] : document.items()) {
          const SqlValue number =
              value.is_number() ? SqlValue{value.get<double>()} : SqlValue{nullptr};
          values.push_back({kKinds[kind], name, row[0], row[1], number, place});
          add(row, kKinds[kind], name, place++, nullptr);
        }
      }
    }
  }

  void add(const std::vector<SqlValue>& model, const std::string& kind, const std::string& name,
           std::int64_t place, const SqlValue& user) {
    const std::int64_t owner = integer(model[3]) != 0 ? integer(model[2]) : 0;
    auto& facet = facets[{integer(model[1]), kind, name, owner}];
    if (facet.empty()) facet = {std::int64_t{0}, model[0], place, user};
    facet[0] = integer(facet[0]) + 1;
  }

  [[nodiscard]] std::vector<std::string> facet_lines() const {
    std::vector<std::vector<SqlValue>> rows;
    for (const auto& [key, facet] : facets) {
      const auto& [project, kind, name, owner] = key;
      rows.push_back({project, kind, name, owner, facet[0], facet[1], facet[2], facet[3]});
    }
    return lines(rows);
  }
};

class Models {
 public:
  explicit Models(SqlDialect kind) : rows_{kind}, connection_{rows_.place.connect()} {
    rows_.insert("projects", {{"name", "Other"}, {"workspace_id", 1}});
    rows_.insert("users", {{"login", "bob"}, {"password", "secret"}});
  }

  std::int64_t insert(Json set, std::int64_t user = 1, std::int64_t project = 1) {
    set["name"] = "model";
    set["user_id"] = user;
    set["project_id"] = project;
    const auto id = rows_.insert("models", set);
    check();
    return id;
  }
  void update(std::int64_t id, const Json& set) { change("update", {{"id", id}, {"set", set}}); }
  void change(std::string_view action, const Json& more) {
    must(rows_.change(action, "models", more));
    check();
  }

  void check() {
    const Expected expected{*connection_};
    CHECK(lines(must(connection_->query("SELECT project_id, kind, name, owner, uses, first_model, "
                                        "first_place, user_id FROM project_facets"))
                    .rows) == expected.facet_lines());
    CHECK(
        lines(must(connection_->query(
                       "SELECT kind, name, model_id, project_id, number, place FROM model_values"))
                  .rows) == lines(expected.values));
  }

 private:
  Filled rows_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace

TEST_CASE("facets of models of any size are what the models say", "[catalog][models][facets]") {
  Models models{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  std::vector<std::int64_t> ids;
  for (const int count : {0, 1, 65, 200}) {
    CAPTURE(count);
    for (const std::int64_t user : {1, 2}) ids.push_back(models.insert(documents(count), user));
    ids.push_back(models.insert(documents(count, 30)));
  }
  for (const auto id : ids) {
    CAPTURE(id);
    models.update(id, {{"name", "renamed"}});
    models.update(id, {{"project_id", 2}});
    models.update(id, {{"private", true}});
    models.update(id, {{"project_id", 1}});
    models.update(id, {{"user_id", 2}});
    models.update(id, {{"git_branch", "main"}, {"tags", {"x"}}});
    if (id % 2 == 0) models.update(id, {{"private", false}});
  }
  models.update(ids.front(), documents(200));
  models.update(ids.back(), documents(64, 150));
  models.change("update", {{"where", where("id", ">", 1)}, {"set", {{"private", true}}}});
  for (const auto id : ids) {
    CAPTURE(id);
    models.change("delete", {{"id", id}});
  }
}

TEST_CASE("statements for the facets of a model are few, however many members it has",
          "[catalog][models][facets]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto inner = rows.place.connect();
  test::CountingConnection connection{*inner};
  const auto asked = [&](Result<void> (*call)(Connection&, std::int64_t), std::int64_t model) {
    connection.asked = 0;
    must(call(connection, model));
    return connection.asked;
  };
  struct Case {
    int members;
    int as_first, known, last, fresh;  // statements
  };
  // Of 200 members and the user four times 64 are written.
  for (const Case& each :
       {Case{1, 6, 3, 4, 4}, Case{5, 6, 3, 4, 4}, Case{63, 6, 3, 4, 4}, Case{200, 15, 9, 10, 13}}) {
    CAPTURE(each.members);
    const Json set = documents(each.members);
    const auto first = rows.model("first", set["metrics"], set);
    const auto second = rows.model("second", set["metrics"], set);
    must(connection.begin());
    CHECK(asked(forget_model_facets, first) == each.as_first);
    CHECK(asked(forget_model_facets, second) == each.last);
    CHECK(asked(derive_model_facets, second) == each.fresh);
    CHECK(asked(derive_model_facets, first) == each.known);
    must(connection.rollback());
    for (const auto id : {first, second}) must(rows.change("delete", "models", {{"id", id}}));
  }
}

TEST_CASE("facets follow any walk through changes", "[catalog][models][facets]") {
  Models models{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  std::mt19937 random{7};
  const auto below = [&random](unsigned bound) { return static_cast<int>(random() % bound); };
  std::vector<std::int64_t> ids;
  for (int step = 0; step < 80; ++step) {
    CAPTURE(step);
    const auto some = [&] {
      return ids[static_cast<std::size_t>(below(static_cast<unsigned>(ids.size())))];
    };
    const int what = ids.size() < 6 ? 0 : below(6);
    if (what == 0) ids.push_back(models.insert(documents(below(70), below(20)), 1 + below(2)));
    if (what == 1) models.update(some(), documents(below(70), below(20)));
    if (what == 2) models.update(some(), {{"project_id", 1 + below(2)}});
    if (what == 3) models.update(some(), {{"private", below(2) == 0}});
    if (what == 4) models.update(some(), {{"user_id", 1 + below(2)}});
    if (what == 5) {
      const auto id = some();
      models.change("delete", {{"id", id}});
      ids.erase(std::find(ids.begin(), ids.end(), id));
    }
  }
}
