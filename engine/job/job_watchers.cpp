#include "engine/job/job_watchers.hpp"

#include <utility>

namespace millrace {

std::uint64_t JobWatchers::add(JobId id, JobService::Changed changed) {
  const std::lock_guard lock{mutex_};
  const std::uint64_t number = next_++;
  watches_.emplace(id,
                   Watch{number, std::make_shared<const JobService::Changed>(std::move(changed))});
  jobs_.emplace(number, id);
  return number;
}

void JobWatchers::remove(std::uint64_t watch) {
  const std::lock_guard lock{mutex_};
  const auto job = jobs_.find(watch);
  if (job == jobs_.end()) return;
  const auto [first, last] = watches_.equal_range(job->second);
  for (auto at = first; at != last; ++at) {
    if (at->second.number != watch) continue;
    watches_.erase(at);
    break;
  }
  jobs_.erase(job);
}

void JobWatchers::tell(JobId id) {
  std::vector<std::shared_ptr<const JobService::Changed>> calls;
  {
    const std::lock_guard lock{mutex_};
    if (watches_.empty()) return;
    const auto [first, last] = watches_.equal_range(id);
    for (auto at = first; at != last; ++at) calls.push_back(at->second.changed);
  }
  for (const auto& call : calls) (*call)(id);
}

std::vector<JobId> JobWatchers::watched() const {
  const std::lock_guard lock{mutex_};
  std::vector<JobId> ids;
  for (auto at = watches_.begin(); at != watches_.end(); at = watches_.upper_bound(at->first))
    ids.push_back(at->first);
  return ids;
}

}  // namespace millrace
