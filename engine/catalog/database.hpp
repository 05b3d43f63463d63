#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/result.hpp"

namespace millrace {

/// A value bound to a statement or read from a row.
using SqlValue = std::variant<std::nullptr_t, std::int64_t, double, std::string>;

/// Returns a number as an integer; 0 for null and for text.
inline std::int64_t integer(const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  const auto* real = std::get_if<double>(&value);
  return real != nullptr ? static_cast<std::int64_t>(*real) : 0;
}

/// Returns about how many bytes the values hold.
inline std::size_t bytes_of(const std::vector<SqlValue>& values) {
  std::size_t bytes = values.size() * sizeof(SqlValue);
  for (const SqlValue& value : values) {
    if (const auto* text = std::get_if<std::string>(&value)) bytes += text->size();
  }
  return bytes;
}

struct SqlRows {
  std::vector<std::string> columns;
  std::vector<std::vector<SqlValue>> rows;
};

/// One connection to the catalog's database. [one thread at a time; blocks] Statements use "?" and
/// are prepared once for a text. A server that keeps silent for too long counts as a lost
/// connection; a lost connection is opened anew by the next call.
///
/// What a code means, for whoever decides whether to try again:
///   passes by itself   Unavailable: the server is away or silent, a lock was not to be had, the
///                      transaction was undone (deadlock); Io: file or disk do not answer
///   passes with help   Exhausted: the disk or a table is full
///   never passes       InvalidArgument: a value is longer than its column, or larger than the
///                      database takes at all (max_allowed_packet, SQLITE_MAX_LENGTH); Conflict:
///                      taken, or still referred to; PermissionDenied, NotFound: of the account or
///                      the database; DataInvalid: the file is damaged; Internal: our mistake
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Result<SqlRows> query(std::string_view sql, const std::vector<SqlValue>& values = {}) = 0;
  struct Changed {
    std::int64_t rows = 0;
  };
  virtual Result<Changed> execute(std::string_view sql,
                                  const std::vector<SqlValue>& values = {}) = 0;
  /// Executes an INSERT of one row and returns the id that the database gave it, which MySQL and
  /// MariaDB must be asked for.
  virtual Result<std::int64_t> insert(std::string_view sql,
                                      const std::vector<SqlValue>& values = {}) = 0;
  /// Runs a statement without values and rows that is not worth preparing, or cannot be: DDL,
  /// SAVEPOINT.
  virtual Result<void> run(std::string_view sql) = 0;
  virtual Result<void> begin() = 0;
  virtual Result<void> commit() = 0;
  virtual Result<void> rollback() = 0;
  /// Queries and changes from here on end at that time with DeadlineExceeded; one of a server,
  /// which has DatabaseSettings::answer_timeout for each at the most, up to a second later. The
  /// maximum: they do not.
  virtual void stop_at(std::chrono::steady_clock::time_point /*time*/) {}
};

/// Statements of a connection that are kept prepared; the least recently used makes room.
inline constexpr std::size_t kMostStatements = 256;

/// The two spellings of SQL that we use differ in little; this names what differs.
enum class SqlDialect { Sqlite, MySql };

/// Where the catalog lives. "sqlite:PATH", or "mysql://user@host:port/database" (MySQL and MariaDB;
/// the password comes from a file or the environment, never from the address).
class Database {
 public:
  virtual ~Database() = default;
  /// What a connection is for decides how long it waits for an answer.
  enum class Use {
    Serve,    // DatabaseSettings::answer_timeout
    Probe,    // a second: does the database answer at all?
    Migrate,  // an hour: a column or an index of a large table takes its time
  };
  virtual Result<std::unique_ptr<Connection>> connect(Use use = Use::Serve) = 0;
  [[nodiscard]] virtual SqlDialect dialect() const = 0;
  [[nodiscard]] virtual std::string describe() const = 0;  // without secrets
};

struct DatabaseSettings {
  std::string address;        // see above
  std::string password_file;  // mysql; else the environment variable MILLRACE_CATALOG_PASSWORD
  std::chrono::milliseconds busy_timeout{
      5'000};  // how long one statement waits for a lock or for an answer to connect
  std::chrono::milliseconds patience{
      20'000};  // how long accepted writes wait for a database that went away
  // How long a server may keep silent, at the most the patience, in whole seconds; a connection
  // counts as lost then.
  std::chrono::milliseconds answer_timeout{10'000};
  std::size_t max_queued_writes = 65'536;                  // more is Exhausted
  std::size_t max_queued_write_bytes = 256 * 1024 * 1024;  // as their callers count them
};

/// Returns how long a server may keep silent. Not less than two seconds: a wait for a lock ends
/// before it, so that the two can be told apart.
inline std::chrono::seconds answer_time(const DatabaseSettings& settings) {
  using std::chrono::seconds;
  return std::max(seconds{2}, std::chrono::duration_cast<seconds>(
                                  std::min(settings.answer_timeout, settings.patience)));
}

/// Opens the database. The MySQL driver is a module of its own that is loaded only when asked for.
Result<std::unique_ptr<Database>> open_database(const DatabaseSettings& settings);

}  // namespace millrace
