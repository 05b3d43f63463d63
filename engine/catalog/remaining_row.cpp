#include "engine/catalog/remaining_row.hpp"

#include <string>

#include <fmt/format.h>

namespace millrace {

Result<void> with_one_remaining(Connection& connection, const Entity& entity,
                                const std::function<Result<void>()>& change) {
  const auto& remaining = entity.remaining;
  if (remaining.condition.empty()) return change();
  const auto is_one = [&]() -> Result<bool> {
    MR_TRY(const SqlRows found, connection.query(fmt::format("SELECT 1 FROM {} WHERE {} LIMIT 1",
                                                             entity.table, remaining.condition)));
    return !found.rows.empty();
  };
  MR_TRY(const bool was_one, is_one());
  MR_CHECK(change());
  if (!was_one) return {};
  MR_TRY(const bool is_still_one, is_one());
  if (is_still_one) return {};
  return Error{
      Code::Conflict, std::string{remaining.words}, {}, std::string{remaining.columns.front()}};
}

}  // namespace millrace
