#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <cppconn/connection.h>
#include <cppconn/exception.h>
#include <cppconn/prepared_statement.h>

#include <millrace/sql/connection.hpp>

#include "../statement_cache.hpp"

namespace millrace::sql {

namespace cppconn = ::sql;  // MySQL Connector/C++

/// A session with a server, which a connection and its reader share; made anew when it was lost.
class MysqlSession {
 public:
  explicit MysqlSession(Settings settings) : settings_{std::move(settings)} {}
  ~MysqlSession() { drop(); }
  MysqlSession(const MysqlSession&) = delete;
  MysqlSession& operator=(const MysqlSession&) = delete;

  /// Calls `work` with the driver's connection, made where there is none. What the driver throws
  /// becomes a Failure, and after a lost connection the next call begins with a new one.
  template <class Work>
  auto call(std::string_view sql, const Work& work) -> decltype(work()) {
    try {
      open();
      return work();
    } catch (const cppconn::SQLException& failure) {
      translate(failure, sql);
    } catch (const Failure&) {
      throw;
    } catch (const std::bad_alloc&) {
      drop();
      throw;
    } catch (const std::exception& failure) {
      drop();
      throw Failure{Code::Internal,
                    std::string{"database: "} + failure.what(),
                    {.statement = std::string{sql}, .ends_session = true}};
    }
  }

  [[nodiscard]] bool is_connected() const { return connection_ != nullptr; }
  [[nodiscard]] cppconn::Connection& connection() { return *connection_; }
  cppconn::PreparedStatement& prepare(std::string_view sql);
  void run(const std::string& sql);

  /// Ends the session; within a transaction all is refused from then on, since each statement of
  /// what is left of it would be committed alone in a new session.
  void drop();
  /// Refuses where a transaction was lost, or a reader has the session.
  void check_usable() const;

  /// Tells the server how long statements may take until `stop_at`. Without `always` only where
  /// that is less than the server may keep silent.
  void limit_time(bool always);
  /// Tells the server, on a connection of its own, to end what the session does. [any thread]
  void interrupt();

  enum class Transaction { None, Open, Lost };
  Transaction transaction = Transaction::None;
  bool is_read = false;  // by a Reader
  std::chrono::steady_clock::time_point stop_at = std::chrono::steady_clock::time_point::max();

  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] std::size_t max_allowed_packet() const { return max_allowed_packet_; }

 private:
  void open();
  void set_up(cppconn::Connection& made);
  [[noreturn]] void translate(const cppconn::SQLException& failure, std::string_view sql);

  const Settings settings_;
  std::unique_ptr<cppconn::Connection> connection_;
  StatementCache<std::unique_ptr<cppconn::PreparedStatement>> statements_;  // ends before it
  std::size_t max_allowed_packet_ = 0;
  bool is_mariadb_ = false;                  // else MySQL
  std::chrono::milliseconds time_limit_{0};  // of a statement, as the server knows it; 0: none
  std::atomic<std::int64_t> id_{0};          // of the session, as the server knows it; 0: none
  std::atomic<bool> is_interrupted_{false};
};

}  // namespace millrace::sql
