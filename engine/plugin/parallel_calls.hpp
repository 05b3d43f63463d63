#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

namespace millrace {

/// The calls function(user, 0) .. function(user, count - 1) of one parallel(), shared between the
/// thread that wants them done (the owner) and the threads that help it. Indexes are given out in
/// ascending order, so the lowest one that fails is always among those that were begun, and the
/// answer does not depend on the number of threads. The owner works too, and at the end waits only
/// for helpers that have begun: they need nobody to go on, so calls may nest, and any number may be
/// at it at once, without a deadlock. A helper that comes when the owner has gone finds the door
/// closed and touches nothing of the owner's. Shared: the owner and each invited helper hold it.
class ParallelCalls {
 public:
  using Function = std::int32_t (*)(void* user, std::uint64_t index);

  /// `stopping` is asked before each call, on whichever thread makes it.
  ParallelCalls(std::uint64_t count, Function function, void* user, std::function<bool()> stopping);

  /// Makes calls beside the owner until none is left. [any thread]
  void help();
  /// Makes calls until none is left, and waits for the helpers. Returns MR_OK, the code of the
  /// lowest index that failed, or MR_CANCELLED. [the owner, once]
  std::int32_t run();

 private:
  void work();
  std::int32_t call(std::uint64_t index) const noexcept;
  void note_failure(std::uint64_t index, std::int32_t code);

  const std::uint64_t count_;
  const Function function_;
  void* const user_;
  const std::function<bool()> stopping_;
  std::atomic<std::uint64_t> next_{0};
  std::atomic<bool> halted_{false};  // a call has failed, or the job stops

  std::mutex mutex_;  // guards all below
  std::condition_variable left_;
  bool is_closed_ = false;
  std::size_t inside_ = 0;  // helpers
  bool is_stopped_ = false;
  std::uint64_t failed_index_ = UINT64_MAX;
  std::int32_t failed_code_ = 0;
};

/// Threads that may help with parallel calls; a run gives its operators those of the compute pool.
class ParallelHelpers {
 public:
  virtual ~ParallelHelpers() = default;
  /// Lets up to `most` threads call help(), some time or never. Does not wait. [any thread]
  virtual void invite(const std::shared_ptr<ParallelCalls>& calls, std::uint64_t most) = 0;
};

/// Makes all calls, with the helpers there are; null: none.
std::int32_t run_parallel(std::uint64_t count, ParallelCalls::Function function, void* user,
                          std::function<bool()> stopping, ParallelHelpers* helpers);

}  // namespace millrace
