#include "api/http/blocking_reads.hpp"

namespace millrace::http {

void BlockingReads::submit(std::function<void()> read) {
  const std::lock_guard lock{mutex_};
  if (is_stopped_) return;
  waiting_.push_back(std::move(read));
  if (!thread_) thread_.emplace([this](const std::stop_token& stop) { run(stop); });
  changed_.notify_one();
}

void BlockingReads::stop() {
  std::optional<std::jthread> thread;
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock{mutex_};
    is_stopped_ = true;
    thread.swap(thread_);
    dropped.swap(waiting_);
  }
  if (thread) thread->request_stop();
}

void BlockingReads::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
    auto read = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    read();
    read = nullptr;
    lock.lock();
  }
}

}  // namespace millrace::http
