#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>

#include <millrace/batch.hpp>

#include "engine/base/json.hpp"
#include "engine/catalog/asked_change.hpp"
#include "engine/catalog/catalog.hpp"
#include "engine/catalog/pending_change.hpp"

namespace millrace {

/// A change that is made ready now and takes effect later, in a transaction with others: those of a
/// queued job take effect with its end. Can be stored in between. [one thread at a time]
class KeptChange {
 public:
  /// Checks what can be told without the rows, and draws the ids of those that it inserts, so that
  /// later changes can name them. What is more than one transaction may write is written at once,
  /// unseen, and belongs to `job`; with `unseen` so is whatever can be, however little it is. Waits
  /// for the catalog, and asks Asker::fence whenever it writes. An error leaves nothing behind, or
  /// what drop_unseen() removes.
  static Result<KeptChange> make(Catalog& catalog, const Json& change, const Asker& asker,
                                 std::int64_t job, bool unseen);

  /// As it is stored: never a password, its hash. Small where the rows are unseen.
  [[nodiscard]] Json to_json() const;
  /// DataInvalid: to_json() has not made it. `asker` is whoever asked for the change, without fence
  /// or with that of the transaction; `clock` tells when it takes effect.
  static Result<KeptChange> from_json(const Json& stored, const Asker& asker, const Clock& clock);

  /// Makes the change, within a transaction; may run again when that was undone, as a whole or to a
  /// savepoint before it. Conflict, NotFound: of the rows as they are now.
  Result<void> apply(Connection& connection);
  /// Makes changes in their order, as apply() makes each; those that follow each other and only
  /// show rows share statements. `made`: how many were made before the one that failed.
  static Result<void> apply_all(Connection& connection, std::span<KeptChange> changes,
                                std::size_t& made);

  /// Removes, in short transactions, what make() has written unseen: it will not take effect. Asks
  /// Asker::fence first.
  Result<void> take_back(Catalog& catalog) const;

  /// What who asked for it is told: the column `id` of rows that are inserted or of the one that
  /// was named. No rows where conditions find them, since that is at the end.
  [[nodiscard]] Batch answer() const;
  /// Rows that apply() writes, as far as known: those that conditions find are counted by make().
  /// They count by the time that they take: more than one each where they are written one by one
  /// (plain_rows), and kRowsOfChange at the least for a change.
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] const Entity& entity() const { return *entity_; }
  /// The id in pending_changes of rows that are written and not seen; 0: none are.
  [[nodiscard]] std::int64_t unseen() const { return unseen_.change; }

 private:
  KeptChange(const Entity& entity, const Asker& asker, const Clock& clock)
      : entity_{&entity}, asker_{asker}, now_us_{to_micros(clock.now())} {}

  const Entity* entity_;
  Asker asker_;
  std::int64_t now_us_;
  Json change_{};                       // as it was asked for, with hashes; null: it is unseen
  std::optional<AskedChange> asked_{};  // the same
  UnseenRows unseen_{};
  std::int64_t first_id_ = 0;  // of rows that are inserted
  std::size_t rows_ = 0;
};

/// Removes, in short transactions, the unseen rows of a job but those of the changes `keep`
/// (KeptChange::unseen): what an attempt left that did not get as far as a checkpoint, or all when
/// the job ends without them. Each asks `fence` first, if there is one.
Result<void> drop_unseen(Catalog& catalog, std::int64_t job, const std::set<std::int64_t>& keep,
                         const std::function<Result<void>(Connection&)>& fence = {});

}  // namespace millrace
