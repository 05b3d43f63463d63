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

#include <millrace/sql/address.hpp>
#include <millrace/sql/value.hpp>

#include "engine/base/result.hpp"

namespace millrace {

/// The words of sql/ that the catalog's interface uses.
using SqlValue = sql::Value;
using SqlRows = sql::Rows;
using SqlDialect = sql::Dialect;
using sql::integer;

/// Returns about how many bytes the values hold.
inline std::size_t bytes_of(const std::vector<SqlValue>& values) {
  std::size_t bytes = values.size() * sizeof(SqlValue);
  for (const SqlValue& value : values) {
    if (const auto* text = std::get_if<std::string>(&value)) bytes += text->size();
  }
  return bytes;
}

/// One connection to the catalog's database: what sql::Connection is, with errors for failures
/// (millrace/sql/failure.hpp says which codes pass by themselves). A table that is missing is our
/// mistake, so Internal. [one thread at a time; blocks]
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Result<SqlRows> query(std::string_view sql, const std::vector<SqlValue>& values = {}) = 0;
  struct Changed {
    std::int64_t rows = 0;
  };
  virtual Result<Changed> execute(std::string_view sql,
                                  const std::vector<SqlValue>& values = {}) = 0;
  /// Executes an INSERT of one row and returns the id that the database gave it.
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

/// Opens the database.
Result<std::unique_ptr<Database>> open_database(const DatabaseSettings& settings);

}  // namespace millrace
