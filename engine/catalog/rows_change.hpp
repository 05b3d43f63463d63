#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string_view>
#include <vector>

#include "engine/catalog/pending_change.hpp"
#include "engine/catalog/query.hpp"
#include "engine/catalog/row_change.hpp"

namespace millrace {

/// A change of many rows, as it was asked for (docs/catalog.md): rows that are inserted together,
/// or those that meet conditions and are updated or deleted, with what refers to them where that is
/// asked. Seen at once, or not at all.
class RowsChange {
 public:
  /// Rows of one transaction, with those that a cascade takes.
  static constexpr std::size_t kMostRows = kRowsAtOnce;
  /// Rows that are inserted at once into an entity whose rows may be pending.
  static constexpr std::size_t kMostPending = 200'000;

  /// Whether a change is one of these: it has `rows`, `where` or `cascade`.
  static bool is_one(const Json& change);
  static Result<RowsChange> compile(const Json& change, const Asker& asker, const Clock& clock);

  /// Runs a write in a transaction, alone or with others, and waits for it.
  using Writer = std::function<Result<void>(Catalog::Write)>;
  /// Makes the change and notes it in the audit trail: one line for rows that are inserted
  /// together, else one for each. Inserts more rows than one transaction may write in several, and
  /// takes them back where one of them fails.
  Result<void> make(const Writer& write);

  [[nodiscard]] const Entity& entity() const { return *entity_; }
  [[nodiscard]] RowChange::Action action() const { return action_; }
  /// The conditions of rows that are updated or deleted.
  [[nodiscard]] const Json& where() const { return where_; }
  /// After make(): of the rows, those inserted in the order in which they were given; without those
  /// of a cascade.
  [[nodiscard]] const std::vector<std::int64_t>& ids() const { return ids_; }

 private:
  RowsChange(const Entity& entity, const Asker& asker, const Clock& clock)
      : entity_{&entity}, asker_{asker}, clock_{&clock}, now_us_{to_micros(clock.now())} {}

  Result<void> read_action(const Json& change);
  Result<void> read_rows(const Json& rows);
  Result<void> read_where(const Json& change);

  Result<void> apply(Connection& connection);
  Result<void> make_pending(const Writer& write);
  Result<void> insert(Connection& connection, std::size_t first, std::size_t count);
  Result<void> note_inserted(Connection& connection);
  Result<void> find(Connection& connection);
  Result<void> update(Connection& connection);
  Result<void> remove(Connection& connection, const Entity& entity, std::int64_t id);
  Result<void> remove_dependents(Connection& connection, const Entity& entity, std::int64_t id);
  Result<void> begin(Connection& connection, const Entity& entity);

  const Entity* entity_;
  Asker asker_;
  const Clock* clock_;
  std::int64_t now_us_;
  RowChange::Action action_ = RowChange::Action::Insert;
  std::vector<RowChange> rows_;  // to insert; or one, to update each row with
  Json where_;
  CompiledQuery found_;         // whose answer are the ids of the rows
  bool must_be_there_ = false;  // one row was named
  bool cascades_ = false;
  std::vector<std::int64_t> ids_;
  std::set<std::string_view> begun_;  // revisions that this change has raised
  std::size_t removed_ = 0;
};

}  // namespace millrace
