// How rows go with what refers to them: in one transaction, or in pieces where they are too many.
#include <utility>

#include "engine/catalog/remaining_row.hpp"
#include "engine/catalog/rows_change.hpp"

#include <fmt/format.h>

namespace millrace {

// False: more goes before it than the transaction may write.
Result<bool> RowsChange::remove(Connection& connection, const Entity& entity, std::int64_t id) {
  if (cascades_) {
    MR_TRY(const bool is_free, remove_dependents(connection, entity, id));
    if (!is_free) return false;
  }
  if (removed_ == kMostSingleRowsAtOnce) {
    exceeds_ = true;
    if (in_pieces_) return false;
    return too_many_rows(entity, kMostSingleRowsAtOnce);
  }
  ++removed_;
  RowChange row{entity, asker_, *clock_, now_us_};
  row.action_ = RowChange::Action::Delete;
  row.id_ = id;
  MR_CHECK(row.change(connection));
  return true;
}

Result<bool> RowsChange::remove_dependents(Connection& connection, const Entity& entity,
                                           std::int64_t id) {
  for (const auto& [other, column] : references_to(entity)) {
    if (!is_changeable(*other) || other->is_append_only) continue;
    MR_TRY(const SqlRows found,
           connection.query(fmt::format("SELECT id FROM {} WHERE {} = ? ORDER BY id LIMIT {}",
                                        other->table, column->column, kMostSingleRowsAtOnce + 1),
                            {id}));
    if (!found.rows.empty()) MR_CHECK(begin(connection, *other));
    for (const auto& row : found.rows) {
      auto gone = remove(connection, *other, std::get<std::int64_t>(row.at(0)));
      if (gone.ok() && *gone) continue;
      if (gone.ok() || gone.error().code != Code::NotFound) return gone;
      return Error{Code::Conflict,
                   fmt::format("it still has {} of others, which you do not see", other->name)};
    }
  }
  return true;
}

// It is closed first, so that nobody adds to what refers to it, and goes with the last of that.
Result<void> RowsChange::remove_in_pieces(const Writer& write) {
  MR_CHECK(write([this](Connection& connection) { return close(connection); }));
  in_pieces_ = true;
  std::size_t gone = 0;
  for (bool is_gone = false; !is_gone; gone += removed_) {
    auto done = write([&](Connection& connection) -> Result<void> {
      MR_CHECK(begin_again(connection));
      return with_one_remaining(connection, *entity_, [&]() -> Result<void> {
        MR_TRY(is_gone, remove(connection, *entity_, *named_));
        return {};
      });
    });
    if (done.ok()) continue;
    return std::move(done).error().within(
        fmt::format("{} {} is closed ({}) and {} rows that refer to it are gone; the same change "
                    "goes on with the others",
                    entity_->name, *named_, entity_->closed_by, gone));
  }
  return {};
}

Result<void> RowsChange::close(Connection& connection) {
  MR_CHECK(begin_again(connection));
  if (entity_->check_closing != nullptr) MR_CHECK(entity_->check_closing(connection, *named_));
  RowChange row = new_row();
  row.action_ = RowChange::Action::Update;
  row.id_ = *named_;
  MR_CHECK(row.read_set({{std::string{entity_->closed_by}, true}}));
  return with_one_remaining(connection, *entity_, [&] { return row.change(connection); });
}

// Finds the rows in a transaction of its own.
Result<void> RowsChange::begin_again(Connection& connection) {
  ids_.clear();
  begun_.clear();
  removed_ = 0;
  MR_CHECK(begin(connection, *entity_));
  return find(connection);
}

}  // namespace millrace
