#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/job/job_service.hpp"

namespace millrace {

/// Who wants to know of changes of which job. [any thread]
class JobWatchers {
 public:
  std::uint64_t add(JobId id, JobService::Changed changed);
  void remove(std::uint64_t watch);
  /// Calls those who watch the job, without holding the lock.
  void tell(JobId id);
  [[nodiscard]] std::vector<JobId> watched() const;

 private:
  struct Watch {
    std::uint64_t number = 0;
    std::shared_ptr<const JobService::Changed> changed;  // shared with calls that are under way
  };

  mutable std::mutex mutex_;  // guards all below
  std::uint64_t next_ = 1;
  std::multimap<JobId, Watch> watches_;
  std::map<std::uint64_t, JobId> jobs_;  // by number
};

}  // namespace millrace
