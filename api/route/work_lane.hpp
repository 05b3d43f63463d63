#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "engine/run/scheduler.hpp"

namespace millrace::api {

/// A bounded queue in front of a pool, usually the control pool: how requests leave the HTTP
/// threads. At most `workers` tasks of the pool serve it at a time, each several pieces of work in
/// a row, so that a wake-up is not paid for each. [any thread]
class WorkLane {
 public:
  /// One piece of work; may block.
  class Work {
   public:
    virtual ~Work() = default;
    virtual void run() = 0;  // [the lane's pool]
  };

  WorkLane(Scheduler& scheduler, std::size_t workers, std::size_t capacity,
           Pool pool = Pool::Control);
  ~WorkLane() { close(); }
  WorkLane(const WorkLane&) = delete;
  WorkLane& operator=(const WorkLane&) = delete;

  /// Drops what waits, waits for what runs and for holds, and takes nothing more.
  void close();

  /// Queues the work; when the queue is full, or the lane closed, the work stays with the caller,
  /// and the result is false.
  bool try_push(std::unique_ptr<Work>& work);
  /// Queues the work of a request that is already being served, whatever the length of the queue. A
  /// closed lane drops it.
  void push(std::unique_ptr<Work> work);

  /// Returns a hold: the lane, and with it whatever outlives the lane, stays until the last copy is
  /// gone. For callbacks of requests that have left the pool.
  [[nodiscard]] std::shared_ptr<const void> hold();

  [[nodiscard]] std::size_t waiting() const;

 private:
  static void serve(void* self);
  void begin_if_needed(std::unique_lock<std::mutex> lock);

  Scheduler& scheduler_;
  const std::size_t workers_, capacity_;
  const Pool pool_;
  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable idle_;
  std::deque<std::unique_ptr<Work>> waiting_;
  std::size_t active_ = 0;  // tasks of the pool that serve us, or are about to
  std::size_t held_ = 0;
  bool is_closed_ = false;
};

/// Returns work that calls a function.
std::unique_ptr<WorkLane::Work> make_work(std::function<void()> function);

}  // namespace millrace::api
