#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace millrace::http {

/// One thread that reads bodies from the store, so that no HTTP thread waits for a disk. Starts
/// with the first read and ends, after the read at hand, with the object. [any thread]
class BlockingReads {
 public:
  BlockingReads() = default;
  ~BlockingReads() { stop(); }
  BlockingReads(const BlockingReads&) = delete;
  BlockingReads& operator=(const BlockingReads&) = delete;

  void submit(std::function<void()> read);
  /// Drops what waits and joins the thread; later submissions are dropped too.
  void stop();

 private:
  void run(const std::stop_token& stop);

  std::mutex mutex_;  // guards the four below
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> waiting_;
  std::optional<std::jthread> thread_;
  bool is_stopped_ = false;
};

}  // namespace millrace::http
