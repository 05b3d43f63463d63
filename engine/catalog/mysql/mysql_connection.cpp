#include "engine/catalog/mysql/mysql_connection.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <cppconn/connection.h>
#include <cppconn/datatype.h>
#include <cppconn/driver.h>
#include <cppconn/exception.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>

#include <fmt/format.h>

namespace millrace {

namespace {

// Returns the driver, made known to this thread: it asks for threadInit() before the first call of
// each thread and for threadEnd() after the last.
sql::Driver& driver() {
  static sql::Driver& shared = *get_driver_instance();
  struct ThreadScope {
    ThreadScope() { shared.threadInit(); }
    ~ThreadScope() { shared.threadEnd(); }
  };
  thread_local const ThreadScope scope;
  return shared;
}

// Numbers of the server and of the client library: MariaDB, "Error Codes"; MySQL, "Client Error
// Message Reference".
enum : int {
  kDuplicateKey = 1062,
  kForeignKeyParent = 1451,
  kForeignKeyChild = 1452,
  kDataTooLong = 1406,
  kPacketTooLarge = 1153,
  kAccessDenied = 1045,
  kDatabaseDenied = 1044,
  kUnknownDatabase = 1049,
  kTooManyConnections = 1040,
  kServerShutdown = 1053,
  kLockWaitTimeout = 1205,
  kDeadlock = 1213,
  kConnectionKilled = 1927,
  kDiskFull = 1021,
  kTableFull = 1114,
  kReadOnly = 1290,
  kFirstClientError = 2000,
  kLastClientError = 2099,
};

bool is_lost(int number) {
  return (number >= kFirstClientError && number <= kLastClientError) || number == kServerShutdown ||
         number == kConnectionKilled;
}

Code code_of(int number) {
  if (is_lost(number)) return Code::Unavailable;
  switch (number) {
    case kDuplicateKey:
    case kForeignKeyParent:
    case kForeignKeyChild:
      return Code::Conflict;
    case kDataTooLong:
      return Code::InvalidArgument;
    case kDiskFull:
    case kTableFull:
    case kPacketTooLarge:
      return Code::Exhausted;
    case kTooManyConnections:
    case kLockWaitTimeout:
    case kDeadlock:
    case kReadOnly:
      return Code::Unavailable;
    case kAccessDenied:
    case kDatabaseDenied:
      return Code::PermissionDenied;
    case kUnknownDatabase:
      return Code::NotFound;
    default:
      return Code::Internal;
  }
}

class MysqlConnection final : public Connection {
 public:
  explicit MysqlConnection(MysqlSettings settings) : settings_{std::move(settings)} {}
  ~MysqlConnection() override { drop(); }

  Result<void> open() {
    return guard({}, [&]() -> Result<void> {
      connect();
      return {};
    });
  }

  Result<SqlRows> query(std::string_view sql, const std::vector<SqlValue>& values) override {
    return guard(sql, [&]() -> Result<SqlRows> {
      sql::PreparedStatement& statement = prepare(sql);
      bind(statement, values);
      const std::unique_ptr<sql::ResultSet> found{statement.executeQuery()};
      return read_all(*found);
    });
  }

  Result<Changed> execute(std::string_view sql, const std::vector<SqlValue>& values) override {
    return guard(sql, [&]() -> Result<Changed> {
      sql::PreparedStatement& statement = prepare(sql);
      bind(statement, values);
      Changed changed;
      changed.rows = statement.executeUpdate();
      if (sql.starts_with("INSERT")) changed.last_id = last_id();
      return changed;
    });
  }

  Result<void> run(std::string_view sql) override {
    return guard(sql, [&]() -> Result<void> {
      connect();
      const std::unique_ptr<sql::Statement> statement{connection_->createStatement()};
      statement->execute(std::string{sql});
      return {};
    });
  }

  Result<void> begin() override {
    transaction_ = Transaction::None;
    MR_CHECK(run("START TRANSACTION"));
    transaction_ = Transaction::Open;
    return {};
  }
  Result<void> commit() override {
    MR_CHECK(run("COMMIT"));
    transaction_ = Transaction::None;
    return {};
  }
  Result<void> rollback() override {
    transaction_ = Transaction::None;
    if (!connection_) return {};  // the server has rolled back what a lost connection left
    return run("ROLLBACK");
  }

 private:
  static constexpr std::size_t kMostStatements = 256;

  // Lost: the connection went away within a transaction. What is left of it must not reach a new
  // connection, where each statement would be committed alone; so all is refused until rollback()
  // or begin().
  enum class Transaction { None, Open, Lost };

  struct Prepared {
    std::unique_ptr<sql::PreparedStatement> statement;
    std::uint64_t last_used = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  // Calls `work`; what the driver throws becomes an error, and after a lost connection the next
  // call begins with a new one.
  template <class Work>
  auto guard(std::string_view sql, const Work& work) -> decltype(work()) {
    if (transaction_ == Transaction::Lost) {
      return Error{
          Code::Unavailable,
          fmt::format("catalog database: the connection was lost within a transaction ({})",
                      settings_.address.describe())};
    }
    try {
      driver();
      return work();
    } catch (const sql::SQLException& failure) {
      const int number = failure.getErrorCode();
      if (is_lost(number)) drop();
      return Error{code_of(number),
                   fmt::format("catalog database: {} (error {}, {})", failure.what(), number,
                               settings_.address.describe()),
                   fmt::format("sqlstate={} sql={}", failure.getSQLState(), sql)};
    } catch (const std::exception& failure) {
      drop();
      return Error{Code::Internal, fmt::format("catalog database: {}", failure.what()),
                   std::string{sql}};
    }
  }

  void connect() {
    if (connection_) return;
    const MysqlAddress& address = settings_.address;
    const int seconds = std::max(1, static_cast<int>(settings_.timeout.count() / 1000));
    sql::ConnectOptionsMap options;
    options["hostName"] = sql::SQLString{
        address.socket.empty() ? fmt::format("tcp://{}:{}", address.host, address.port)
                               : "unix://" + address.socket};
    options["userName"] = sql::SQLString{address.user};
    options["password"] = sql::SQLString{settings_.password};
    options["schema"] = sql::SQLString{address.database};
    options["OPT_CHARSET_NAME"] = sql::SQLString{"utf8mb4"};
    options["OPT_CONNECT_TIMEOUT"] = seconds;
    options["OPT_RECONNECT"] =
        false;  // it would silently begin a new session in the middle of a transaction
    if (!address.ssl_ca.empty()) {
      options["sslCA"] = sql::SQLString{address.ssl_ca};
      options["sslVerify"] = true;
      options["sslEnforce"] = true;
    }
    connection_.reset(driver().connect(options));
    const std::unique_ptr<sql::Statement> statement{connection_->createStatement()};
    // READ COMMITTED: a conditional UPDATE by key sees what others have committed, and locks no
    // gaps.
    for (const std::string& setting :
         {std::string{"SET NAMES utf8mb4"},
          std::string{"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"},
          std::string{"SET SESSION sql_mode = "
                      "'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,ERROR_FOR_DIVISION_BY_ZERO'"},
          fmt::format("SET SESSION innodb_lock_wait_timeout = {}", seconds)}) {
      statement->execute(setting);
    }
  }

  void drop() {
    if (transaction_ == Transaction::Open) transaction_ = Transaction::Lost;
    statements_.clear();
    connection_.reset();
  }

  sql::PreparedStatement& prepare(std::string_view sql) {
    connect();
    ++uses_;
    if (const auto found = statements_.find(sql); found != statements_.end()) {
      found->second.last_used = uses_;
      return *found->second.statement;
    }
    std::unique_ptr<sql::PreparedStatement> made{connection_->prepareStatement(std::string{sql})};
    if (statements_.size() >= kMostStatements) {
      statements_.erase(std::min_element(
          statements_.begin(), statements_.end(),
          [](const auto& a, const auto& b) { return a.second.last_used < b.second.last_used; }));
    }
    return *statements_.emplace(std::string{sql}, Prepared{std::move(made), uses_})
                .first->second.statement;
  }

  static void bind(sql::PreparedStatement& statement, const std::vector<SqlValue>& values) {
    unsigned place = 0;
    for (const SqlValue& value : values) {
      ++place;
      if (const auto* number = std::get_if<std::int64_t>(&value)) {
        statement.setInt64(place, *number);
      } else if (const auto* real = std::get_if<double>(&value)) {
        statement.setDouble(place, *real);
      } else if (const auto* text = std::get_if<std::string>(&value)) {
        statement.setString(place, sql::SQLString{*text});
      } else {
        statement.setNull(place, sql::DataType::VARCHAR);
      }
    }
  }

  static SqlRows read_all(sql::ResultSet& found) {
    SqlRows out;
    sql::ResultSetMetaData& meta = *found.getMetaData();  // owned by the result set
    const unsigned columns = meta.getColumnCount();
    std::vector<int> types;
    for (unsigned column = 1; column <= columns; ++column) {
      out.columns.emplace_back(meta.getColumnLabel(column).asStdString());
      types.push_back(meta.getColumnType(column));
    }
    while (found.next()) {
      auto& row = out.rows.emplace_back();
      row.reserve(columns);
      for (unsigned column = 1; column <= columns; ++column)
        row.push_back(read(found, column, types[column - 1]));
    }
    return out;
  }

  static SqlValue read(sql::ResultSet& found, unsigned column, int type) {
    if (found.isNull(column)) return nullptr;
    switch (type) {
      case sql::DataType::BIT:
      case sql::DataType::TINYINT:
      case sql::DataType::SMALLINT:
      case sql::DataType::MEDIUMINT:
      case sql::DataType::INTEGER:
      case sql::DataType::BIGINT:
        return std::int64_t{found.getInt64(column)};
      case sql::DataType::REAL:
      case sql::DataType::DOUBLE:
      case sql::DataType::DECIMAL:
      case sql::DataType::NUMERIC:
        return static_cast<double>(found.getDouble(column));
      default:
        return found.getString(column).asStdString();
    }
  }

  std::int64_t last_id() {
    const std::unique_ptr<sql::ResultSet> found{prepare("SELECT LAST_INSERT_ID()").executeQuery()};
    return found->next() ? found->getInt64(1) : 0;
  }

  const MysqlSettings settings_;
  std::unique_ptr<sql::Connection> connection_;
  std::unordered_map<std::string, Prepared, Hash, std::equal_to<>>
      statements_;  // end before the connection
  std::uint64_t uses_ = 0;
  Transaction transaction_ = Transaction::None;
};

}  // namespace

Result<std::unique_ptr<Connection>> connect_mysql(const MysqlSettings& settings) {
  auto connection = std::make_unique<MysqlConnection>(settings);
  MR_CHECK(connection->open());
  return std::unique_ptr<Connection>{std::move(connection)};
}

}  // namespace millrace
