// What a change of many rows does within its transaction.
#include <algorithm>
#include <bit>
#include <numeric>
#include <span>
#include <utility>

#include "engine/catalog/id_counters.hpp"
#include "engine/catalog/remaining_row.hpp"
#include "engine/catalog/revision.hpp"
#include "engine/catalog/rows_change.hpp"
#include "engine/catalog/sql_spelling.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

using Action = RowChange::Action;

// Of one statement. More rows in it are not faster, and the driver of MySQL and MariaDB sends so
// many bytes at once.
constexpr std::size_t kRowsOfStatement = 128;
constexpr std::size_t kBytesOfStatement = 256 * 1024;
// Longer lists are slower in MariaDB.
constexpr std::size_t kIdsOfStatement = 256;

using Ids = std::span<const std::int64_t>;

template <class Each>
Result<void> for_some(Ids ids, const Each& each) {
  while (!ids.empty()) {
    const auto some = ids.first(std::min(kIdsOfStatement, ids.size()));
    MR_CHECK(each(some));
    ids = ids.subspan(some.size());
  }
  return {};
}

std::string in_list(Ids ids) { return fmt::format("IN ({})", placeholders(ids.size())); }

std::vector<SqlValue> values_of(Ids ids) { return {ids.begin(), ids.end()}; }

Result<void> check_unreferenced(Connection& connection, const Entity& entity, Ids ids) {
  for (const auto& [other, column] : references_to(entity)) {
    MR_TRY(const SqlRows found,
           connection.query(fmt::format("SELECT {0} FROM {1} WHERE {0} {2} LIMIT 1", column->column,
                                        other->table, in_list(ids)),
                            values_of(ids)));
    if (found.rows.empty()) continue;
    return Error{Code::Conflict, fmt::format("{} {}: it still has {}; delete or move them first",
                                             entity.name, integer(found.rows[0][0]), other->name)};
  }
  return {};
}

}  // namespace

Result<void> RowsChange::apply(Connection& connection) {
  if (action_ == Action::Insert) {
    begun_.clear();
    MR_CHECK(begin(connection, *entity_));
    MR_CHECK(take_ids(connection));
    MR_CHECK(insert(connection, 0, rows_.size()));
    const InsertedRows inserted{ids_.front(), ids_.size()};
    return note_inserted(connection, *asker_, *entity_, {&inserted, 1}, now_us_);
  }
  MR_CHECK(begin_again(connection));
  const bool is_safe = action_ == Action::Update && !rows_.front().may_end_remaining();
  if (is_safe) return write_found(connection);
  return with_one_remaining(connection, *entity_, [&] { return write_found(connection); });
}

Result<void> RowsChange::write_found(Connection& connection) {
  if (action_ == Action::Update) return update(connection);
  if (is_plain(*entity_) && !named_ && !cascades_) return remove_together(connection);
  for (const std::int64_t id : ids_) MR_CHECK(remove(connection, *entity_, id));
  return {};
}

// Changes of one revision come one after the other.
Result<void> RowsChange::begin(Connection& connection, const Entity& entity) {
  const auto revision = revision_of(entity);
  if (begun_.insert(revision).second) MR_CHECK(next_revision(connection, revision));
  return {};
}

Result<void> RowsChange::take_ids(Connection& connection) {
  std::int64_t first = drawn_;
  if (first == 0) {
    MR_TRY(first, draw_ids(connection, *entity_, rows_.size()));
  }
  ids_.resize(rows_.size());
  std::iota(ids_.begin(), ids_.end(), first);
  return {};
}

Result<void> RowsChange::insert(Connection& connection, std::size_t first, std::size_t count) {
  RowChange::References known;
  const std::span rows{rows_.data() + first, count};
  for (RowChange& row : rows) {
    row.use_id(ids_[static_cast<std::size_t>(&row - rows_.data())]);
    row.known_ = &known;
  }
  auto done = is_plain(*entity_) ? insert_together(connection, first, count)
                                 : insert_singly(connection, first, count);
  for (RowChange& row : rows) row.known_ = nullptr;
  return done;
}

Result<void> RowsChange::insert_singly(Connection& connection, std::size_t first,
                                       std::size_t count) {
  for (std::size_t place = first; place < first + count; ++place) {
    if (auto done = rows_[place].change(connection); !done.ok())
      return std::move(done).error().within(fmt::format("row {}", place));
  }
  return {};
}

Result<void> RowsChange::insert_together(Connection& connection, std::size_t first,
                                         std::size_t count) {
  for (const auto end = first + count; first < end; first += count) {
    // A power of two, so that few statements are prepared.
    count = std::bit_floor(
        std::min(rows_within(first, kRowsOfStatement, kBytesOfStatement), end - first));
    const std::span rows{rows_.data() + first, count};
    for (std::size_t place = 0; place < count; ++place) {
      rows[place].id_ = rows[place].drawn_;
      if (auto found = rows[place].check_references(connection); !found.ok())
        return std::move(found).error().within(fmt::format("row {}", first + place));
    }
    auto done = RowChange::insert(connection, columns_, rows);
    if (done.ok()) continue;
    if (done.error().code != Code::Conflict && done.error().code != Code::InvalidArgument)
      return done;
    // The statement was undone: one by one tells which row it is.
    MR_CHECK(insert_singly(connection, first, count));
  }
  return {};
}

Result<void> RowsChange::find(Connection& connection) {
  MR_TRY(const SqlRows found, connection.query(found_.question.sql, found_.question.values));
  const auto most = most_rows_at_once(*entity_);
  if (found.rows.size() > most) return too_many_rows(*entity_, most);
  for (const auto& row : found.rows) ids_.push_back(std::get<std::int64_t>(row.at(0)));
  if (!ids_.empty() || !named_) return {};
  return Error{Code::NotFound, fmt::format("no row of {} has this id: {}", entity_->name, *named_)};
}

Result<void> RowsChange::update(Connection& connection) {
  const RowChange& asked = rows_.front();
  // Of these there is one row, or the second of them is refused.
  const bool sets_unique = std::any_of(asked.values_.begin(), asked.values_.end(),
                                       [](const auto& set) { return set.column->rules.is_unique; });
  if (is_plain(*entity_) && !sets_unique) return update_together(connection);
  for (const std::int64_t id : ids_) {
    RowChange row = asked;
    row.id_ = id;
    if (auto done = row.change(connection); !done.ok())
      return std::move(done).error().within(fmt::format("{} {}", entity_->name, id));
  }
  return {};
}

Result<void> RowsChange::update_together(Connection& connection) {
  if (ids_.empty()) return {};
  const RowChange& row = rows_.front();
  MR_CHECK(row.check_references(connection));
  MR_CHECK(for_some(ids_, [&](Ids some) { return row.update(connection, some); }));
  return note_found(connection);
}

Result<void> RowsChange::remove_together(Connection& connection) {
  if (ids_.empty()) return {};
  MR_CHECK(for_some(ids_, [&](Ids some) -> Result<void> {
    if (auto free = check_unreferenced(connection, *entity_, some); !free.ok()) return free;
    const auto gone = connection.execute(
        fmt::format("DELETE FROM {} WHERE id {}", entity_->table, in_list(some)), values_of(some));
    return gone.ok() ? Result<void>{} : Result<void>{gone.error()};
  }));
  return note_found(connection);
}

// One line for all of them.
Result<void> RowsChange::note_found(Connection& connection) const {
  RowChange row = action_ == Action::Update ? rows_.front() : new_row();
  row.action_ = action_;
  row.id_ = ids_.front();
  return row.note(
      connection,
      {{"where", where_}, {"rows", ids_.size()}, {"first", ids_.front()}, {"last", ids_.back()}});
}

}  // namespace millrace
