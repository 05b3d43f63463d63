#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engine/catalog/catalog.hpp"
#include "tests/fixtures/catalog_place.hpp"

namespace millrace::test {

inline const Asker kAsker{.owner = {}, .name = "test"};

/// A catalog with a user, a workspace and a project, each with the id 1.
struct Filled {
  explicit Filled(SqlDialect kind) : place{kind}, catalog{place.open()} {
    insert("users", {{"login", "ada"}, {"password", "secret"}});
    insert("workspaces", {{"name", "Vision"}});
    insert("projects", {{"name", "Digits"}, {"workspace_id", 1}});
  }

  Result<Batch> change(std::string_view action, std::string_view entity, Json more = Json::object(),
                       const Asker& asker = kAsker) {
    more["entity"] = entity;
    more["action"] = action;
    return catalog->change(more, asker);
  }
  std::int64_t insert(std::string_view entity, const Json& set) {
    return must(change("insert", entity, {{"set", set}})).column<std::int64_t>("id").value(0);
  }
  std::int64_t model(std::string name, const Json& metrics = Json::object(),
                     Json more = Json::object()) {
    more["name"] = std::move(name);
    more["metrics"] = metrics;
    more["user_id"] = 1;
    more["project_id"] = more.value("project_id", 1);
    return insert("models", more);
  }
  Batch query(std::string_view entity, const Json& where = Json::array(),
              std::string_view owner = {}) {
    return must(catalog->query({{"entity", entity}, {"where", where}}, owner));
  }
  std::string names(std::string_view entity, const Json& where = Json::array(),
                    std::string_view owner = {}) {
    const Batch rows = query(entity, where, owner);
    const auto column = rows.column<std::string_view>("name");
    std::string out;
    for (std::int64_t row = 0; row < rows.rows(); ++row)
      out += std::string{out.empty() ? "" : ","} + std::string{column.value(row)};
    return out;
  }
  std::int64_t count(std::string_view entity, const Json& where = Json::array()) {
    return must(catalog->query({{"entity", entity}, {"where", where}, {"count", true}}))
        .column<std::int64_t>("count")
        .value(0);
  }

  CatalogPlace place;
  std::unique_ptr<Catalog> catalog;
};

/// A list of one condition.
inline Json where(std::string_view column, std::string_view op, Json value) {
  return Json::array({Json{{"column", column}, {"op", op}, {"value", std::move(value)}}});
}

}  // namespace millrace::test
