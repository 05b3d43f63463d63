#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/catalog/database.hpp"
#include "engine/catalog/database_probe.hpp"

namespace millrace {

/// Connections for reading. A thread gets the one it had last when that is free, whose statements
/// and pages are warm. While the database keeps silent nobody gets any: one caller a second asks
/// whether it answers again, so a silent database does not hold one thread after the other. [any
/// thread]
class ConnectionPool {
 public:
  /// Connections that nobody reads with; the surplus closes.
  static constexpr std::size_t kMostIdle = 64;

  explicit ConnectionPool(Database& database) : database_{database}, probe_{database} {}

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

  /// Says whether what failed was a database that kept silent, and not one that refused at once.
  static bool was_silent(const Error& error, std::chrono::steady_clock::time_point began);

  /// Asks whether the database answers. When it keeps silent, take() refuses until it answers.
  Result<void> probe();

 private:
  static constexpr std::chrono::seconds kBetweenProbes{1};
  static constexpr std::chrono::milliseconds kSilence{500};

  struct Idle {
    std::thread::id thread;
    std::unique_ptr<Connection> connection;
  };

  bool may_probe();
  void give_back(std::unique_ptr<Connection> connection);

  Database& database_;
  DatabaseProbe probe_;
  std::atomic<bool> is_silent_{false};
  std::mutex mutex_;  // guards the rest
  std::vector<Idle> idle_;
  bool is_probing_ = false;
  std::chrono::steady_clock::time_point next_probe_{};
};

}  // namespace millrace
