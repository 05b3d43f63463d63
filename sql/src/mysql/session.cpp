#include "session.hpp"

#include <algorithm>
#include <utility>

#include <cppconn/driver.h>
#include <cppconn/resultset.h>
#include <cppconn/statement.h>

#include "errors.hpp"

#include <fmt/format.h>

namespace millrace::sql {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Returns the driver, made known to this thread: it asks for threadInit() before the first call of
// each thread and for threadEnd() after the last.
cppconn::Driver& driver() {
  static cppconn::Driver& shared = *get_driver_instance();
  struct ThreadScope {
    ThreadScope() { shared.threadInit(); }
    ~ThreadScope() { shared.threadEnd(); }
  };
  thread_local const ThreadScope scope;
  return shared;
}

int whole_seconds(milliseconds time) {
  return static_cast<int>(std::max(std::chrono::ceil<seconds>(time), seconds{1}).count());
}

std::unique_ptr<cppconn::Connection> connect_to(const Settings& settings) {
  const Address& address = settings.address;
  const auto text = [](const std::string& value) { return cppconn::SQLString{value}; };
  cppconn::ConnectOptionsMap options;
  options["hostName"] =
      text(address.socket.empty() ? fmt::format("tcp://{}:{}", address.host, address.port)
                                  : "unix://" + address.socket);
  options["userName"] = text(address.user);
  options["password"] = text(settings.password);
  options["schema"] = text(address.schema);
  options["OPT_CHARSET_NAME"] = text("utf8mb4");
  options["OPT_CONNECT_TIMEOUT"] = whole_seconds(settings.connect_timeout);
  options["OPT_READ_TIMEOUT"] = whole_seconds(settings.read_timeout);
  options["OPT_WRITE_TIMEOUT"] = whole_seconds(settings.write_timeout);
  // It would silently begin a new session in the middle of a transaction.
  options["OPT_RECONNECT"] = false;
  // Else a server may ask for any file that this process can read.
  options["OPT_LOCAL_INFILE"] = 0;
  if (!address.ssl_ca.empty()) {
    options["sslCA"] = text(address.ssl_ca);
    options["sslVerify"] = true;
    options["sslEnforce"] = true;
  }
  return std::unique_ptr<cppconn::Connection>{driver().connect(options)};
}

}  // namespace

void MysqlSession::open() {
  driver();
  if (connection_) return;
  // Ours only when it is set up: half of one would be used as if it were whole.
  auto made = connect_to(settings_);
  set_up(*made);
  time_limit_ = {};
  connection_ = std::move(made);
}

void MysqlSession::set_up(cppconn::Connection& made) {
  const std::unique_ptr<cppconn::Statement> statement{made.createStatement()};
  for (const std::string& own : settings_.on_connect) statement->execute(own);
  statement->execute("SET NAMES utf8mb4");
  // max_error_count: a stream asks for the error that ended it.
  std::string set = fmt::format(
      "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,ERROR_FOR_DIVISION_BY_ZERO', "
      "max_error_count = 64, innodb_lock_wait_timeout = {}",
      whole_seconds(settings_.lock_timeout));
  const auto add = [&set](std::string_view name, seconds time) {
    if (time.count() > 0) set += fmt::format(", {} = {}", name, time.count());
  };
  add("net_write_timeout", settings_.slow_reader_timeout);
  add("wait_timeout", settings_.idle_timeout);
  statement->execute(set);
  const std::unique_ptr<cppconn::ResultSet> found{
      statement->executeQuery("SELECT @@max_allowed_packet, VERSION(), CONNECTION_ID()")};
  if (!found->next())
    throw Failure{Code::Unavailable, "database: the server says nothing of itself"};
  max_allowed_packet_ = static_cast<std::size_t>(found->getUInt64(1));
  is_mariadb_ = found->getString(2).asStdString().find("MariaDB") != std::string::npos;
  id_ = found->getInt64(3);
  if (is_mariadb_ && settings_.idle_transaction_timeout.count() > 0) {
    statement->execute(fmt::format("SET SESSION idle_transaction_timeout = {}",
                                   settings_.idle_transaction_timeout.count()));
  }
}

cppconn::PreparedStatement& MysqlSession::prepare(std::string_view sql) {
  return *statements_.get(sql, [&] {
    return std::unique_ptr<cppconn::PreparedStatement>{
        connection_->prepareStatement(std::string{sql})};
  });
}

void MysqlSession::run(const std::string& sql) {
  const std::unique_ptr<cppconn::Statement> statement{connection_->createStatement()};
  statement->execute(sql);
}

void MysqlSession::drop() {
  if (transaction == Transaction::Open) transaction = Transaction::Lost;
  id_ = 0;
  statements_.clear();
  connection_.reset();
}

void MysqlSession::check_usable() const {
  if (is_read) throw Failure{Code::Internal, "database: the connection is read by a stream"};
  if (transaction == Transaction::Lost) {
    throw Failure{Code::Unavailable,
                  fmt::format("database: the connection was lost within a transaction ({})",
                              settings_.address.describe())};
  }
}

// Rounded up, so that statements of one request mostly have the same limit, and no trip to the
// server is made for it. MySQL limits those that read only.
void MysqlSession::limit_time(bool always) {
  constexpr milliseconds kTenth{100}, kSecond{1'000};
  is_interrupted_ = false;
  milliseconds wanted{0};
  if (stop_at != std::chrono::steady_clock::time_point::max()) {
    const auto left = std::chrono::ceil<milliseconds>(stop_at - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      throw Failure{Code::DeadlineExceeded,
                    fmt::format("database: there is no time left to ask it ({})",
                                settings_.address.describe())};
    }
    const auto step = left < kSecond ? kTenth : kSecond;
    if (always || left < settings_.read_timeout)
      wanted = (left + step - milliseconds{1}) / step * step;
  }
  if (wanted == time_limit_) return;
  run(is_mariadb_ ? fmt::format("SET SESSION max_statement_time = {}.{}", wanted / kSecond,
                                wanted % kSecond / kTenth)
                  : fmt::format("SET SESSION max_execution_time = {}", wanted.count()));
  time_limit_ = wanted;
}

void MysqlSession::interrupt() {
  const std::int64_t id = id_;
  if (id == 0) return;
  is_interrupted_ = true;
  Settings settings = settings_;
  settings.connect_timeout = settings.read_timeout = settings.write_timeout = seconds{1};
  try {
    const auto other = connect_to(settings);
    const std::unique_ptr<cppconn::Statement> statement{other->createStatement()};
    statement->execute(fmt::format("KILL QUERY {}", id));
  } catch (const cppconn::SQLException&) {
    // It ended before, or the server is silent, and then the read timeout ends it.
  }
}

void MysqlSession::translate(const cppconn::SQLException& failure, std::string_view sql) {
  constexpr int kInterrupted = 1317;
  const int number = failure.getErrorCode();
  const bool is_lost = ends_mysql_session(number);
  if (is_lost) drop();
  const bool is_ours = number == kInterrupted && is_interrupted_.exchange(false);
  throw Failure{is_ours ? Code::Cancelled : code_of_mysql(number),
                fmt::format("database: {} (error {}, {})", failure.what(), number,
                            settings_.address.describe()),
                {.number = number,
                 .sqlstate = failure.getSQLState(),
                 .statement = std::string{sql},
                 .ends_session = is_lost}};
}

}  // namespace millrace::sql
