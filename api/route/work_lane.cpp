#include "api/route/work_lane.hpp"

#include <algorithm>

namespace millrace::api {

namespace {

// After so many in a row a task goes to the end of the pool's queue, so that others get their turn.
constexpr int kInARow = 64;

class FunctionWork final : public WorkLane::Work {
 public:
  explicit FunctionWork(std::function<void()> function) : function_{std::move(function)} {}
  void run() override { function_(); }

 private:
  std::function<void()> function_;
};

}  // namespace

WorkLane::WorkLane(Scheduler& scheduler, std::size_t workers, std::size_t capacity, Pool pool)
    : scheduler_{scheduler},
      workers_{std::max<std::size_t>(workers, 1)},
      capacity_{capacity},
      pool_{pool} {}

void WorkLane::close() {
  std::deque<std::unique_ptr<Work>> dropped;
  std::unique_lock lock{mutex_};
  is_closed_ = true;
  dropped.swap(waiting_);
  idle_.wait(lock, [this] { return active_ == 0 && held_ == 0; });
}

bool WorkLane::try_push(std::unique_ptr<Work>& work) {
  std::unique_lock lock{mutex_};
  if (is_closed_ || waiting_.size() >= capacity_) return false;
  waiting_.push_back(std::move(work));
  begin_if_needed(std::move(lock));
  return true;
}

void WorkLane::push(std::unique_ptr<Work> work) {
  std::unique_lock lock{mutex_};
  if (is_closed_) return;
  waiting_.push_back(std::move(work));
  begin_if_needed(std::move(lock));
}

void WorkLane::begin_if_needed(std::unique_lock<std::mutex> lock) {
  if (active_ == workers_) return;
  ++active_;
  lock.unlock();
  scheduler_.submit({&WorkLane::serve, this}, pool_);
}

std::shared_ptr<const void> WorkLane::hold() {
  {
    const std::lock_guard lock{mutex_};
    ++held_;
  }
  return {this, [this](const void*) {
            const std::lock_guard lock{mutex_};
            if (--held_ == 0) idle_.notify_all();
          }};
}

std::size_t WorkLane::waiting() const {
  const std::lock_guard lock{mutex_};
  return waiting_.size();
}

void WorkLane::serve(void* self) {
  auto& lane = *static_cast<WorkLane*>(self);
  for (int i = 0; i < kInARow; ++i) {
    std::unique_ptr<Work> work;
    {
      const std::lock_guard lock{lane.mutex_};
      if (lane.waiting_.empty()) {
        if (--lane.active_ == 0) lane.idle_.notify_all();
        return;
      }
      work = std::move(lane.waiting_.front());
      lane.waiting_.pop_front();
    }
    work->run();
  }
  lane.scheduler_.submit({&WorkLane::serve, self}, lane.pool_);
}

std::unique_ptr<WorkLane::Work> make_work(std::function<void()> function) {
  return std::make_unique<FunctionWork>(std::move(function));
}

}  // namespace millrace::api
