#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "engine/plugin/parallel_calls.hpp"

namespace millrace::testing {

/// A few threads that help with parallel calls, as those of the engine's compute pool would. They
/// begin with the first invitation. [any thread]
class HelperThreads final : public ParallelHelpers {
 public:
  explicit HelperThreads(std::size_t threads) : most_threads_{threads} {}
  void invite(const std::shared_ptr<ParallelCalls>& calls, std::uint64_t most) override;
  /// How often somebody asked for help.
  [[nodiscard]] int invitations() const { return invitations_.load(std::memory_order_relaxed); }

 private:
  void serve(const std::stop_token& stop);

  const std::size_t most_threads_;
  std::atomic<int> invitations_{0};
  std::mutex mutex_;  // guards waiting_ and the making of threads
  std::condition_variable_any ready_;
  std::deque<std::shared_ptr<ParallelCalls>> waiting_;
  std::vector<std::jthread> threads_;  // last: they end before what they use
};

}  // namespace millrace::testing
