#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "api/http/body_sink.hpp"

namespace millrace::test {

/// What the sinks of a test were given, and how they behave. Outlives them. [any thread]
class SinkRecord {
 public:
  std::atomic<int> made{0}, destroyed{0}, finished{0}, overlaps{0};
  std::atomic<std::size_t> bytes{0}, largest_piece{0}, pieces{0};

  /// From now on a write waits until it is let through.
  void close_gate() {
    const std::lock_guard lock{mutex_};
    is_open_ = false;
  }
  void open_gate() {
    const std::lock_guard lock{mutex_};
    is_open_ = true;
    changed_.notify_all();
  }
  void let_one_through() {
    const std::lock_guard lock{mutex_};
    ++permits_;
    changed_.notify_all();
  }
  void pass_gate() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return is_open_ || permits_ > 0; });
    if (!is_open_) --permits_;
  }

  void note_thread() {
    const std::lock_guard lock{mutex_};
    threads_.insert(std::this_thread::get_id());
  }
  std::set<std::thread::id> threads() {
    const std::lock_guard lock{mutex_};
    return threads_;
  }

  // Set before the server starts.
  std::optional<Error> write_error, finish_error;
  std::size_t fails_after = 0;  // bytes, with write_error
  bool throws = false;

 private:
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  bool is_open_ = true;
  int permits_ = 0;
  std::set<std::thread::id> threads_;
};

/// Keeps the body in memory and tells its record of every call.
class RecordingSink final : public http::BodySink {
 public:
  explicit RecordingSink(SinkRecord& record) : record_{record} { ++record_.made; }
  ~RecordingSink() override {
    record_.note_thread();
    ++record_.destroyed;
  }

  Result<void> write(std::string_view bytes) override {
    const Turn turn{*this};
    ++record_.pieces;
    record_.largest_piece = std::max(record_.largest_piece.load(), bytes.size());
    record_.pass_gate();
    if (record_.throws) throw std::runtime_error{"secret"};
    if (record_.write_error && body.size() + bytes.size() > record_.fails_after)
      return *record_.write_error;
    body += bytes;
    record_.bytes += bytes.size();
    return {};
  }
  Result<void> finish() override {
    const Turn turn{*this};
    if (record_.finish_error) return *record_.finish_error;
    ++record_.finished;
    return {};
  }

  std::string body;

 private:
  struct Turn {
    explicit Turn(RecordingSink& given) : sink{given} {
      sink.record_.note_thread();
      if (sink.is_busy_.exchange(true)) ++sink.record_.overlaps;
    }
    ~Turn() { sink.is_busy_ = false; }
    RecordingSink& sink;
  };

  SinkRecord& record_;
  std::atomic<bool> is_busy_{false};
};

}  // namespace millrace::test
