#include "engine/catalog/revision.hpp"

namespace millrace {

Result<std::int64_t> read_revision(Connection& connection) {
  MR_TRY(const SqlRows found,
         connection.query("SELECT revision FROM catalog_revision WHERE id = 1"));
  if (found.rows.empty()) return Error{Code::Internal, "catalog: its revision is gone"};
  return std::get<std::int64_t>(found.rows[0].at(0));
}

Result<void> next_revision(Connection& connection) {
  MR_CHECK(connection.execute("UPDATE catalog_revision SET revision = revision + 1 WHERE id = 1"));
  return {};
}

}  // namespace millrace
