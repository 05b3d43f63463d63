#include "engine/testing/helper_threads.hpp"

#include <algorithm>
#include <utility>

namespace millrace::testing {

void HelperThreads::invite(const std::shared_ptr<ParallelCalls>& calls, std::uint64_t most) {
  invitations_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock{mutex_};
  while (threads_.size() < most_threads_)
    threads_.emplace_back([this](const std::stop_token& stop) { serve(stop); });
  for (auto left = std::min<std::uint64_t>(most, most_threads_); left > 0; --left)
    waiting_.push_back(calls);
  ready_.notify_all();
}

void HelperThreads::serve(const std::stop_token& stop) {
  for (;;) {
    std::shared_ptr<ParallelCalls> calls;
    {
      std::unique_lock lock{mutex_};
      if (!ready_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
      calls = std::move(waiting_.front());
      waiting_.pop_front();
    }
    calls->help();
  }
}

}  // namespace millrace::testing
