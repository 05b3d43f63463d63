#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "engine/catalog/catalog.hpp"

namespace millrace::test {

/// Holds the writer's thread inside a transaction until it is opened.
class Gate {
 public:
  Catalog::Write write() {
    return [this](Connection&) -> Result<void> {
      std::unique_lock lock{mutex_};
      entered_ = true;
      changed_.notify_all();
      changed_.wait_for(lock, std::chrono::seconds{60}, [this] { return open_; });
      return {};
    };
  }
  bool wait_until_entered() {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{60}, [this] { return entered_; });
  }
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool entered_ = false, open_ = false;
};

/// Results of writes, in the order in which they were called back.
class Results {
 public:
  Catalog::Committed keep(std::size_t place) {
    return [this, place](Result<void> result) {
      const std::lock_guard lock{mutex_};
      if (results_.size() <= place) results_.resize(place + 1);
      results_[place] = std::move(result);
      ++arrived_;
      changed_.notify_all();
    };
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{60}, [&] { return arrived_ >= count; });
  }
  Result<void>& operator[](std::size_t place) { return *results_.at(place); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::optional<Result<void>>> results_;
  std::size_t arrived_ = 0;
};

}  // namespace millrace::test
