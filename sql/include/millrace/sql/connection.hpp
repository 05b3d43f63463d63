#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/sql/address.hpp>
#include <millrace/sql/block.hpp>
#include <millrace/sql/failure.hpp>
#include <millrace/sql/table.hpp>
#include <millrace/sql/value.hpp>

namespace millrace::sql {

/// How to connect. A time of zero leaves a setting of the session as the server has it.
struct Settings {
  Address address;
  std::string password{};  // MySQL; it is in no message
  // SQLite: Read refuses every change, Create makes the file where it is missing.
  enum class Access { Read, Write, Create } access = Access::Write;

  std::chrono::seconds connect_timeout{5};
  std::chrono::milliseconds lock_timeout{5'000};  // MySQL: in whole seconds, 1 at the least
  // How long a server may keep silent before the connection counts as lost: a sort of a big table
  // is silent until it has its first row.
  std::chrono::seconds read_timeout{10};
  std::chrono::seconds write_timeout{10};  // how long it may take no bytes
  // MySQL, of the session there. How long it waits for whoever reads a stream slowly
  // (net_write_timeout), how long for the next statement (wait_timeout), and, MariaDB only, for the
  // next one of a transaction, which it rolls back (idle_transaction_timeout).
  std::chrono::seconds slow_reader_timeout{0}, idle_timeout{0}, idle_transaction_timeout{0};
  /// Statements that begin each session: PRAGMA and SET. The spelling of literals is not theirs to
  /// change (sql_mode, NAMES).
  std::vector<std::string> on_connect{};
};

/// The rows of a query, once and forward. It ends before its connection is used for anything else,
/// and may outlive it. [one thread at a time; blocks]
class Reader {
 public:
  static constexpr std::size_t kMaxBytes = 64 * 1024 * 1024;

  virtual ~Reader() = default;
  /// Replaces the rows of `block` by the next ones, at most `max_rows`, and not many more than
  /// `max_bytes` of text. A block without columns gets the query's; give it back, and its memory is
  /// used again. Returns whether there were any: false is the end, and never stands for an error.
  /// After a failure each further call fails.
  bool read(Block& block, std::int64_t max_rows, std::size_t max_bytes = kMaxBytes);

 protected:
  virtual bool read_rows(Block& block, std::int64_t max_rows, std::size_t max_bytes) = 0;

 private:
  bool has_failed_ = false;
};

/// What insert_rows() writes to.
struct Target {
  TableName table;
  std::vector<std::string> columns;
};

/// One session with a database. Values stand for "?" in a statement, which is prepared once for a
/// text. A server that keeps silent for too long counts as a lost connection; a lost connection is
/// opened anew by the next call, but within a transaction, where all is refused until rollback() or
/// begin(). All functions throw Failure. [one thread at a time; blocks]
class Connection {
 public:
  virtual ~Connection() = default;

  /// Returns all rows of a query that has few. Decimals come as reals, dates as texts.
  virtual Rows query(std::string_view sql, const std::vector<Value>& values = {}) = 0;
  /// Streams the rows of a query that has many. A reader that is let go before its end ends the
  /// session, and a transaction with it.
  virtual std::unique_ptr<Reader> stream(std::string_view sql,
                                         const std::vector<Value>& values = {}) = 0;
  /// Returns how many rows were changed.
  virtual std::int64_t execute(std::string_view sql, const std::vector<Value>& values = {}) = 0;
  /// Executes an INSERT of one row and returns the id that the database gave it.
  virtual std::int64_t insert(std::string_view sql, const std::vector<Value>& values = {}) = 0;
  /// Inserts all rows of the block, whose columns stand for the target's in their order, in as few
  /// trips as the server's packets allow. Within a transaction a failure leaves some of them
  /// behind, for rollback(); without one, none.
  void insert_rows(const Target& target, const Block& rows);
  /// Runs a statement without values and rows that is not worth preparing, or cannot be: DDL,
  /// SAVEPOINT.
  virtual void run(std::string_view sql) = 0;

  virtual void begin() = 0;
  virtual void commit() = 0;
  virtual void rollback() = 0;
  [[nodiscard]] virtual bool in_transaction() const = 0;

  /// Queries and changes from here on end at that time with DeadlineExceeded, on a server up to a
  /// second later; the maximum: they do not. A stream that has begun keeps the time it began with.
  virtual void stop_at(std::chrono::steady_clock::time_point time) = 0;
  /// Ends what runs, which then fails with Cancelled; nothing where nothing runs. A server is told
  /// on a connection of its own. [any thread; blocks for up to two seconds]
  virtual void interrupt() = 0;

  /// Throws Failure with NotFound where there is no such table or view.
  virtual TableInfo describe(const TableName& table) = 0;
  /// Whether the whole database refuses changes: read_only of a server, the mode of a file.
  virtual bool is_read_only() = 0;

  [[nodiscard]] Dialect dialect() const { return dialect_; }
  [[nodiscard]] std::string quote(std::string_view name) const {
    return quote_name(dialect_, name);
  }
  [[nodiscard]] std::string quote(const TableName& name) const {
    return quote_table(dialect_, name);
  }

 protected:
  explicit Connection(Dialect dialect) : dialect_{dialect} {}
  virtual void write_rows(const Target& target, const Block& rows) = 0;

 private:
  const Dialect dialect_;
};

/// Statements of a connection that are kept prepared; the least recently used makes room.
inline constexpr std::size_t kMostStatements = 256;

/// Opens a connection. The driver for MySQL and MariaDB is a module, "millrace_sql_mysql.so", that
/// is loaded when it is first asked for: from ../lib/millrace beside the program, else from where
/// the dynamic linker looks. NotFound where it cannot be, Conflict where it is of another build.
std::unique_ptr<Connection> connect(const Settings& settings);

}  // namespace millrace::sql
