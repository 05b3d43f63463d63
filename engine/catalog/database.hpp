#pragma once

#include <chrono>
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

struct SqlRows {
  std::vector<std::string> columns;
  std::vector<std::vector<SqlValue>> rows;
};

/// One connection to the catalog's database. [one thread at a time; blocks] Statements use "?" and
/// are prepared once for a text. A lost connection is Unavailable and is opened anew by the next
/// call.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Result<SqlRows> query(std::string_view sql, const std::vector<SqlValue>& values = {}) = 0;
  struct Changed {
    std::int64_t rows = 0;
    std::int64_t last_id = 0;
  };
  virtual Result<Changed> execute(std::string_view sql,
                                  const std::vector<SqlValue>& values = {}) = 0;
  /// Runs a statement without values and rows that is not worth preparing, or cannot be: DDL,
  /// SAVEPOINT.
  virtual Result<void> run(std::string_view sql) = 0;
  virtual Result<void> begin() = 0;
  virtual Result<void> commit() = 0;
  virtual Result<void> rollback() = 0;
};

/// The two spellings of SQL that we use differ in little; this names what differs.
enum class SqlDialect { Sqlite, MySql };

/// Where the catalog lives. "sqlite:PATH", or "mysql://user@host:port/database" (MySQL and MariaDB;
/// the password comes from a file or the environment, never from the address).
class Database {
 public:
  virtual ~Database() = default;
  virtual Result<std::unique_ptr<Connection>> connect() = 0;
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
  std::size_t max_queued_writes = 65'536;  // more is Exhausted
};

/// Opens the database. The MySQL driver is a module of its own that is loaded only when asked for.
Result<std::unique_ptr<Database>> open_database(const DatabaseSettings& settings);

}  // namespace millrace
