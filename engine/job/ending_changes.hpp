#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/catalog/kept_change.hpp"

namespace millrace {

/// The changes of the catalog that take effect with the end of a job, in the transaction that
/// writes `finished`. Shared by the writes of the end, which come one after the other.
class EndingChanges {
 public:
  /// `list`: as KeptChanges::all() writes it, or as the row of a job that is publishing holds it.
  static Result<EndingChanges> read(std::string list, const Asker& asker, const Clock& clock);

  /// Makes all of them, within a transaction; may run again when that was undone.
  Result<void> apply(Connection& connection);
  /// The same, and takes it back: says whether the catalog would refuse one as it is now.
  Result<void> check(Connection& connection);
  /// Why the catalog refused one, for good, when they were applied or checked last; it names the
  /// node that asked for the change.
  [[nodiscard]] const std::optional<Error>& refusal() const { return refusal_; }
  [[nodiscard]] const std::string& refused_node() const { return refused_node_; }

  /// The ids in pending_changes of their rows that are written and not seen.
  [[nodiscard]] std::set<std::int64_t> unseen() const;
  /// As the row of the job holds them while it is publishing.
  [[nodiscard]] const std::string& list() const { return list_; }

 private:
  std::string list_;
  std::vector<KeptChange> changes_;
  std::vector<std::string> nodes_;  // that asked for them
  std::optional<Error> refusal_;
  std::string refused_node_;
};

}  // namespace millrace
