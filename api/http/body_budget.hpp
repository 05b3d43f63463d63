#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace millrace::http {

/// How many bytes the bodies of all requests may take together, in memory or on a disk. [any
/// thread]
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t limit_bytes) : limit_{limit_bytes} {}

  [[nodiscard]] std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t limit() const { return limit_; }
  /// Tells whether more than a half is used, so that one does well to take less.
  [[nodiscard]] bool is_tight() const { return used() > limit_ / 2; }
  [[nodiscard]] bool is_used_up() const { return used() >= limit_; }
  [[nodiscard]] bool is_exceeded() const { return used() > limit_; }

 private:
  friend class BodyShare;
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

/// What one body has of a budget, and gives back when it goes away. [one thread at a time]
class BodyShare {
 public:
  BodyShare() = default;
  /// The budget is shared by the server and all shares; a request may outlive its server.
  explicit BodyShare(std::shared_ptr<BodyBudget> budget) : budget_{std::move(budget)} {}
  BodyShare(BodyShare&& other) noexcept
      : budget_{std::move(other.budget_)}, held_{std::exchange(other.held_, 0)} {}
  BodyShare& operator=(BodyShare&& other) noexcept {
    if (this != &other) {
      hold(0);
      budget_ = std::move(other.budget_);
      held_ = std::exchange(other.held_, 0);
    }
    return *this;
  }
  ~BodyShare() { hold(0); }

  /// Holds so many bytes from now on, whatever is left.
  void hold(std::size_t bytes) {
    const auto before = std::exchange(held_, bytes);
    if (budget_ && bytes != before)
      budget_->used_.fetch_add(bytes - before, std::memory_order_relaxed);
  }
  /// Holds so many bytes; false, and nothing changes, when the budget has no room for them.
  [[nodiscard]] bool try_hold(std::size_t bytes) {
    const auto before = held_;
    hold(bytes);
    if (!budget_ || bytes <= before || !budget_->is_exceeded()) return true;
    hold(before);
    return false;
  }
  [[nodiscard]] std::size_t held() const { return held_; }
  [[nodiscard]] const BodyBudget* budget() const { return budget_.get(); }

 private:
  std::shared_ptr<BodyBudget> budget_;
  std::size_t held_ = 0;
};

}  // namespace millrace::http
