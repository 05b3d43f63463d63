#include "engine/catalog/pending_change.hpp"

#include <vector>

#include "engine/catalog/change_limits.hpp"
#include "engine/catalog/ended_jobs.hpp"
#include "engine/catalog/revision.hpp"
#include "engine/catalog/row_change.hpp"
#include "engine/catalog/sql_spelling.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::int64_t kLifeUs = 3'600'000'000;  // of one that is not renewed

Error swept() {
  return {Code::Conflict, "catalog change: it took so long that it was swept away; make it again"};
}

}  // namespace

std::string seen_condition(const Entity& entity) {
  if (entity.pending.empty()) return {};
  return fmt::format("NOT EXISTS (SELECT 1 FROM pending_changes WHERE pending_changes.id = {}.{})",
                     entity.table, entity.pending);
}

Result<std::int64_t> begin_pending(Connection& connection, const Entity& entity, std::int64_t job,
                                   std::int64_t now_us) {
  return connection.insert(
      "INSERT INTO pending_changes (entity, job_id, renewed_us) VALUES (?, ?, ?)",
      {std::string{entity.name}, job, now_us});
}

Result<void> renew_pending(Connection& connection, std::int64_t change, std::int64_t now_us) {
  // Reads first: an update that changes nothing counts no row in MySQL.
  MR_TRY(const SqlRows found,
         connection.query("SELECT id FROM pending_changes WHERE id = ?", {change}));
  if (found.rows.empty()) return swept();
  MR_CHECK(connection.execute("UPDATE pending_changes SET renewed_us = ? WHERE id = ?",
                              {now_us, change}));
  return {};
}

Result<void> show_unseen(Connection& connection, const Entity& entity,
                         std::span<const UnseenRows> changes, const Asker& asker,
                         std::int64_t now_us) {
  MR_CHECK(next_revision(connection, revision_of(entity)));
  std::vector<SqlValue> ids;
  std::vector<InsertedRows> rows;
  for (const auto& [change, first, count] : changes) {
    ids.emplace_back(change);
    if (!rows.empty() &&
        rows.back().first + static_cast<std::int64_t>(rows.back().count) == first) {
      rows.back().count += count;
    } else {
      rows.push_back({first, count});
    }
  }
  MR_TRY(const auto gone,
         connection.execute(
             fmt::format("DELETE FROM pending_changes WHERE id IN ({})", placeholders(ids.size())),
             ids));
  if (gone.rows < static_cast<std::int64_t>(changes.size())) return swept();
  return note_inserted(connection, asker, entity, rows, now_us);
}

Result<bool> take_back_pending(Connection& connection, const Entity& entity, std::int64_t change) {
  MR_TRY(const SqlRows found,
         connection.query(fmt::format("SELECT id FROM {0} WHERE {1} = ? ORDER BY id LIMIT {2}",
                                      entity.table, entity.pending, kRowsOfPiece),
                          {change}));
  if (found.rows.empty()) {
    MR_CHECK(connection.execute("DELETE FROM pending_changes WHERE id = ?", {change}));
    return false;
  }
  MR_CHECK(connection.execute(
      fmt::format("DELETE FROM {0} WHERE {1} = ? AND id <= ?", entity.table, entity.pending),
      {change, found.rows.back().at(0)}));
  return true;
}

Result<void> sweep_pending(Connection& connection, std::int64_t now_us) {
  MR_TRY(const SqlRows old,
         connection.query(
             fmt::format("SELECT id, entity FROM pending_changes WHERE CASE WHEN job_id = 0 THEN "
                         "renewed_us < ? ELSE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = "
                         "pending_changes.job_id AND jobs.state NOT IN {}) END",
                         kEndedJobs),
             {now_us - kLifeUs}));
  for (const auto& row : old.rows) {
    const Entity* entity = find_entity(std::get<std::string>(row.at(1)));
    if (entity == nullptr || entity->pending.empty()) continue;
    bool is_more = true;
    while (is_more) {
      MR_CHECK(connection.begin());
      auto taken = take_back_pending(connection, *entity, std::get<std::int64_t>(row.at(0)));
      auto ended = taken.ok() ? connection.commit() : connection.rollback();
      if (!taken.ok()) return std::move(taken).error();
      MR_CHECK(std::move(ended));
      is_more = *taken;
    }
  }
  return {};
}

}  // namespace millrace
