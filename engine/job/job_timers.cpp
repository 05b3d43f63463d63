#include <algorithm>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "engine/job/job_attempt.hpp"
#include "engine/job/job_service_state.hpp"

namespace millrace {

namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::chrono::seconds kLongestLeasedAhead{1};

}  // namespace

void JobService::State::arm() {
  const bool is_shared = catalog.dialect() == SqlDialect::MySql;
  const bool has_work = !attempts.empty() || dispatcher.next_due_us() || !to_recover.empty() ||
                        (is_shared && started);
  if (!has_work || closed || (stopping && attempts.empty())) return;
  const auto now = now_us();
  const std::int64_t renewal = std::chrono::microseconds{settings.lease}.count() / 6;
  std::int64_t due = now + std::clamp<std::int64_t>(renewal, 1'000, kSecond);
  if (const auto next = dispatcher.next_due_us()) due = std::clamp(*next, now + 1'000, due);
  if (armed_us != 0 && armed_us <= due) return;
  armed_us = due;
  struct Tick {
    std::weak_ptr<State> state;  // a timer does not keep a service that has ended
    std::int64_t due_us;
  };
  // Owned by the task, which always runs.
  auto* next = new Tick{weak_from_this(), due};
  const std::chrono::milliseconds delay{(due - now + 999) / 1'000};
  scheduler.submit_after(delay, {[](void* self) {
                                   const std::unique_ptr<Tick> mine{static_cast<Tick*>(self)};
                                   if (const auto state = mine->state.lock())
                                     state->tick(mine->due_us);
                                 },
                                 next});
}

void JobService::State::tick(std::int64_t due_us) {
  std::vector<std::shared_ptr<JobAttempt>> to_renew, to_give_back;
  std::vector<JobId> late, interrupted, running;
  bool poll = false;
  {
    const std::lock_guard lock{mutex};
    if (closed || armed_us != due_us) return;  // a sooner one has taken its place
    armed_us = 0;
    ++activities;  // until the end of this function: drain() must not pass us by
    const auto now = now_us();
    const auto steady = catalog.clock().steady();
    for (const auto& [id, attempt] : attempts) {
      if (!attempt->is_renewing && steady - attempt->renewed_at >= settings.lease / 3) {
        attempt->is_renewing = true;
        to_renew.push_back(attempt);
      }
      const auto deadline = attempt->deadline_us();
      if (deadline > 0 && now >= deadline && !attempt->was_told_deadline) {
        attempt->was_told_deadline = true;
        late.push_back(id);
      }
    }
    if (!stopping) {
      for (const JobId id : dispatcher.all_leased()) {
        const auto& attempt = attempts.at(id);
        if (steady - attempt->leased_at < kLongestLeasedAhead || !dispatcher.unlease(id)) continue;
        to_give_back.push_back(attempt);
      }
      interrupted.assign(to_recover.begin(), to_recover.end());
      to_recover.clear();
      poll = catalog.dialect() == SqlDialect::MySql && started && now - polled_us >= 2 * kSecond;
      if (poll) polled_us = now;
    }
    if (now - told_us >= kSecond) {
      told_us = now;
      running = watchers.watched();
      // At a shared catalog a job may be running elsewhere.
      if (catalog.dialect() == SqlDialect::Sqlite) {
        running.erase(std::remove_if(running.begin(), running.end(),
                                     [this](JobId id) { return !attempts.contains(id); }),
                      running.end());
      }
    }
  }
  for (const auto& attempt : to_renew) renew(attempt);
  for (const auto& attempt : to_give_back) attempt->give_back();
  for (const JobId id : late) {
    post(Pool::Blocking, [this, id] {
      if (auto aborted = service.abort(id, StopReason::Deadline); !aborted.ok()) {
        spdlog::warn("deadline not enforced job={} error={}", id.value, aborted.error().message);
      }
    });
  }
  for (const JobId id : interrupted) {
    post(Pool::Blocking, [this, id] {
      if (auto ended = recover(id); !ended.ok())
        spdlog::warn("job not ended yet job={} error={}", id.value, ended.error().message);
    });
  }
  if (poll) post(Pool::Blocking, [this] { poll_shared_catalog(); });
  for (const JobId id : running) watchers.tell(id);
  dispatch();
  const std::lock_guard lock{mutex};
  arm();
  if (--activities == 0) activities_changed.notify_all();
}

void JobService::State::renew(const std::shared_ptr<JobAttempt>& attempt) {
  jobs.renew(attempt->lease(), settings.lease,
             [self = shared_from_this(), attempt](Result<JobStore::Renewed> renewed) {
               {
                 const std::lock_guard lock{self->mutex};
                 attempt->is_renewing = false;
                 if (renewed.ok()) attempt->renewed_at = self->catalog.clock().steady();
               }
               if (renewed.ok()) {
                 // Somebody else asked for the abort: another process at the same catalog.
                 if (renewed->state == JobState::Aborting) attempt->stop(renewed->stop_reason);
               } else if (renewed.error().code == Code::Conflict ||
                          renewed.error().code == Code::NotFound) {
                 attempt->lose_lease();
               } else {
                 spdlog::warn("lease not renewed job={} error={}", attempt->lease().job.value,
                              renewed.error().message);
               }
             });
}

// Other processes submit to a shared catalog, and die.
void JobService::State::poll_shared_catalog() {
  auto found = jobs.startable(256);
  if (!found.ok()) {
    spdlog::warn("catalog not asked for jobs error={}", found.error().message);
    return;
  }
  for (const auto& job : *found) {
    if (job.state == JobState::Queued || job.state == JobState::Running) {
      add_waiting(job);
    } else if (auto ended = recover(job.id); !ended.ok()) {
      spdlog::warn("job not ended yet job={} error={}", job.id.value, ended.error().message);
    }
  }
  dispatch();
}

}  // namespace millrace
