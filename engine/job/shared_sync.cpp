#include "engine/job/shared_sync.hpp"

namespace millrace {

Result<void> SharedSync::sync() {
  std::unique_lock lock{mutex_};
  const std::uint64_t wanted = begun_ + 1;
  while (ended_ < wanted) {
    if (begun_ > ended_) {
      ended_changed_.wait(
          lock);  // ends with the sync that is under way, which a worker of its own does
      continue;
    }
    ++begun_;
    lock.unlock();
    auto done = store_.sync();
    lock.lock();
    last_ = std::move(done);
    ended_ = begun_;
    ended_changed_.notify_all();
  }
  return last_;
}

}  // namespace millrace
