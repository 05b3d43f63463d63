#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <millrace/context.hpp>
#include <millrace/sql/connection.hpp>

#include "plugins/sql/guard.hpp"
#include "plugins/sql/ledger.hpp"
#include "plugins/sql/output_settings.hpp"
#include "plugins/sql/pending_rows.hpp"
#include "plugins/sql/table_swap.hpp"
#include "plugins/sql/target_tables.hpp"

namespace millrace::sql_operators {

/// Writes rows in transactions behind a ledger: each locks the work's row, compares the token,
/// writes, asks the guard, writes the position, and commits. What the database could not do at the
/// moment is tried again; whether a transaction was committed whose answer was lost, the ledger
/// tells. Of a job without a token (an inline run) there is no ledger, and one transaction.
///
/// Functions throw Failure and sql::Failure. Conflict: the work is another's now. Cancelled: told
/// to stop, or the guard has said no, and the job is being aborted. [one thread]
class TransactionWriter {
 public:
  explicit TransactionWriter(const OutputSettings& settings);

  /// Connects, looks at the tables that are known by name, and takes the work over.
  void open(Context& context);
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] bool has_ledger() const { return ledger_.has_value(); }
  /// What is committed. After open().
  [[nodiscard]] const LedgerRow& committed() const { return row_; }

  /// Writes the rows, and clears them, in a transaction that stays open: it cannot be repeated.
  void send(Context& context, PendingRows& rows);
  [[nodiscard]] bool is_within() const { return is_within_; }  // a transaction
  /// Writes the rows, and clears them, and commits.
  void commit(Context& context, PendingRows& rows, std::optional<std::int64_t> position);

 private:
  enum class Begun { Now, WasCommitted };

  void connect(Context& context);
  void take_over(Context& context);
  /// Calls `step` until it does not fail with what may pass by itself.
  template <class Step>
  void repeat(Context& context, const Step& step);
  void wait(Context& context, int tried) const;

  void prepare(Context& context, const PendingRows& rows);
  void prepare_named();              // the tables that the settings name
  void lock_swap(Context& context);  // where tables are swapped
  void end(Context& context);        // the transaction, with all that it has done
  Begun begin(Context& context);
  /// What changes rows may change that of the guard, which would then be asked too late. Others ask
  /// it last, since whoever wants to stop the job waits for its lock.
  [[nodiscard]] bool asks_guard_first() const { return settings_.mode == OutputMode::Update; }
  /// Deletes what is to be replaced in tables that are known by name.
  void replace();
  /// Deletes it in one table, once in a transaction.
  void replace_in(const std::string& table);
  void write(const PendingRows& rows);
  void update(const std::string& table, const sql::Block& rows);
  [[noreturn]] void abort(Context& context);
  void roll_back();

  const OutputSettings& settings_;
  TargetTables targets_;
  TableSwap swap_;
  Guard guard_;
  std::chrono::seconds lease_{0};
  sql::Settings session_;
  std::unique_ptr<sql::Connection> connection_;
  std::optional<Ledger> ledger_;
  LedgerRow row_;                                // as committed
  LedgerRow next_;                               // as the transaction that is open will leave it
  std::set<std::string, std::less<>> replaced_;  // tables, in the transaction that is open
  bool is_open_ = false, is_within_ = false;
};

}  // namespace millrace::sql_operators
