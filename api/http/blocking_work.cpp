#include "api/http/blocking_work.hpp"

#include <csignal>
#include <pthread.h>

namespace millrace::http {

void BlockingWork::submit(std::function<void()> work) {
  const std::lock_guard lock{mutex_};
  if (is_stopped_) return;
  waiting_.push_back(std::move(work));
  if (idle_ < waiting_.size() && threads_.size() < kThreads)
    threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
  changed_.notify_one();
}

void BlockingWork::stop() {
  std::vector<std::jthread> threads;
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock{mutex_};
    is_stopped_ = true;
    threads.swap(threads_);
    dropped.swap(waiting_);
  }
  for (auto& thread : threads) thread.request_stop();
}

void BlockingWork::run(const std::stop_token& stop) {
  // sendfile() has no flag against the signal of a connection that is gone.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);

  std::unique_lock lock{mutex_};
  for (;;) {
    ++idle_;
    const bool has_work = changed_.wait(lock, stop, [this] { return !waiting_.empty(); });
    --idle_;
    if (!has_work) return;
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace millrace::http
