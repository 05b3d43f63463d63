#include "engine/catalog/mysql/mysql_connection.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
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

#include "engine/catalog/mysql/mysql_errors.hpp"

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

// The driver sends longer texts on their own, in pieces; the others share one packet with the
// statement. Each of these has to fit into max_allowed_packet.
constexpr std::size_t kLongText = 256 * 1024;

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
      if (auto error = too_large(sql, values)) return *std::move(error);
      if (auto error = limit_time()) return *std::move(error);
      bind(statement, values);
      const std::unique_ptr<sql::ResultSet> found{statement.executeQuery()};
      return read_all(*found);
    });
  }

  Result<Changed> execute(std::string_view sql, const std::vector<SqlValue>& values) override {
    return guard(sql, [&]() -> Result<Changed> {
      sql::PreparedStatement& statement = prepare(sql);
      if (auto error = too_large(sql, values)) return *std::move(error);
      if (auto error = limit_time()) return *std::move(error);
      bind(statement, values);
      return Changed{statement.executeUpdate()};
    });
  }

  Result<std::int64_t> insert(std::string_view sql, const std::vector<SqlValue>& values) override {
    MR_CHECK(execute(sql, values));
    MR_TRY(const SqlRows found, query("SELECT LAST_INSERT_ID()", {}));
    return integer(found.rows.at(0).at(0));
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

  void stop_at(std::chrono::steady_clock::time_point time) override { stop_at_ = time; }

 private:
  static constexpr std::size_t kPlaceBytes = 16;  // of a value in a packet, besides itself

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
      if (ends_mysql_session(number)) drop();
      return Error{code_of_mysql_error(number),
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
    sql::ConnectOptionsMap options;
    options["hostName"] = sql::SQLString{
        address.socket.empty() ? fmt::format("tcp://{}:{}", address.host, address.port)
                               : "unix://" + address.socket};
    options["userName"] = sql::SQLString{address.user};
    options["password"] = sql::SQLString{settings_.password};
    options["schema"] = sql::SQLString{address.database};
    options["OPT_CHARSET_NAME"] = sql::SQLString{"utf8mb4"};
    options["OPT_CONNECT_TIMEOUT"] = static_cast<int>(settings_.connect_timeout.count());
    options["OPT_READ_TIMEOUT"] = static_cast<int>(settings_.answer_timeout.count());
    options["OPT_WRITE_TIMEOUT"] = static_cast<int>(settings_.answer_timeout.count());
    options["OPT_RECONNECT"] =
        false;  // it would silently begin a new session in the middle of a transaction
    if (!address.ssl_ca.empty()) {
      options["sslCA"] = sql::SQLString{address.ssl_ca};
      options["sslVerify"] = true;
      options["sslEnforce"] = true;
    }
    // Ours only when it is set up: half of one would be used as if it were whole.
    std::unique_ptr<sql::Connection> made{driver().connect(options)};
    const std::unique_ptr<sql::Statement> statement{made->createStatement()};
    // READ COMMITTED: a conditional UPDATE by key sees what others have committed, and locks no
    // gaps.
    for (const std::string& setting :
         {std::string{"SET NAMES utf8mb4"},
          std::string{"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"},
          std::string{"SET SESSION sql_mode = "
                      "'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,ERROR_FOR_DIVISION_BY_ZERO'"},
          fmt::format("SET SESSION innodb_lock_wait_timeout = {}",
                      settings_.lock_timeout.count())}) {
      statement->execute(setting);
    }
    end_idle_transactions(*statement, settings_.lock_timeout);
    plan_quickly(*statement);
    const std::unique_ptr<sql::ResultSet> found{
        statement->executeQuery("SELECT @@max_allowed_packet, VERSION()")};
    if (found->next()) {
      largest_ = static_cast<std::size_t>(found->getInt64(1));
      is_mariadb_ = found->getString(2).asStdString().find("MariaDB") != std::string::npos;
    }
    time_limit_ = {};
    connection_ = std::move(made);
  }

  // What is larger than the server takes would cost the connection, or a table's worth of repeats.
  [[nodiscard]] std::optional<Error> too_large(std::string_view sql,
                                               const std::vector<SqlValue>& values) const {
    std::size_t packet = sql.size(), largest = 0;
    for (const SqlValue& value : values) {
      const auto* text = std::get_if<std::string>(&value);
      const auto size = text != nullptr ? text->size() : sizeof(std::int64_t);
      if (size <= kLongText) packet += size + kPlaceBytes;
      largest = std::max(largest, size);
    }
    largest = std::max(largest, packet);
    if (largest < largest_) return std::nullopt;
    return Error{Code::InvalidArgument,
                 fmt::format("catalog database: {} bytes at once are more than the server takes, "
                             "max_allowed_packet is {}: raise it there, or make less of it ({})",
                             largest, largest_, settings_.address.describe()),
                 fmt::format("sql={}", sql)};
  }

  // A process that is frozen within a transaction would keep its locks from everybody else for as
  // long as it lives; the server ends that transaction, and its session. MySQL has no such setting.
  static void end_idle_transactions(sql::Statement& statement, std::chrono::seconds time) {
    constexpr int kUnknownVariable = 1193;
    try {
      statement.execute(fmt::format("SET SESSION idle_transaction_timeout = {}", time.count()));
    } catch (const sql::SQLException& failure) {
      if (failure.getErrorCode() != kUnknownVariable) throw;
    }
  }

  // Most of our statements ask for few rows by their keys, and are planned each time. A list of
  // keys is then not looked up once more for an estimate, and what is asked of a table by its key
  // for each row is not kept in a temporary table. MySQL has no such table.
  static void plan_quickly(sql::Statement& statement) {
    constexpr int kWrongValue = 1231;
    statement.execute("SET SESSION eq_range_index_dive_limit = 10");
    try {
      statement.execute("SET SESSION optimizer_switch = 'subquery_cache=off'");
    } catch (const sql::SQLException& failure) {
      if (failure.getErrorCode() != kWrongValue) throw;
    }
  }

  // Tells the server how long statements of this session may take, where that is less than it may
  // keep silent. Rounded up, so that statements of one request mostly have the same limit, and no
  // trip to the server is made for it. MySQL limits those that read only.
  std::optional<Error> limit_time() {
    using std::chrono::milliseconds;
    constexpr milliseconds kTenth{100}, kSecond{1'000};
    milliseconds wanted{0};
    if (stop_at_ != std::chrono::steady_clock::time_point::max()) {
      const auto left =
          std::chrono::ceil<milliseconds>(stop_at_ - std::chrono::steady_clock::now());
      if (left.count() <= 0) {
        return Error{Code::DeadlineExceeded,
                     fmt::format("catalog database: there is no time left to ask it ({})",
                                 settings_.address.describe())};
      }
      const auto step = left < kSecond ? kTenth : kSecond;
      if (left < settings_.answer_timeout) wanted = (left + step - milliseconds{1}) / step * step;
    }
    if (wanted == time_limit_) return std::nullopt;
    const std::unique_ptr<sql::Statement> statement{connection_->createStatement()};
    statement->execute(is_mariadb_
                           ? fmt::format("SET SESSION max_statement_time = {}.{}", wanted / kSecond,
                                         wanted % kSecond / kTenth)
                           : fmt::format("SET SESSION max_execution_time = {}", wanted.count()));
    time_limit_ = wanted;
    return std::nullopt;
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

  const MysqlSettings settings_;
  std::unique_ptr<sql::Connection> connection_;
  std::unordered_map<std::string, Prepared, Hash, std::equal_to<>>
      statements_;  // end before the connection
  std::uint64_t uses_ = 0;
  std::size_t largest_ = 0;  // max_allowed_packet of this session
  bool is_mariadb_ = false;  // else MySQL
  std::chrono::steady_clock::time_point stop_at_ = std::chrono::steady_clock::time_point::max();
  std::chrono::milliseconds time_limit_{0};  // of a statement, as the server knows it; 0: none
  Transaction transaction_ = Transaction::None;
};

}  // namespace

Result<std::unique_ptr<Connection>> connect_mysql(const MysqlSettings& settings) {
  auto connection = std::make_unique<MysqlConnection>(settings);
  MR_CHECK(connection->open());
  return std::unique_ptr<Connection>{std::move(connection)};
}

}  // namespace millrace
