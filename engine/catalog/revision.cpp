#include "engine/catalog/revision.hpp"

#include <string>

namespace millrace {

Result<std::int64_t> read_revision(Connection& connection, std::string_view name) {
  MR_TRY(const SqlRows found,
         connection.query("SELECT revision FROM catalog_revisions WHERE name = ?",
                          {std::string{name}}));
  return found.rows.empty() ? 0 : std::get<std::int64_t>(found.rows[0].at(0));
}

Result<void> next_revision(Connection& connection, std::string_view name) {
  MR_TRY(const auto changed,
         connection.execute("UPDATE catalog_revisions SET revision = revision + 1 WHERE name = ?",
                            {std::string{name}}));
  if (changed.rows > 0) return {};
  const auto made = connection.execute(
      "INSERT INTO catalog_revisions (name, revision) VALUES (?, 1)", {std::string{name}});
  if (made.ok() || made.error().code != Code::Conflict) {
    MR_CHECK(made);
    return {};
  }
  return Error{Code::Unavailable, "catalog: another engine makes the first change as well"};
}

Result<void> hold_revision(Connection& connection, SqlDialect dialect, std::string_view name) {
  if (dialect == SqlDialect::Sqlite) return {};  // its transactions come one after the other
  MR_CHECK(connection.query("SELECT revision FROM catalog_revisions WHERE name = ? FOR UPDATE",
                            {std::string{name}}));
  return {};
}

}  // namespace millrace
