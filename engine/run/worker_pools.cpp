#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <queue>
#include <thread>
#include <vector>

#include "engine/run/admission.hpp"
#include "engine/run/scheduler.hpp"

namespace millrace {

namespace {

// In every so many turns a worker looks once at the common queue and once at the stacks of the
// others first, so that no task waits for ever while others make more.
constexpr unsigned kTurnsOfOwn = 64;
// Delayed tasks are short; a second thread serves them while one is late all the same.
constexpr std::size_t kDelayedThreads = 2;
// They wait for our own disk and database: a job that is tried again need not stand behind the
// sweep of a large store.
constexpr std::size_t kUpkeepThreads = 4;

// One queue and the threads that serve it, each of which has a stack of its own tasks besides.
// Destruction lets all of them run dry first.
class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads) : own_(threads) {
    threads_.reserve(threads);
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { work(own_[i]); });
  }

  ~WorkerPool() {
    {
      const std::lock_guard lock{mutex_};
      ending_ = true;
    }
    wake_.notify_all();
  }

  void submit(Task task) { add(common_, task); }

  void submit_next(Task task) {
    const Here here = Here::current();
    add(here.pool == this ? *here.own : common_, task);
  }

  [[nodiscard]] std::size_t size() const { return threads_.size(); }

  void hold(std::ptrdiff_t threads) {
    {
      const std::lock_guard lock{mutex_};
      held_ += threads;
    }
    wake_.notify_all();
  }

 private:
  using Tasks = std::deque<Task>;

  // Which pool's worker this thread is.
  struct Here {
    const WorkerPool* pool = nullptr;
    Tasks* own = nullptr;

    static Here& current() {
      thread_local Here here;
      return here;
    }
  };

  void add(Tasks& tasks, Task task) {
    bool someone_sleeps = false;
    {
      const std::lock_guard lock{mutex_};
      tasks.push_back(task);
      someone_sleeps = sleeping_ > 0;
    }
    if (someone_sleeps) wake_.notify_one();
  }

  void work(Tasks& own) {
    Here::current() = {this, &own};
    std::unique_lock lock{mutex_};
    for (unsigned turn = 0;; ++turn) {
      auto task = take_if_free(own, turn);
      while (!task && !ending_) {
        ++sleeping_;
        wake_.wait(lock);
        --sleeping_;
        task = take_if_free(own, turn);
      }
      if (!task) return;
      ++busy_;
      lock.unlock();
      task->run(task->self);
      lock.lock();
      --busy_;
    }
  }

  // While threads are held for others, fewer run tasks; whoever ends one takes the next. An ending
  // pool runs dry.
  std::optional<Task> take_if_free(Tasks& own, unsigned turn) {
    const auto most = std::max<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(own_.size()) - held_, 1);
    if (busy_ >= most && !ending_) return std::nullopt;
    return take(own, turn);
  }

  // Takes the newest of a worker's own tasks, else the oldest common one, else the oldest of
  // another worker; in some turns one of the latter first. Under the mutex.
  std::optional<Task> take(Tasks& own, unsigned turn) {
    std::optional<Task> task;
    if (turn % kTurnsOfOwn == 0) task = take_oldest(common_);
    if (turn % kTurnsOfOwn == 1) task = take_from_others(own);
    if (task) return task;
    if (!own.empty()) {
      task = own.back();
      own.pop_back();
      return task;
    }
    task = take_oldest(common_);
    return task ? task : take_from_others(own);
  }

  std::optional<Task> take_from_others(const Tasks& own) {
    for (Tasks& tasks : own_) {
      if (&tasks != &own && !tasks.empty()) return take_oldest(tasks);
    }
    return std::nullopt;
  }

  static std::optional<Task> take_oldest(Tasks& tasks) {
    if (tasks.empty()) return std::nullopt;
    const Task task = tasks.front();
    tasks.pop_front();
    return task;
  }

  std::mutex mutex_;  // guards what follows, but the threads
  std::condition_variable wake_;
  Tasks common_;
  std::vector<Tasks> own_;  // by worker
  std::size_t sleeping_ = 0;
  std::ptrdiff_t busy_ = 0, held_ = 0;
  bool ending_ = false;
  std::vector<std::jthread> threads_;  // last: they end before the queue does
};

class WorkerPools final : public Scheduler {
 public:
  WorkerPools(const PoolSizes& sizes, const Clock& clock)
      : clock_{clock},
        share_{share_of(sizes)},
        admission_{{sizes.declared_threads, sizes.declared_memory_bytes}},
        control_{std::max<std::size_t>(sizes.control, 1)},
        compute_{std::max<std::size_t>(sizes.compute, 1)},
        waiting_{std::max<std::size_t>(sizes.waiting, 1)},
        hashing_{std::max<std::size_t>(sizes.hashing, 1)},
        databases_{std::max<std::size_t>(sizes.databases, 1)},
        upkeep_{kUpkeepThreads},
        delayed_pool_{kDelayedThreads},
        timer_{[this](const std::stop_token& stop) { keep_time(stop); }} {}

  ~WorkerPools() override {
    timer_.request_stop();
    timer_.join();
  }

  void submit(Task task, Pool pool) override { of(pool).submit(task); }
  void submit_next(Task task, Pool pool) override { of(pool).submit_next(task); }

  void submit_after(std::chrono::milliseconds delay, Task task) override {
    {
      const std::lock_guard lock{mutex_};
      if (!ended_) {
        delayed_.push({clock_.steady() + delay, order_++, task});
        wake_.notify_one();
        return;
      }
    }
    control_.submit(task);  // nobody keeps the time any more, and a task is never dropped
  }

  [[nodiscard]] std::size_t workers() const override { return compute_.size(); }
  [[nodiscard]] std::size_t waiting_share() const override { return share_; }
  [[nodiscard]] const Clock& clock() const override { return clock_; }
  [[nodiscard]] Admission* admission() override { return &admission_; }
  void hold_compute(std::ptrdiff_t threads) override { compute_.hold(threads); }

 private:
  struct Delayed {
    Clock::Steady due;
    std::uint64_t order;
    Task task;
    bool operator<(const Delayed& other) const {
      return std::tie(other.due, other.order) < std::tie(due, order);
    }
  };

  static std::size_t share_of(const PoolSizes& sizes) {
    const std::size_t share = sizes.waiting_share == 0 ? sizes.waiting / 4 : sizes.waiting_share;
    return std::max<std::size_t>(share, 1);
  }

  WorkerPool& of(Pool pool) {
    switch (pool) {
      case Pool::Control:
        return control_;
      case Pool::Waiting:
        return waiting_;
      case Pool::Hashing:
        return hashing_;
      case Pool::Databases:
        return databases_;
      case Pool::Upkeep:
        return upkeep_;
      case Pool::Compute:
        break;
    }
    return compute_;
  }

  // Runs until asked to stop, and then until no delayed task is left: a task once taken is never
  // dropped.
  void keep_time(const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    while (!stop.stop_requested() || !delayed_.empty()) {
      if (delayed_.empty()) {
        wake_.wait(lock, stop, [this] { return !delayed_.empty(); });
        continue;
      }
      const Delayed next = delayed_.top();
      const auto now = clock_.steady();
      if (next.due <= now || stop.stop_requested()) {
        delayed_.pop();
        lock.unlock();
        delayed_pool_.submit(next.task);
        lock.lock();
      } else {
        wake_.wait_for(lock, stop, next.due - now,
                       [&] { return !delayed_.empty() && delayed_.top().due < next.due; });
      }
    }
    ended_ = true;
  }

  const Clock& clock_;
  const std::size_t share_;
  Admission admission_;
  // Destroyed the other way round: delayed tasks submit to the others.
  WorkerPool control_;
  WorkerPool compute_;
  WorkerPool waiting_;
  WorkerPool hashing_;
  WorkerPool databases_;
  WorkerPool upkeep_;
  WorkerPool delayed_pool_;
  std::mutex mutex_;  // guards delayed_, order_ and ended_
  std::condition_variable_any wake_;
  std::priority_queue<Delayed> delayed_;
  std::uint64_t order_ = 0;
  bool ended_ = false;
  std::jthread timer_;
};

}  // namespace

std::unique_ptr<Scheduler> make_worker_pools(const PoolSizes& sizes, const Clock& clock) {
  return std::make_unique<WorkerPools>(sizes, clock);
}

}  // namespace millrace
