#include "engine/plugin/parallel_calls.hpp"

#include <utility>

#include <millrace/abi.h>

namespace millrace {

ParallelCalls::ParallelCalls(std::uint64_t count, Function function, void* user,
                             std::function<bool()> stopping)
    : count_{count}, function_{function}, user_{user}, stopping_{std::move(stopping)} {}

void ParallelCalls::help() {
  {
    const std::lock_guard lock{mutex_};
    if (is_closed_) return;
    ++inside_;
  }
  work();
  const std::lock_guard lock{mutex_};
  if (--inside_ == 0) left_.notify_all();
}

std::int32_t ParallelCalls::run() {
  work();
  std::unique_lock lock{mutex_};
  is_closed_ = true;
  left_.wait(lock, [this] { return inside_ == 0; });
  if (failed_index_ != UINT64_MAX) return failed_code_;
  return is_stopped_ ? MR_CANCELLED : MR_OK;
}

void ParallelCalls::work() {
  // Asked first: an index that was taken is called, or a lower one could be left out where a higher
  // one failed.
  while (!halted_.load(std::memory_order_acquire)) {
    if (next_.load(std::memory_order_relaxed) >= count_) return;
    if (stopping_()) {
      const std::lock_guard lock{mutex_};
      is_stopped_ = true;
      halted_.store(true, std::memory_order_release);
      return;
    }
    const auto index = next_.fetch_add(1, std::memory_order_relaxed);
    if (index >= count_) return;
    if (const auto code = call(index); code != MR_OK) note_failure(index, code);
  }
}

std::int32_t ParallelCalls::call(std::uint64_t index) const noexcept {
  try {
    return function_(user_, index);
  } catch (...) {  // of a plugin that is written without the SDK
    return MR_INTERNAL;
  }
}

void ParallelCalls::note_failure(std::uint64_t index, std::int32_t code) {
  const std::lock_guard lock{mutex_};
  if (index < failed_index_) {
    failed_index_ = index;
    failed_code_ = code;
  }
  halted_.store(true, std::memory_order_release);
}

std::int32_t run_parallel(std::uint64_t count, ParallelCalls::Function function, void* user,
                          std::function<bool()> stopping, ParallelHelpers* helpers) {
  const auto calls = std::make_shared<ParallelCalls>(count, function, user, std::move(stopping));
  if (helpers != nullptr && count > 1) helpers->invite(calls, count - 1);
  return calls->run();
}

}  // namespace millrace
