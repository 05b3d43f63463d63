#include "engine/catalog/model_versions.hpp"

#include <string>

#include "engine/catalog/promotions.hpp"

namespace millrace {

namespace {

// Changes come one after the other (revision.hpp), so nobody takes the number in between.
Result<void> count_version(Connection& connection, const std::vector<SqlValue>& name) {
  MR_TRY(
      const auto counted,
      connection.execute(
          "UPDATE version_counters SET last = last + 1 WHERE project_id = ? AND name = ?", name));
  if (counted.rows > 0) return {};
  MR_CHECK(connection.execute(
      "INSERT INTO version_counters (project_id, name, last) VALUES (?, ?, 1)", name));
  return {};
}

}  // namespace

Result<void> number_model(Connection& connection, std::int64_t model) {
  MR_TRY(const SqlRows found,
         connection.query("SELECT models.project_id, models.name, model_versions.project_id, "
                          "model_versions.name FROM models LEFT JOIN model_versions ON "
                          "model_versions.model_id = models.id WHERE models.id = ?",
                          {model}));
  if (found.rows.empty()) return {};
  const auto& row = found.rows.front();
  const std::vector<SqlValue> place{row[0], row[1]}, known{row[2], row[3]};  // project and name
  const auto* name = std::get_if<std::string>(&place[1]);
  const bool is_named = name != nullptr && !name->empty();
  if (!std::holds_alternative<std::nullptr_t>(known[0])) {
    if (is_named && known == place) return {};
    MR_CHECK(check_not_in_force(connection, model));
    MR_CHECK(connection.execute("DELETE FROM model_versions WHERE model_id = ?", {model}));
  }
  if (!is_named) return {};
  MR_CHECK(count_version(connection, place));
  MR_CHECK(connection.execute(
      "INSERT INTO model_versions (model_id, project_id, name, number) SELECT ?, project_id, name, "
      "last FROM version_counters WHERE project_id = ? AND name = ?",
      {model, place[0], place[1]}));
  return {};
}

}  // namespace millrace
