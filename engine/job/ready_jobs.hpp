#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_map>

#include "engine/job/job.hpp"

namespace millrace {

/// What this process knows of jobs that it has taken and not started yet, so that the first attempt
/// at one need not read the row and check its pipeline again. Small: a job that finds no room here
/// is read. [guarded by its owner's mutex]
class ReadyJobs {
 public:
  static constexpr std::size_t kMostJobs = 8'192;
  static constexpr std::size_t kMostPipelineBytes = 16u << 20;  // of their pipelines, as text

  struct Ready {
    Job job;                             // as it was submitted
    std::shared_ptr<const Graph> graph;  // of its pipeline; null: to be checked
  };

  void keep(Ready ready);
  /// Returns what is known of a job and forgets it.
  std::optional<Ready> take(JobId id);
  [[nodiscard]] std::size_t size() const { return ready_.size(); }

 private:
  std::unordered_map<JobId, Ready> ready_;
  std::size_t pipeline_bytes_ = 0;
};

}  // namespace millrace
