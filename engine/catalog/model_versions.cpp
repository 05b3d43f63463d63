#include "engine/catalog/model_versions.hpp"

#include <string>

#include "engine/catalog/promotions.hpp"

namespace millrace {

namespace {

// Changes come one after the other (revision.hpp), so nobody takes the number in between.
Result<std::int64_t> next_number(Connection& connection, const std::vector<SqlValue>& name) {
  MR_TRY(const auto counted,
         connection.execute(
             "UPDATE version_counters SET last = last + 1 WHERE project_id = ? AND name = ?", name));
  if (counted.rows == 0) {
    MR_CHECK(connection.execute(
        "INSERT INTO version_counters (project_id, name, last) VALUES (?, ?, 1)", name));
    return std::int64_t{1};
  }
  MR_TRY(const SqlRows found,
         connection.query("SELECT last FROM version_counters WHERE project_id = ? AND name = ?", name));
  return std::get<std::int64_t>(found.rows.at(0).at(0));
}

}  // namespace

Result<void> number_model(Connection& connection, std::int64_t model) {
  MR_TRY(const SqlRows found,
         connection.query("SELECT project_id, name FROM models WHERE id = ?", {model}));
  if (found.rows.empty()) return {};
  const auto& place = found.rows.front();  // project and name
  const auto* name = std::get_if<std::string>(&place[1]);
  const bool is_named = name != nullptr && !name->empty();
  MR_TRY(const SqlRows known,
         connection.query("SELECT project_id, name FROM model_versions WHERE model_id = ?", {model}));
  if (!known.rows.empty()) {
    if (is_named && known.rows.front() == place) return {};
    MR_CHECK(check_not_in_force(connection, model));
    MR_CHECK(connection.execute("DELETE FROM model_versions WHERE model_id = ?", {model}));
  }
  if (!is_named) return {};
  MR_TRY(const std::int64_t number, next_number(connection, place));
  MR_CHECK(connection.execute(
      "INSERT INTO model_versions (model_id, project_id, name, number) VALUES (?, ?, ?, ?)",
      {model, place[0], place[1], number}));
  return {};
}

}  // namespace millrace
