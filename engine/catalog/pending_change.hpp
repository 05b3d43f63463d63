#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "engine/catalog/database.hpp"
#include "engine/catalog/part.hpp"

namespace millrace {

struct Asker;

// Changes of more rows than one transaction may write. Their rows are written in pieces, each with
// the change's id, and are not seen while the change has its row in pending_changes; removing that
// row shows all of them at once. Everything here runs within a transaction, but for the sweep.

/// Rows of an entity that are written and not seen.
struct UnseenRows {
  std::int64_t change = 0;  // in pending_changes; 0: none
  std::int64_t first = 0;   // of their ids, which follow each other
  std::size_t count = 0;
};

/// Returns the SQL condition of rows that are seen, "NOT EXISTS (...)"; empty where all are.
std::string seen_condition(const Entity& entity);

/// `job`: to which it belongs; 0: to nobody, so that it is swept when it is not renewed.
Result<std::int64_t> begin_pending(Connection& connection, const Entity& entity, std::int64_t job,
                                   std::int64_t now_us);
/// Says that the change goes on; Conflict: it has been swept away.
Result<void> renew_pending(Connection& connection, std::int64_t change, std::int64_t now_us);
/// Shows the rows of some changes; those whose ids follow each other have one line in the audit
/// trail. Conflict as above.
Result<void> show_unseen(Connection& connection, const Entity& entity,
                         std::span<const UnseenRows> changes, const Asker& asker,
                         std::int64_t now_us);
/// Removes some of its rows, or the change when none is left: false.
Result<bool> take_back_pending(Connection& connection, const Entity& entity, std::int64_t change);

/// Removes what changes left that were not renewed for an hour, since their process has ended, and
/// those of jobs that have ended.
Result<void> sweep_pending(Connection& connection, std::int64_t now_us);

}  // namespace millrace
