#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/error.hpp"
#include "engine/base/ids.hpp"

namespace millrace {

/// Tells the log of steps that are tried again until they work: once when that begins, then once a
/// minute, and when it is over. A thousand jobs that wait for one database are one line. [any
/// thread]
class OutageLog {
 public:
  explicit OutageLog(const Clock& clock) : clock_{clock} {}

  /// A step failed and will be tried again; `what` names its kind. Returns whether a line was
  /// written.
  bool failed(std::string_view what, JobId job, const Error& error);
  /// A step of this kind worked. Cheap while nothing is out.
  void passed(std::string_view what);

 private:
  struct Outage {
    Clock::Steady since{}, told{};
    std::uint64_t failures = 0;
  };

  const Clock& clock_;
  std::atomic<bool> any_{false};  // whether outages_ has any
  std::mutex mutex_;              // guards outages_
  std::map<std::string, Outage, std::less<>> outages_;
};

}  // namespace millrace
