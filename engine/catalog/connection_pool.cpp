#include "engine/catalog/connection_pool.hpp"

#include <algorithm>

namespace millrace {

Result<ConnectionPool::Loan> ConnectionPool::take() {
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
  MR_TRY(auto connection, database_.connect());
  return Loan{*this, std::move(connection)};
}

void ConnectionPool::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock{mutex_};
  // More than that many threads reading at once is rare; the surplus closes here.
  if (idle_.size() < kMostIdle)
    idle_.push_back({std::this_thread::get_id(), std::move(connection)});
}

}  // namespace millrace
