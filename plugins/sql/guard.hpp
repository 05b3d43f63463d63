#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <millrace/sql/connection.hpp>

#include "plugins/sql/ledger.hpp"
#include "plugins/sql/output_settings.hpp"

namespace millrace::sql_operators {

/// A row of another table that says whether a run may go on, and is told how far it is: each
/// transaction locks and changes it. [one thread]
class Guard {
 public:
  explicit Guard(const GuardSettings& settings) : settings_{settings} {}

  [[nodiscard]] bool is_wanted() const { return !settings_.table.empty(); }
  /// Throws Failure where the table is missing, lacks a column or cannot be rolled back.
  void check(sql::Connection& connection) const;
  /// Within a transaction: locks the row; returns whether it is there and nothing of `unless`
  /// holds.
  [[nodiscard]] bool allows(sql::Connection& connection) const;
  /// Within the same one: changes it to what `row` says.
  void tell(sql::Connection& connection, const LedgerRow& row) const;
  /// Which row was wanted, for messages.
  [[nodiscard]] std::string describe() const;

 private:
  /// Adds the values of the key to `values`, and returns the condition that wants them.
  std::string where(sql::Connection& connection, std::vector<sql::Value>& values) const;
  [[nodiscard]] sql::Value value_of(const GuardSettings::Change& change,
                                    const LedgerRow& row) const;

  const GuardSettings& settings_;
};

/// The comparison in which null is equal to null, as the dialect spells it: " <=> ?".
[[nodiscard]] std::string_view same_as(sql::Dialect dialect);

}  // namespace millrace::sql_operators
