#include "engine/run/waiting_share.hpp"

namespace millrace {

void WaitingShare::submit(Task task) {
  {
    const std::lock_guard lock{mutex_};
    if (held_ == most_) {
      kept_.push_back(task);
      return;
    }
    ++held_;
  }
  scheduler_.submit(task, Pool::Waiting);
}

void WaitingShare::done() {
  Task next;
  {
    const std::lock_guard lock{mutex_};
    if (kept_.empty()) {
      --held_;
      return;
    }
    next = kept_.front();
    kept_.pop_front();
  }
  // At the end of the pool's queue, so that other runs have their turn.
  scheduler_.submit(next, Pool::Waiting);
}

}  // namespace millrace
