// The catalog's databases, which are those of sql/ with errors for failures.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <utility>

#include <millrace/sql/connection.hpp>

#include "engine/base/private_files.hpp"
#include "engine/catalog/database.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

using std::chrono::seconds;

static_assert(static_cast<int>(sql::Code::InvalidArgument) ==
                  static_cast<int>(Code::InvalidArgument) &&
              static_cast<int>(sql::Code::Cancelled) == static_cast<int>(Code::Cancelled) &&
              static_cast<int>(sql::Code::Internal) == static_cast<int>(Code::Internal) &&
              static_cast<int>(sql::Code::PermissionDenied) ==
                  static_cast<int>(Code::PermissionDenied));

Error error_of(const sql::Failure& failure) {
  const auto& origin = failure.origin();
  return {static_cast<Code>(failure.code()), fmt::format("catalog {}", failure.what()),
          fmt::format("number={} sqlstate={} sql={}", origin.number, origin.sqlstate,
                      origin.statement)};
}

// Calls `work`, and turns its failure into an error.
template <class Work>
auto guard(const Work& work) -> Result<decltype(work())> {
  try {
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      return {};
    } else {
      return work();
    }
  } catch (const sql::Failure& failure) {
    return error_of(failure);
  } catch (const std::exception& failure) {
    return Error{Code::Internal, fmt::format("catalog database: {}", failure.what())};
  }
}

class SqlConnection final : public Connection {
 public:
  explicit SqlConnection(std::unique_ptr<sql::Connection> connection)
      : connection_{std::move(connection)} {}

  Result<SqlRows> query(std::string_view sql, const std::vector<SqlValue>& values) override {
    return ask([&] { return connection_->query(sql, values); });
  }
  Result<Changed> execute(std::string_view sql, const std::vector<SqlValue>& values) override {
    return ask([&] { return Changed{connection_->execute(sql, values)}; });
  }
  Result<std::int64_t> insert(std::string_view sql, const std::vector<SqlValue>& values) override {
    return ask([&] { return connection_->insert(sql, values); });
  }
  Result<void> run(std::string_view sql) override {
    return ask([&] { connection_->run(sql); });
  }
  Result<void> begin() override {
    return ask([&] { connection_->begin(); });
  }
  Result<void> commit() override {
    return ask([&] { connection_->commit(); });
  }
  Result<void> rollback() override {
    return ask([&] { connection_->rollback(); });
  }
  void stop_at(std::chrono::steady_clock::time_point time) override { connection_->stop_at(time); }

 private:
  // Tables and columns are our own: one that is missing is our mistake, and not the client's, who
  // would be told that what he asks for is not there.
  template <class Work>
  static auto ask(const Work& work) -> decltype(guard(work)) {
    auto done = guard(work);
    if (done.ok() || done.error().code != Code::NotFound) return done;
    Error error = std::move(done).error();
    error.code = Code::Internal;
    return error;
  }

  const std::unique_ptr<sql::Connection> connection_;
};

class SqlDatabase final : public Database {
 public:
  explicit SqlDatabase(sql::Settings settings) : settings_{std::move(settings)} {}

  Result<std::unique_ptr<Connection>> connect(Use use) override {
    constexpr seconds kProbe{1};
    sql::Settings settings = settings_;
    if (use == Use::Probe) {
      settings.lock_timeout = std::min<std::chrono::milliseconds>(settings.lock_timeout, kProbe);
      settings.connect_timeout = settings.read_timeout = settings.write_timeout = kProbe;
    } else if (use == Use::Migrate) {
      settings.read_timeout = settings.write_timeout = std::chrono::hours{1};
    }
    return guard([&]() -> std::unique_ptr<Connection> {
      return std::make_unique<SqlConnection>(sql::connect(settings));
    });
  }
  [[nodiscard]] SqlDialect dialect() const override { return settings_.address.dialect; }
  [[nodiscard]] std::string describe() const override { return settings_.address.describe(); }

 private:
  const sql::Settings settings_;
};

// The first line of the file, or the environment; never the address, which shows up in logs.
Result<std::string> find_password(const std::string& file) {
  if (file.empty()) {
    const char* given = std::getenv("MILLRACE_CATALOG_PASSWORD");
    return std::string{given != nullptr ? given : ""};
  }
  std::ifstream in{file};
  std::string line;
  if (!in)
    return Error{Code::NotFound,
                 fmt::format("catalog: the password file cannot be read: {}", file)};
  std::getline(in, line);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

// case_sensitive_like: LIKE means the same as in the other dialect. cache_size: KiB.
void set_up_sqlite(const DatabaseSettings& settings, sql::Settings& own) {
  // Its log and its index, beside it, get the mode that it has. Where it cannot be made, connecting
  // says why.
  static_cast<void>(make_private_file(own.address.path));
  own.access = sql::Settings::Access::Create;
  own.lock_timeout = settings.busy_timeout;
  own.on_connect = {"PRAGMA journal_mode = WAL",       "PRAGMA synchronous = FULL",
                    "PRAGMA foreign_keys = ON",        "PRAGMA case_sensitive_like = ON",
                    "PRAGMA temp_store = MEMORY",      "PRAGMA cache_size = -4096",
                    "PRAGMA wal_autocheckpoint = 4000"};
}

// A wait for a lock ends before the server counts as silent. A process that is frozen within a
// transaction would keep its locks from everybody else for as long as it lives. READ COMMITTED: a
// conditional UPDATE by key sees what others have committed, and locks no gaps. Most statements ask
// for few rows by their keys, and are planned each time: a list of keys is not looked up once more
// for an estimate, and what is asked of a table by its key for each row stands in no temporary
// table (MariaDB's own, a comment to MySQL).
Result<void> set_up_mysql(const DatabaseSettings& settings, sql::Settings& own) {
  MR_TRY(own.password, find_password(settings.password_file));
  own.read_timeout = own.write_timeout = answer_time(settings);
  own.connect_timeout = std::clamp(std::chrono::duration_cast<seconds>(settings.busy_timeout),
                                   seconds{1}, own.read_timeout - seconds{1});
  own.lock_timeout = own.idle_transaction_timeout = own.connect_timeout;
  own.on_connect = {"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
                    "SET SESSION eq_range_index_dive_limit = 10"
                    " /*M! , optimizer_switch = 'subquery_cache=off' */"};
  return {};
}

}  // namespace

Result<std::unique_ptr<Database>> open_database(const DatabaseSettings& settings) {
  sql::Settings own;
  MR_TRY(own.address, guard([&] { return sql::parse_address(settings.address); }));
  if (own.address.dialect == SqlDialect::Sqlite) {
    set_up_sqlite(settings, own);
  } else {
    MR_CHECK(set_up_mysql(settings, own));
  }
  return std::unique_ptr<Database>{std::make_unique<SqlDatabase>(std::move(own))};
}

}  // namespace millrace
