#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "engine/catalog/change_limits.hpp"
#include "engine/catalog/pending_change.hpp"
#include "engine/catalog/query.hpp"
#include "engine/catalog/row_change.hpp"

namespace millrace {

/// A change of many rows, as it was asked for (docs/catalog.md): rows that are inserted together,
/// or those that meet conditions and are updated or deleted, with what refers to them where that is
/// asked. Seen at once, or not at all.
class RowsChange {
 public:
  /// Rows that are inserted at once into an entity whose rows may be pending.
  static constexpr std::size_t kMostPending = 200'000;

  /// Whether a change is one of these: it has `rows`, `where` or `cascade`.
  static bool is_one(const Json& change);
  static Result<RowsChange> compile(const Json& change, const Asker& asker, const Clock& clock,
                                    Passwords passwords = Passwords::Plain);

  /// Runs a write in a transaction, alone or with others, and waits for it.
  using Writer = std::function<Result<void>(Catalog::Write)>;
  /// Makes the change and notes it in the audit trail. Inserts more rows than one transaction may
  /// write in several, and takes them back where one of them fails. A row that can be closed
  /// (Entity::closed_by) and has more that goes with it is closed and goes in several; where one of
  /// them fails it stays closed, and the error says how far it came.
  Result<void> make(const Writer& write);

  /// Makes it within a transaction; may run again when that was undone. Not of more rows than one
  /// transaction may write (is_large).
  Result<void> apply(Connection& connection);
  /// Writes the rows that it inserts in several transactions, unseen; takes them back where one of
  /// them fails. They belong to a job, or with 0 to nobody; show_unseen() shows them.
  Result<UnseenRows> write_unseen(const Writer& write, std::int64_t job);

  [[nodiscard]] const Entity& entity() const { return *entity_; }
  [[nodiscard]] RowChange::Action action() const { return action_; }
  [[nodiscard]] const Asker& asker() const { return *asker_; }
  /// Rows that are inserted.
  [[nodiscard]] std::size_t inserts() const {
    return action_ == RowChange::Action::Insert ? rows_.size() : 0;
  }
  /// More is inserted than one transaction may write, and it can be written in several.
  [[nodiscard]] bool is_large() const {
    return !entity_->pending.empty() && (inserts() > kMostRowsAtOnce || bytes_ > kBytesOfPiece);
  }
  /// Says which ids new rows have, from `first` on; else they are drawn.
  void use_ids(std::int64_t first) { drawn_ = first; }
  /// The conditions of rows that are updated or deleted.
  [[nodiscard]] const Json& where() const { return where_; }
  /// The id of the one row that is named instead.
  [[nodiscard]] std::optional<std::int64_t> named() const { return named_; }
  /// What refers to its rows goes with them.
  [[nodiscard]] bool cascades() const { return cascades_; }
  /// After make() or apply(): of the rows, those inserted in the order in which they were given;
  /// without those of a cascade.
  [[nodiscard]] const std::vector<std::int64_t>& ids() const { return ids_; }
  /// Puts hashes in the place of passwords, in the change as it was asked for.
  void hide_passwords(Json& change) const;

 private:
  RowsChange(const Entity& entity, const Asker& asker, const Clock& clock)
      : entity_{&entity},
        asker_{std::make_shared<const Asker>(asker)},
        clock_{&clock},
        now_us_{to_micros(clock.now())} {}

  Result<void> read_action(const Json& change);
  Result<void> read_rows(const Json& rows);
  Result<void> read_where(const Json& change);
  RowChange new_row() const;

  Result<void> take_ids(Connection& connection);
  Result<void> insert(Connection& connection, std::size_t first, std::size_t count);
  Result<void> insert_singly(Connection& connection, std::size_t first, std::size_t count);
  Result<void> insert_together(Connection& connection, std::size_t first, std::size_t count);
  [[nodiscard]] std::size_t rows_within(std::size_t first, std::size_t most,
                                        std::size_t most_bytes) const;
  Result<void> find(Connection& connection);
  Result<void> update(Connection& connection);
  Result<void> update_together(Connection& connection);
  Result<void> remove_together(Connection& connection);
  Result<void> note_found(Connection& connection) const;
  Result<void> write_found(Connection& connection);
  Result<bool> remove(Connection& connection, const Entity& entity, std::int64_t id);
  Result<bool> remove_dependents(Connection& connection, const Entity& entity, std::int64_t id);
  Result<void> remove_in_pieces(const Writer& write);
  Result<void> close(Connection& connection);
  Result<void> begin_again(Connection& connection);
  Result<void> begin(Connection& connection, const Entity& entity);
  void take_back(const Writer& write, std::int64_t change) const;

  const Entity* entity_;
  std::shared_ptr<const Asker> asker_;  // shared with the rows
  const Clock* clock_;
  std::int64_t now_us_;
  Passwords passwords_ = Passwords::Plain;
  RowChange::Action action_ = RowChange::Action::Insert;
  std::vector<RowChange> rows_;  // to insert; or one, to update each row with
  RowChange::Columns columns_;   // that any of the rows to insert gives
  std::size_t bytes_ = 0;        // of these rows
  Json where_;
  CompiledQuery found_;                // whose answer are the ids of the rows
  std::optional<std::int64_t> named_;  // the id of the one row that was named
  bool cascades_ = false;
  std::int64_t drawn_ = 0;  // the first of the ids of new rows; 0: they are drawn
  std::vector<std::int64_t> ids_;
  std::set<std::string_view> begun_;  // revisions that this change has raised
  std::size_t removed_ = 0;
  bool exceeds_ = false;    // a cascade found more than one transaction may write
  bool in_pieces_ = false;  // so it takes several
};

}  // namespace millrace
