#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "engine/store/store.hpp"

namespace millrace {

/// Store::sync() for many jobs at once: those that ask while one sync is under way share the next.
/// [any thread; blocks]
class SharedSync {
 public:
  explicit SharedSync(Store& store) : store_{store} {}

  /// Returns when a sync that began after this call has ended.
  Result<void> sync();

 private:
  Store& store_;
  std::mutex mutex_;  // guards all below
  std::condition_variable ended_changed_;
  std::uint64_t begun_ = 0, ended_ = 0;
  Result<void> last_;
};

}  // namespace millrace
