#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include <millrace/batch.hpp>

#include "engine/base/json.hpp"
#include "engine/catalog/row_change.hpp"
#include "engine/catalog/rows_change.hpp"

namespace millrace {

/// A change as it was asked for (docs/catalog.md), of one row or of many.
class AskedChange {
 public:
  static Result<AskedChange> compile(const Json& change, const Asker& asker, const Clock& clock,
                                     Passwords passwords = Passwords::Plain);

  /// Makes it at once, waits for that, and returns what Catalog::change() does.
  Result<Batch> make(Catalog& catalog);

  /// Makes it within a transaction; may run again when that was undone. Not of more rows than one
  /// transaction may write.
  Result<void> apply(Connection& connection);

  [[nodiscard]] const Entity& entity() const;
  /// The id of the one row that it changes; nothing where rows are inserted or found.
  [[nodiscard]] std::optional<std::int64_t> named() const;
  /// Rows that are inserted.
  [[nodiscard]] std::size_t inserts() const;
  /// Says which ids they have, from `first` on; else apply() draws them.
  void use_ids(std::int64_t first);
  /// Puts the hashes that were made in the place of passwords, in the change as it was asked for.
  void hide_passwords(Json& change) const;
  /// Of many rows; null: of one.
  [[nodiscard]] RowsChange* many() { return std::get_if<RowsChange>(&change_); }

 private:
  template <class Change>
  explicit AskedChange(Change change) : change_{std::move(change)} {}

  Result<Batch> make_one(Catalog& catalog, RowChange& change);
  Result<Batch> make_many(Catalog& catalog, RowsChange& change);

  std::variant<RowChange, RowsChange> change_;
};

/// Returns a write that asks Asker::fence first, in its transaction. `asker` outlives it.
Catalog::Write fenced(const Asker& asker, Catalog::Write write);

}  // namespace millrace
