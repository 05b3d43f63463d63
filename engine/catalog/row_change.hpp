#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/json.hpp"
#include "engine/catalog/catalog.hpp"
#include "engine/catalog/part.hpp"

namespace millrace {

/// How a change that is compiled gives passwords: as they are typed, or as the hashes that were
/// made of them when it was compiled before.
enum class Passwords { Plain, Hashed };

/// A change of one row as it was asked for (docs/catalog.md), checked against the schema. Passwords
/// are hashed here, so that the writer's thread does not wait for that.
class RowChange {
 public:
  enum class Action { Insert, Update, Delete, Attach, Detach };

  static Result<RowChange> compile(const Json& change, const Asker& asker, const Clock& clock,
                                   Passwords passwords = Passwords::Plain);

  /// Makes the change and notes it in the audit trail. Within a transaction; may run again when
  /// that failed as a whole.
  Result<void> apply(Connection& connection);

  [[nodiscard]] const Entity& entity() const { return *entity_; }
  [[nodiscard]] Action action() const { return action_; }
  [[nodiscard]] const Asker& asker() const { return *asker_; }
  /// Says whether there is anything to write.
  [[nodiscard]] bool is_empty() const;
  /// Of the row; of a new one after apply().
  [[nodiscard]] std::int64_t id() const { return id_; }
  /// Says which id a new row has; else apply() draws one.
  void use_id(std::int64_t id) { drawn_ = id; }
  /// Puts hashes in the place of passwords, in the columns that were asked for.
  void hide_passwords(Json& set) const;

 private:
  friend class RowsChange;

  // Rows that were looked for and found, for those who insert many rows that refer to the same.
  using References = std::set<std::pair<const Entity*, std::int64_t>>;
  using Columns = std::vector<const EntityColumn*>;

  struct Value {
    const EntityColumn* column;
    SqlValue value;
  };
  struct Names {
    const EntityColumn* column;
    std::vector<std::string> names;
  };

  RowChange(const Entity& entity, std::shared_ptr<const Asker> asker, const Clock& clock,
            std::int64_t now_us)
      : entity_{&entity}, asker_{std::move(asker)}, clock_{&clock}, now_us_{now_us} {}

  Result<void> read_action(const Json& change);
  Result<void> read_set(const Json& set);
  Result<void> read_value(const EntityColumn& column, const Json& value);
  Result<void> read_names(const EntityColumn& column, const Json& value);
  Result<void> add_missing();
  Result<void> read_link(const Json& change);

  Result<void> change(Connection& connection);
  Result<Json> before(Connection& connection) const;
  Result<void> complete(Connection& connection);
  [[nodiscard]] bool changes_derived() const;
  [[nodiscard]] bool raises(const EntityColumn& column) const;
  [[nodiscard]] bool may_end_remaining() const;
  Result<void> check_references(Connection& connection) const;
  Result<void> check_unique(Connection& connection) const;
  Result<void> check_dependents(Connection& connection) const;
  Result<void> insert(Connection& connection);
  static Result<void> insert(Connection& connection, const Columns& columns,
                             std::span<const RowChange> rows);
  void append_inserted(const Columns& columns, std::vector<SqlValue>& values) const;
  Result<void> update(Connection& connection, std::span<const std::int64_t> ids) const;
  Result<void> link(Connection& connection) const;
  Result<void> index_texts(Connection& connection) const;
  Result<void> set_names(Connection& connection) const;
  Result<void> note(Connection& connection, Json what) const;
  [[nodiscard]] std::size_t bytes() const;

  const Entity* entity_;
  std::shared_ptr<const Asker> asker_;  // shared by the rows of one change
  const Clock* clock_;
  std::int64_t now_us_;  // when it was asked for
  Passwords passwords_ = Passwords::Plain;
  Action action_ = Action::Insert;
  std::int64_t id_ = 0;
  std::int64_t drawn_ = 0;  // what id_ becomes; 0: it is drawn
  std::vector<Value> values_;
  std::size_t asked_ = 0;  // values that were asked for; those behind them are of complete()
  std::vector<Names> names_;
  const EntityColumn* linked_ = nullptr;  // of attach and detach
  std::int64_t other_id_ = 0;
  bool is_one_of_many_ = false;  // which share their line in the audit trail
  References* known_ = nullptr;  // of the change of many rows, while it is made
  std::int64_t change_ = 0;      // whose rows are not seen yet
};

/// Appends a line to the audit trail, within a transaction.
Result<void> note_change(Connection& connection, const Asker& asker, const Entity& entity,
                         std::int64_t id, RowChange::Action action, std::int64_t now_us,
                         const Json& what);

/// Rows that were inserted together: their ids follow each other.
struct InsertedRows {
  std::int64_t first = 0;
  std::size_t count = 0;
};
/// The same of changes that inserted rows, a line for each of them, by one statement.
Result<void> note_inserted(Connection& connection, const Asker& asker, const Entity& entity,
                           std::span<const InsertedRows> changes, std::int64_t now_us);

/// Returns a value as the audit trail and errors show it: no hash of a password.
Json shown(const EntityColumn& column, const SqlValue& value);
/// "insert": as a change names it.
std::string_view to_string(RowChange::Action action);

}  // namespace millrace
