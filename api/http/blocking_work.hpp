#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace millrace::http {

/// A few threads that read and write bodies, so that no HTTP thread waits for a disk. They start
/// when there is work for them and end, after the work at hand, with the object. [any thread]
/// Shared, weakly, by what wants to be destroyed on them.
class BlockingWork : public std::enable_shared_from_this<BlockingWork> {
 public:
  static constexpr std::size_t kThreads = 4;

  BlockingWork() = default;
  ~BlockingWork() { stop(); }
  BlockingWork(const BlockingWork&) = delete;
  BlockingWork& operator=(const BlockingWork&) = delete;

  /// What is submitted in turn by one caller may run at the same time.
  void submit(std::function<void()> work);
  /// Drops what waits and joins the threads; later submissions are dropped too.
  void stop();

 private:
  void run(const std::stop_token& stop);

  std::mutex mutex_;  // guards all below
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::jthread> threads_;
  std::size_t idle_ = 0;
  bool is_stopped_ = false;
};

}  // namespace millrace::http
