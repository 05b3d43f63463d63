#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/sql/connection.hpp>

namespace millrace::sql_operators {

struct TableCount {
  std::string table;
  std::int64_t rows = 0;
};

/// What a ledger says of some work.
struct LedgerRow {
  std::string holder;                    // who does it: an installation, a job and a node
  std::int64_t token = 0;                // of the holder's attempt; later ones have greater ones
  std::optional<std::int64_t> position;  // what stands up to it is in the tables
  std::int64_t commits = 0;              // transactions so far
  std::vector<TableCount> tables;        // rows in each, in the order of their first rows

  void add(std::string_view table, std::int64_t rows);
  [[nodiscard]] std::int64_t written() const;  // rows in all tables
};

/// A table with one row for each work: who does it, and how far it is. Each transaction of the work
/// locks the row first and writes it last, in the same database, so rows and position are there
/// together or not at all, and whoever has lost the work writes nothing
/// (docs/decisions/ledger.md). Functions throw sql::Failure, and Failure with Conflict when
/// somebody else has the work. [one thread]
class Ledger {
 public:
  static constexpr std::size_t kLongestName = 255;  // characters of a work and of a holder

  /// Takes whose it is: the holder and its token. InvalidArgument: a name is too long.
  Ledger(sql::TableName table, std::string work, std::string holder, std::int64_t token);

  /// Makes the table where it is missing; not within a transaction. InvalidArgument where the table
  /// cannot serve.
  void create(sql::Connection& connection) const;
  /// Makes the work ours, in a transaction of its own, and returns how far it is. Of one holder a
  /// later attempt takes it from an earlier one, and never the other way round. Unavailable:
  /// another transaction of the work is open.
  LedgerRow take_over(sql::Connection& connection) const;
  /// Locks the row until the end of the transaction and returns it, if the work is still ours.
  LedgerRow lock(sql::Connection& connection) const;
  /// Writes position, commits and tables. Behind lock(), in the same transaction.
  void write(sql::Connection& connection, const LedgerRow& row) const;

  [[nodiscard]] const std::string& work() const { return work_; }

 private:
  std::optional<LedgerRow> read(sql::Connection& connection, bool for_update) const;
  void insert_missing(sql::Connection& connection) const;
  [[noreturn]] void lose(const std::string& how) const;

  const sql::TableName table_;
  const std::string work_, holder_;
  const std::int64_t token_;
};

}  // namespace millrace::sql_operators
