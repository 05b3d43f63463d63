#include "plugins/sql/transaction_writer.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>

#include "plugins/sql/database.hpp"

#include <fmt/format.h>

namespace millrace::sql_operators {

namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::seconds;

// A lease where the engine tells of none.
constexpr seconds kLease{30};

constexpr int kLeasesOfPatience = 2;

bool is_locked(const sql::Failure& failure) {
  constexpr int kBusy = 5;                // SQLite
  constexpr int kLockWaitTimeout = 1205;  // MySQL
  const int number = failure.origin().number;
  return number == kBusy || number == kLockWaitTimeout;
}

// What may be otherwise the next time: the server was away, a lock was not to be had.
bool may_pass(sql::Code code) { return code == sql::Code::Unavailable || code == sql::Code::Io; }

std::string holder_of(const Context& context) {
  return fmt::format("{}/{}/{}", context.installation(), context.job(), context.node());
}

seconds lease_of(const Context& context) {
  const auto told = std::chrono::ceil<seconds>(context.lease());
  return told.count() > 0 ? told : kLease;
}

Failure lost_rows(const std::string& why) {
  return {MR_UNAVAILABLE,
          "the transaction was lost with rows that are not here any more; the job goes on from its "
          "last checkpoint: " +
              why};
}

sql::Value value_at(const sql::Column& column, std::int64_t row) {
  if (column.is_null(row)) return nullptr;
  if (column.type == sql::Type::Integer) return column.integer(row);
  if (column.type == sql::Type::Real) return column.real(row);
  return std::string{column.text(row)};
}

// Whether "A" and "a" are two tables.
bool has_names_by_case(sql::Connection& connection) {
  return connection.dialect() == sql::Dialect::MySql &&
         sql::integer(connection.query("SELECT @@lower_case_table_names").rows.at(0).at(0)) == 0;
}

std::string folded(std::string name) {
  for (char& letter : name) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return name;
}

sql::Failure within_table(const sql::Failure& failure, const std::string& table) {
  return {failure.code(), "table " + table + ": " + failure.what(), failure.origin()};
}

}  // namespace

TransactionWriter::TransactionWriter(const OutputSettings& settings)
    : settings_{settings}, targets_{settings}, swap_{settings}, guard_{settings.guard} {}

void TransactionWriter::open(Context& context) {
  lease_ = lease_of(context);
  repeat(context, [&] { connect(context); });
  if (context.token() != 0) take_over(context);
  is_open_ = true;
}

void TransactionWriter::take_over(Context& context) {
  const auto holder = holder_of(context);
  const auto work = settings_.ledger_key.empty()
                        ? holder
                        : fmt::format("{}/{}", settings_.ledger_key, context.node());
  ledger_.emplace(sql::TableName{settings_.ledger_schema, settings_.ledger_table}, work, holder,
                  context.token());
  repeat(context, [&] {
    ledger_->create(*connection_);
    row_ = ledger_->take_over(*connection_);
  });
  next_ = row_;
}

void TransactionWriter::send(Context& context, PendingRows& rows) {
  if (!is_within_) {
    repeat(context, [&] {
      prepare(context, rows);
      begin(context);
    });
  }
  try {
    prepare(context, rows);
    write(rows);
  } catch (const sql::Failure& failure) {
    roll_back();
    if (!may_pass(failure.code())) throw;
    throw lost_rows(failure.what());
  }
  rows.clear();
}

void TransactionWriter::commit(Context& context, PendingRows& rows,
                               std::optional<std::int64_t> position) {
  const bool was_within = is_within_;  // rows were sent that are not here any more
  bool is_committing = false;
  std::string why;
  repeat(context, [&] {
    if (std::exchange(is_committing, false) && !ledger_)
      throw Failure{MR_UNAVAILABLE, "it is not known whether the rows were committed: " + why};
    try {
      prepare(context, rows);
      if (!is_within_) {
        if (begin(context) == Begun::WasCommitted) return;
        if (was_within) throw lost_rows(why);
      }
      write(rows);
      if (position) next_.position = position;
      if (!asks_guard_first() && !guard_.allows(*connection_)) abort(context);
      guard_.tell(*connection_, next_);
      if (ledger_) ledger_->write(*connection_, next_);
      is_committing = true;
      end(context);
    } catch (const sql::Failure& failure) {
      why = failure.what();
      throw;
    }
  });
  is_within_ = false;
  row_ = next_;
  rows.clear();
}

void TransactionWriter::connect(Context& context) {
  session_ = {};
  session_.read_timeout = session_.write_timeout = settings_.silence;
  session_.idle_timeout = session_.idle_transaction_timeout = lease_;
  if (!settings_.made.columns.empty()) session_.access = sql::Settings::Access::Create;
  const auto address = sql::parse_address(context.connection(settings_.connection, true).address);
  // A client that stands still amid a statement holds its locks as one does between two. SQLite
  // heeds what tables say of one another when it is asked to.
  session_.on_connect = {address.dialect == sql::Dialect::MySql
                             ? fmt::format("SET SESSION net_read_timeout = {}", lease_.count())
                             : std::string{"PRAGMA foreign_keys = ON"}};
  connection_ = open_database(context, settings_.connection, true, session_);
  guard_.check(*connection_);
  lock_swap(context);
  prepare_named();
}

void TransactionWriter::prepare_named() {
  if (!settings_.table.empty()) targets_.prepare(*connection_, settings_.table);
  for (const auto& table : settings_.tables) targets_.prepare(*connection_, table);
}

template <class Step>
void TransactionWriter::repeat(Context& context, const Step& step) {
  const auto begun = SteadyClock::now();
  for (int tried = 1;; ++tried) {
    try {
      return step();
    } catch (const sql::Failure& failure) {
      roll_back();
      // Whoever stands still within a transaction is rolled back by the server after a lease. A run
      // that is answered at once has not so much time.
      const bool may_wait = context.token() != 0 && is_locked(failure);
      const bool is_patient = tried < settings_.attempts ||
                              (may_wait && SteadyClock::now() - begun < kLeasesOfPatience * lease_);
      if (!is_patient || !may_pass(failure.code())) throw;
      if (tried == 1) context.log(Level::Warn, std::string{"tried again: "} + failure.what());
    } catch (...) {
      roll_back();
      throw;
    }
    wait(context, tried);
  }
}

// The second try is made at once: a connection that nobody used for a while is gone.
void TransactionWriter::wait(Context& context, int tried) const {
  constexpr std::chrono::milliseconds kLook{50};
  const auto until =
      SteadyClock::now() + (tried == 1 ? std::chrono::milliseconds{0} : settings_.attempt_wait);
  while (true) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped while the database was away"};
    if (SteadyClock::now() >= until) return;
    std::this_thread::sleep_for(kLook);
  }
}

// A server ends the transaction with whatever makes a table, so that has a connection of its own.
void TransactionWriter::prepare(Context& context, const PendingRows& rows) {
  lock_swap(context);
  for (const auto& [table, block] : rows.tables()) {
    if (block.rows() == 0 || targets_.knows(table)) continue;
    if (is_within_ && connection_->dialect() == sql::Dialect::MySql) {
      targets_.prepare(*open_database(context, settings_.connection, true, session_), table);
    } else {
      targets_.prepare(*connection_, table);
    }
  }
}

// Tables aside belong to the session that has the lock: one that is new makes them anew, and one
// that was lost amid its transaction learns it before it touches them.
void TransactionWriter::lock_swap(Context& context) {
  if (settings_.mode != OutputMode::Swap || swap_.has_lock(*connection_)) return;
  if (is_within_) throw lost_rows("the session has lost its lock");
  swap_.lock(context, *connection_);
  targets_.forget();
  prepare_named();
}

void TransactionWriter::end(Context& context) {
  if (settings_.mode != OutputMode::Swap) return connection_->commit();
  std::vector<std::string> tables = settings_.tables;
  if (!settings_.table.empty()) tables.push_back(settings_.table);
  for (const TableCount& counted : next_.tables) {
    if (std::find(tables.begin(), tables.end(), counted.table) == tables.end())
      tables.push_back(counted.table);
  }
  const auto formers = swap_.swap(*connection_, tables);
  for (const auto& table : tables) targets_.make_indexes(*connection_, table);
  connection_->commit();
  swap_.drop_former(context, *connection_, formers);
  swap_.unlock(*connection_);
}

TransactionWriter::Begun TransactionWriter::begin(Context& context) {
  connection_->begin();
  if (ledger_) {
    const LedgerRow found = ledger_->lock(*connection_);
    if (found.commits != row_.commits) {
      connection_->rollback();
      if (found.commits == next_.commits) {
        if (settings_.mode != OutputMode::Swap) return Begun::WasCommitted;
        // The rows were; whether the tables have their names, nothing tells.
        row_.commits = found.commits;
        targets_.forget();
        throw sql::Failure{sql::Code::Unavailable,
                           "the session was lost while tables were swapped"};
      }
      throw Failure{MR_DATA_INVALID,
                    fmt::format("ledger: it tells of {} transactions of {} and not of {}: the "
                                "database was set back, or somebody changed the ledger",
                                found.commits, ledger_->work(), row_.commits)};
    }
  }
  is_within_ = true;
  next_ = row_;
  ++next_.commits;
  if (settings_.is_at_once()) next_.tables.clear();
  if (asks_guard_first() && !guard_.allows(*connection_)) abort(context);
  if (settings_.mode == OutputMode::Replace) replace();
  if (settings_.mode == OutputMode::Swap && !swap_.has_lock(*connection_))
    throw sql::Failure{sql::Code::Unavailable, "the session was lost before tables were swapped"};
  return Begun::Now;
}

void TransactionWriter::replace() {
  replaced_.clear();
  if (!settings_.table.empty()) replace_in(settings_.table);
  for (const auto& table : settings_.tables) replace_in(table);
}

void TransactionWriter::replace_in(const std::string& table) {
  if (replaced_.contains(table)) return;
  const bool is_new =
      replaced_.insert(has_names_by_case(*connection_) ? table : folded(table)).second;
  replaced_.insert(table);
  if (!is_new) return;  // under another spelling
  std::string where;
  std::vector<sql::Value> values;
  for (const auto& column : settings_.key) {
    where += fmt::format("{}{}{}", where.empty() ? "" : " AND ", connection_->quote(column),
                         same_as(connection_->dialect()));
    values.push_back(*settings_.constant(column));
  }
  connection_->execute(
      fmt::format("DELETE FROM {} WHERE {}", connection_->quote(targets_.name_of(table)), where),
      values);
}

void TransactionWriter::write(const PendingRows& rows) {
  for (const auto& [table, block] : rows.tables()) {
    if (block.rows() == 0) continue;
    try {
      if (settings_.mode == OutputMode::Replace) replace_in(table);
      if (settings_.mode == OutputMode::Update) {
        update(table, block);
      } else {
        sql::Target target{targets_.name_of(table), {}};
        for (const sql::Column& column : block.columns) target.columns.push_back(column.name);
        connection_->insert_rows(target, block);
      }
    } catch (const sql::Failure& failure) {
      throw within_table(failure, table);
    }
    next_.add(table, block.rows());
  }
}

void TransactionWriter::update(const std::string& table, const sql::Block& rows) {
  std::vector<const sql::Column*> columns;  // those that are set, and then the key
  std::string set, where;
  const auto add = [&](bool is_key) {
    for (const sql::Column& column : rows.columns) {
      const auto& key = settings_.key;
      if ((std::find(key.begin(), key.end(), column.name) != key.end()) != is_key) continue;
      columns.push_back(&column);
      std::string& text = is_key ? where : set;
      if (!text.empty()) text += is_key ? " AND " : ", ";
      text += connection_->quote(column.name);
      text += is_key ? same_as(connection_->dialect()) : " = ?";
    }
  };
  add(false);
  add(true);
  const std::string statement = fmt::format(
      "UPDATE {} SET {} WHERE {}", connection_->quote(targets_.name_of(table)), set, where);
  std::vector<sql::Value> values(columns.size());
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    std::transform(columns.begin(), columns.end(), values.begin(),
                   [row](const sql::Column* column) { return value_at(*column, row); });
    connection_->execute(statement, values);
  }
}

void TransactionWriter::abort(Context& context) {
  roll_back();
  const auto why = guard_.describe();
  if (!ledger_) throw Failure{MR_CONFLICT, "guard: " + why};
  context.log(Level::Info, "the guard ends the job: " + why);
  nlohmann::json change{{"entity", "jobs"}, {"action", "abort"}, {"reason", "user"}};
  const std::string job{context.job()};
  const bool is_number = job.find_first_not_of("0123456789") == std::string::npos;
  if (is_number) {
    change["id"] = std::stoll(job);
  } else {
    change["id"] = job;
  }
  context.change(context.parse(change.dump()));
  throw Failure{MR_CANCELLED, "guard: " + why};
}

void TransactionWriter::roll_back() {
  is_within_ = false;
  if (!connection_) return;
  try {
    connection_->rollback();
  } catch (const sql::Failure&) {
    // The connection is gone, and its transaction with it.
  }
}

}  // namespace millrace::sql_operators
