#include "engine/catalog/connection_pool.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace millrace {

Result<ConnectionPool::Loan> ConnectionPool::take() {
  if (is_silent_.load(std::memory_order_relaxed)) {
    const bool is_back = may_probe() && probe().ok();
    if (!is_back) {
      return Error{Code::Unavailable, fmt::format("catalog: the database does not answer ({}); "
                                                  "try again later",
                                                  database_.describe())};
    }
  }
  {
    const std::lock_guard lock{mutex_};
    if (!idle_.empty()) {
      const auto mine = std::find_if(idle_.begin(), idle_.end(),
                                     [thread = std::this_thread::get_id()](const Idle& idle) {
                                       return idle.thread == thread;
                                     });
      const auto chosen = mine == idle_.end() ? idle_.end() - 1 : mine;
      auto connection = std::move(chosen->connection);
      if (chosen != idle_.end() - 1) *chosen = std::move(idle_.back());
      idle_.pop_back();
      return Loan{*this, std::move(connection)};
    }
  }
  const auto began = std::chrono::steady_clock::now();
  auto connection = database_.connect();
  if (!connection.ok()) {
    if (was_silent(connection.error(), began)) is_silent_ = true;
    return std::move(connection).error();
  }
  return Loan{*this, *std::move(connection)};
}

bool ConnectionPool::was_silent(const Error& error, std::chrono::steady_clock::time_point began) {
  // One that refuses at once holds nobody up, and is back as soon as it takes connections.
  return error.code == Code::Unavailable && std::chrono::steady_clock::now() - began >= kSilence;
}

Result<void> ConnectionPool::probe() {
  const auto began = std::chrono::steady_clock::now();
  auto asked = probe_.ask();
  const std::lock_guard lock{mutex_};
  is_silent_ = !asked.ok() && was_silent(asked.error(), began);
  is_probing_ = false;
  next_probe_ = std::chrono::steady_clock::now() + kBetweenProbes;
  return asked;
}

bool ConnectionPool::may_probe() {
  const std::lock_guard lock{mutex_};
  if (is_probing_ || std::chrono::steady_clock::now() < next_probe_) return false;
  is_probing_ = true;
  return true;
}

void ConnectionPool::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock{mutex_};
  // More than that many threads reading at once is rare; the surplus closes here.
  if (idle_.size() < kMostIdle)
    idle_.push_back({std::this_thread::get_id(), std::move(connection)});
}

}  // namespace millrace
