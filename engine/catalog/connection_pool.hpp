#pragma once

#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/catalog/database.hpp"

namespace millrace {

/// Connections for reading. A thread gets the one it had last when that is free, whose statements
/// and pages are warm. [any thread]
class ConnectionPool {
 public:
  explicit ConnectionPool(Database& database) : database_{database} {}

  /// A connection on loan; goes back to the pool at the end.
  class Loan {
   public:
    Loan(ConnectionPool& pool, std::unique_ptr<Connection> connection)
        : pool_{&pool}, connection_{std::move(connection)} {}
    Loan(Loan&&) = default;
    Loan& operator=(Loan&&) = delete;
    ~Loan() {
      if (connection_) pool_->give_back(std::move(connection_));
    }
    Connection& operator*() { return *connection_; }

   private:
    ConnectionPool* pool_;
    std::unique_ptr<Connection> connection_;
  };
  Result<Loan> take();

 private:
  static constexpr std::size_t kMostIdle = 64;

  struct Idle {
    std::thread::id thread;
    std::unique_ptr<Connection> connection;
  };

  void give_back(std::unique_ptr<Connection> connection);

  Database& database_;
  std::mutex mutex_;  // guards idle_
  std::vector<Idle> idle_;
};

}  // namespace millrace
