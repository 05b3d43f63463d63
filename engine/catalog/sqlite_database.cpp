#include "engine/catalog/sqlite_database.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <sqlite3.h>

#include "engine/base/private_files.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using DatabaseHandle = std::unique_ptr<sqlite3, CloseDatabase>;
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

Code code_of(int result) {
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return Code::Unavailable;
    case SQLITE_CONSTRAINT:
      return Code::Conflict;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return Code::Exhausted;
    case SQLITE_TOOBIG:
      return Code::InvalidArgument;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_NOLFS:
      return Code::Io;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return Code::DataInvalid;
    default:
      return Code::Internal;
  }
}

std::string_view way_out(int result) {
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another program holds its lock; end it or try again";
    case SQLITE_FULL:
      return "the disk is full; free some space";
    case SQLITE_TOOBIG:
      return "a row holds at most 1,000,000,000 bytes; make less of it";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return "check owner and mode of the file and of its folder";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "it is damaged or no SQLite file; restore it from a copy";
    default:
      return {};
  }
}

constexpr std::chrono::milliseconds kProbeTimeout{1'000};

// A statement on loan: reset and unbound at the end, so that it holds neither locks nor the
// caller's memory.
class Loan {
 public:
  explicit Loan(sqlite3_stmt* statement) : statement_{statement} {}
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

class SqliteConnection final : public Connection {
 public:
  SqliteConnection(DatabaseHandle handle, std::string path)
      : path_{std::move(path)}, handle_{std::move(handle)} {}

  Result<SqlRows> query(std::string_view sql, const std::vector<SqlValue>& values) override {
    MR_TRY(sqlite3_stmt * statement, prepare(sql));
    const Loan loan{statement};
    MR_CHECK(bind(statement, values));
    SqlRows out;
    const int columns = sqlite3_column_count(statement);
    out.columns.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      out.columns.emplace_back(sqlite3_column_name(statement, column));
    }
    int result = sqlite3_step(statement);
    for (; result == SQLITE_ROW; result = sqlite3_step(statement)) {
      auto& row = out.rows.emplace_back();
      row.reserve(static_cast<std::size_t>(columns));
      for (int column = 0; column < columns; ++column) row.push_back(read(statement, column));
    }
    if (result != SQLITE_DONE) return failure(result, sql);
    return out;
  }

  Result<Changed> execute(std::string_view sql, const std::vector<SqlValue>& values) override {
    MR_TRY(sqlite3_stmt * statement, prepare(sql));
    const Loan loan{statement};
    MR_CHECK(bind(statement, values));
    int result = sqlite3_step(statement);
    while (result == SQLITE_ROW) result = sqlite3_step(statement);
    if (result != SQLITE_DONE) return failure(result, sql);
    return Changed{sqlite3_changes64(handle_.get())};
  }

  Result<std::int64_t> insert(std::string_view sql, const std::vector<SqlValue>& values) override {
    MR_CHECK(execute(sql, values));
    return std::int64_t{sqlite3_last_insert_rowid(handle_.get())};
  }

  Result<void> run(std::string_view sql) override {
    MR_CHECK(execute(sql, {}));
    return {};
  }

  // IMMEDIATE: a transaction of ours always writes, and waiting for the lock is possible at its
  // beginning only.
  Result<void> begin() override { return run("BEGIN IMMEDIATE"); }
  Result<void> commit() override { return run("COMMIT"); }
  Result<void> rollback() override {
    if (sqlite3_get_autocommit(handle_.get()) != 0)
      return {};  // some errors roll back by themselves
    return run("ROLLBACK");
  }

  void stop_at(std::chrono::steady_clock::time_point time) override {
    stop_at_ = time;
    const bool is_limited = time != std::chrono::steady_clock::time_point::max();
    sqlite3_progress_handler(handle_.get(), is_limited ? kStepsBetweenLooks : 0, &is_late, this);
  }

 private:
  // Of its virtual machine: some tenths of a millisecond.
  static constexpr int kStepsBetweenLooks = 20'000;

  // Whether to interrupt the statement that runs.
  static int is_late(void* self) {
    const auto& connection = *static_cast<SqliteConnection*>(self);
    return std::chrono::steady_clock::now() >= connection.stop_at_ ? 1 : 0;
  }

  struct Prepared {
    StatementHandle statement;
    std::uint64_t last_used = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  Result<sqlite3_stmt*> prepare(std::string_view sql) {
    ++uses_;
    if (const auto found = statements_.find(sql); found != statements_.end()) {
      found->second.last_used = uses_;
      return found->second.statement.get();
    }
    sqlite3_stmt* made = nullptr;
    const int result = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    StatementHandle statement{made};
    if (result != SQLITE_OK) return failure(result, sql);
    if (statements_.size() >= kMostStatements) {
      statements_.erase(std::min_element(
          statements_.begin(), statements_.end(),
          [](const auto& a, const auto& b) { return a.second.last_used < b.second.last_used; }));
    }
    statements_.emplace(std::string{sql}, Prepared{std::move(statement), uses_});
    return made;
  }

  Result<void> bind(sqlite3_stmt* statement, const std::vector<SqlValue>& values) {
    if (sqlite3_bind_parameter_count(statement) != static_cast<int>(values.size())) {
      return Error{Code::Internal, "SQL statement has another number of values",
                   sqlite3_sql(statement)};
    }
    int place = 0;
    for (const SqlValue& value : values) {
      ++place;
      int result = SQLITE_OK;
      if (const auto* number = std::get_if<std::int64_t>(&value)) {
        result = sqlite3_bind_int64(statement, place, *number);
      } else if (const auto* real = std::get_if<double>(&value)) {
        result = sqlite3_bind_double(statement, place, *real);
      } else if (const auto* text = std::get_if<std::string>(&value)) {
        // The values outlive the loan, so they need no copy.
        result = sqlite3_bind_text64(statement, place, text->data(), text->size(), SQLITE_STATIC,
                                     SQLITE_UTF8);
      }
      if (result != SQLITE_OK) return failure(result, sqlite3_sql(statement));
    }
    return {};
  }

  static SqlValue read(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
      case SQLITE_INTEGER:
        return std::int64_t{sqlite3_column_int64(statement, column)};
      case SQLITE_FLOAT:
        return sqlite3_column_double(statement, column);
      case SQLITE_NULL:
        return nullptr;
      default: {  // text and blob
        const void* bytes = sqlite3_column_blob(statement, column);
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
        return size == 0 ? std::string{} : std::string{static_cast<const char*>(bytes), size};
      }
    }
  }

  Error failure(int result, std::string_view sql) {
    if ((result & 0xff) == SQLITE_INTERRUPT) {
      return {Code::DeadlineExceeded,
              "catalog database: the answer takes longer than there is time for; ask for fewer "
              "rows, or for an order that an index has",
              fmt::format("sql={}", sql)};
    }
    const auto hint = way_out(result);
    return {code_of(result),
            fmt::format("catalog database: {}{}{} ({})", sqlite3_errstr(result),
                        hint.empty() ? "" : ": ", hint, path_),
            fmt::format("{}; sql={}", sqlite3_errmsg(handle_.get()), sql)};
  }

  std::string path_;
  DatabaseHandle handle_;
  std::unordered_map<std::string, Prepared, Hash, std::equal_to<>>
      statements_;  // end before the handle
  std::uint64_t uses_ = 0;
  std::chrono::steady_clock::time_point stop_at_{};  // looked at while there is a handler
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::filesystem::path path, std::chrono::milliseconds busy_timeout)
      : path_{std::move(path)}, busy_timeout_{busy_timeout} {}

  Result<std::unique_ptr<Connection>> connect(Use use) override {
    const auto busy_timeout =
        use == Use::Probe ? std::min(busy_timeout_, kProbeTimeout) : busy_timeout_;
    sqlite3* opened = nullptr;
    const int result =
        sqlite3_open_v2(path_.c_str(), &opened,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    DatabaseHandle handle{opened};
    if (result != SQLITE_OK) {
      return Error{code_of(result),
                   fmt::format("open catalog: {}: {} ({})", sqlite3_errstr(result), way_out(result),
                               path_.string()),
                   opened != nullptr ? sqlite3_errmsg(opened) : ""};
    }
    sqlite3_extended_result_codes(opened, 1);
    sqlite3_busy_timeout(opened, static_cast<int>(busy_timeout.count()));
    auto connection = std::make_unique<SqliteConnection>(std::move(handle), path_.string());
    // case_sensitive_like: LIKE means the same as in the other dialect. cache_size: KiB.
    for (const char* pragma :
         {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON",
          "PRAGMA case_sensitive_like = ON", "PRAGMA temp_store = MEMORY",
          "PRAGMA cache_size = -4096", "PRAGMA wal_autocheckpoint = 4000"}) {
      MR_CHECK(connection->run(pragma));
    }
    return std::unique_ptr<Connection>{std::move(connection)};
  }

  [[nodiscard]] SqlDialect dialect() const override { return SqlDialect::Sqlite; }
  [[nodiscard]] std::string describe() const override { return "sqlite:" + path_.string(); }

 private:
  const std::filesystem::path path_;
  const std::chrono::milliseconds busy_timeout_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const std::filesystem::path& path,
                                              std::chrono::milliseconds busy_timeout) {
  if (path.empty())
    return Error{Code::InvalidArgument, "catalog address names no file: sqlite:PATH is wanted"};
  // Its log and its index, beside it, get the mode that it has. Where it cannot be made, connecting
  // says why.
  static_cast<void>(make_private_file(path));
  return std::unique_ptr<Database>{std::make_unique<SqliteDatabase>(path, busy_timeout)};
}

}  // namespace millrace
