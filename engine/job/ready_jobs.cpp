#include "engine/job/ready_jobs.hpp"

#include <utility>

namespace millrace {

namespace {

std::size_t bytes_of(const ReadyJobs::Ready& ready) { return ready.job.pipeline.text().size(); }

}  // namespace

// The first to come are the first to start, so what is full waits for them.
void ReadyJobs::keep(Ready ready) {
  const auto bytes = pipeline_bytes_ + bytes_of(ready);
  if (ready_.size() >= kMostJobs || bytes > kMostPipelineBytes) return;
  const JobId id = ready.job.id;
  if (ready_.emplace(id, std::move(ready)).second) pipeline_bytes_ = bytes;
}

std::optional<ReadyJobs::Ready> ReadyJobs::take(JobId id) {
  auto found = ready_.extract(id);
  if (found.empty()) return std::nullopt;
  pipeline_bytes_ -= bytes_of(found.mapped());
  return std::move(found.mapped());
}

}  // namespace millrace
