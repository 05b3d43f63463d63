#include <limits>

#include <spdlog/spdlog.h>

#include "engine/job/job_attempt.hpp"
#include "engine/job/job_service_state.hpp"
#include "engine/store/work_folder.hpp"

// What jobs keep aside while they run goes from attempt to attempt, and goes with the job.

namespace millrace {

Result<void> JobAttempt::take_over_scratch() {
  WorkFolder* const work = service_->store.work();
  if (work == nullptr || lease_.token <= 1) return {};
  // Nothing speaks of what earlier attempts kept: all begins anew.
  if (!checkpoint_) return work->remove(lease_.job, lease_.token - 1);
  // What waited in the queue was put there by its last attempt, at its end.
  const auto writer = lease_.is_takeover ? Inheritance::Writer::MayLive : Inheritance::Writer::Dead;
  return work->take_over(lease_.job, lease_.token, writer,
                         [this] { return cancel_.stopped() || !guard_.holds(); });
}

void JobService::State::remove_scratch(JobId id, std::int64_t token) {
  if (store.work() == nullptr) return;
  if (auto removed = store.work()->remove(id, token); !removed.ok())
    spdlog::warn("scratch not removed yet job={} error={}", id.value, removed.error().message);
}

void JobService::State::sweep_scratch(JobId id) {
  if (store.work() == nullptr) return;
  const auto row = jobs.get(id);
  if (row.ok()) {
    // A job that is asked for again meanwhile gets another token.
    if (is_final(row->state)) remove_scratch(id, row->token);
  } else if (row.error().code == Code::NotFound) {
    remove_scratch(id, std::numeric_limits<std::int64_t>::max());
  } else {
    spdlog::warn("scratch not swept job={} error={}", id.value, row.error().message);
  }
}

void JobService::State::sweep_scratch() {
  if (store.work() == nullptr) return;
  const auto ids = store.work()->jobs();
  if (!ids.ok()) {
    spdlog::warn("scratch not swept error={}", ids.error().message);
    return;
  }
  for (const JobId id : *ids) {
    if (is_stopping()) return;
    sweep_scratch(id);
  }
}

}  // namespace millrace
