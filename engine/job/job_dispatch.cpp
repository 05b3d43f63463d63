#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "engine/job/job_attempt.hpp"
#include "engine/job/job_service_state.hpp"

namespace millrace {

Activity::Activity(std::shared_ptr<JobService::State> state) : state_{std::move(state)} {
  const std::lock_guard lock{state_->mutex};
  ++state_->activities;
}

Activity::~Activity() {
  const std::lock_guard lock{state_->mutex};
  if (--state_->activities == 0) state_->activities_changed.notify_all();
}

void JobService::State::post(Pool pool, std::function<void()> work) {
  struct Posted {
    Activity activity;
    std::function<void()> work;
  };
  // Owned by the task, which always runs.
  auto* posted = new Posted{Activity{shared_from_this()}, std::move(work)};
  scheduler.submit({[](void* self) {
                      const std::unique_ptr<Posted> mine{static_cast<Posted*>(self)};
                      mine->work();
                    },
                    posted},
                   pool);
}

void JobService::State::post_after(std::chrono::milliseconds delay, std::function<void()> work) {
  struct Posted {
    std::shared_ptr<JobService::State> state;
    Activity activity;
    std::function<void()> work;
  };
  auto* posted = new Posted{shared_from_this(), Activity{shared_from_this()}, std::move(work)};
  scheduler.submit_after(delay, {[](void* self) {
                                   const std::unique_ptr<Posted> mine{static_cast<Posted*>(self)};
                                   mine->state->post(Pool::Blocking, std::move(mine->work));
                                 },
                                 posted});
}

bool JobService::State::is_stopping() const {
  const std::lock_guard lock{mutex};
  return stopping;
}

void JobService::State::dispatch() {
  std::vector<Dispatcher::Waiting> chosen;
  {
    const std::lock_guard lock{mutex};
    if (!started || stopping) return;
    while (auto next = dispatcher.next_to_lease(now_us())) chosen.push_back(*std::move(next));
    if (dispatcher.next_due_us()) arm();
  }
  for (const auto& job : chosen) {
    jobs.lease(
        job.id, settings.holder, settings.lease,
        [self = shared_from_this(), activity = std::make_shared<Activity>(shared_from_this()), job,
         asked = catalog.clock().steady()](Result<JobStore::Lease> leased) {
          self->on_lease(job, asked, std::move(leased));
        });
  }
}

void JobService::State::on_lease(const Dispatcher::Waiting& job, Clock::Steady asked,
                                 Result<JobStore::Lease> leased) {
  if (!leased.ok()) {
    // Conflict: somebody else has it, or it was aborted. Else the catalog could not take the write
    // just now.
    const bool is_gone =
        leased.error().code == Code::Conflict || leased.error().code == Code::NotFound;
    if (!is_gone)
      spdlog::warn("job not started job={} error={}", job.id.value, leased.error().message);
    {
      const std::lock_guard lock{mutex};
      dispatcher.lease_failed(job.id);
      if (!is_gone) {
        dispatcher.add({job.id, job.queue, job.priority, now_us() + 500'000});
        arm();
      }
    }
    if (is_gone) dispatch();
    return;
  }
  auto attempt = std::make_shared<JobAttempt>(shared_from_this(), *leased, job);
  {
    const std::lock_guard lock{mutex};
    const auto now = catalog.clock().steady();
    dispatcher.leased(job.id, now - asked);
    attempt->leased_at = attempt->renewed_at = now;
    attempts[job.id] = attempt;
    if (leased->is_takeover) ++counters.resumed;
    if (stopping) attempt->stop(StopReason::Shutdown);
    arm();
  }
  watchers.tell(job.id);
  start_leased();
}

void JobService::State::start_leased() {
  std::vector<std::shared_ptr<JobAttempt>> chosen;
  {
    const std::lock_guard lock{mutex};
    while (const auto id = dispatcher.next_to_start()) chosen.push_back(attempts.at(*id));
  }
  for (auto& attempt : chosen) {
    post(Pool::Blocking, [attempt = std::move(attempt)] { attempt->start(); });
  }
}

void JobService::State::add_waiting(const JobStore::Waiting& job) {
  const std::lock_guard lock{mutex};
  // A running job here has lost its lease: it is ready to be taken over at once.
  dispatcher.add(
      {job.id, job.queue, job.priority, job.state == JobState::Queued ? job.not_before_us : 0});
}

void JobService::State::requeued(const Dispatcher::Waiting& job) {
  {
    const std::lock_guard lock{mutex};
    if (stopping) return;
    dispatcher.add(job);
    arm();
  }
  dispatch();
}

void JobService::State::executed(JobId id, std::chrono::nanoseconds took) {
  {
    const std::lock_guard lock{mutex};
    dispatcher.executed(id, took);
  }
  start_leased();
  dispatch();
}

void JobService::State::attempt_done(const std::shared_ptr<JobAttempt>& attempt, JobState state) {
  const JobId id = attempt->lease().job;
  {
    const std::lock_guard lock{mutex};
    const auto found = attempts.find(id);
    if (found != attempts.end() && found->second == attempt) attempts.erase(found);
    if (state == JobState::Finished) ++counters.finished;
    if (state == JobState::Failed) ++counters.failed;
    if (state == JobState::Aborted) ++counters.aborted;
  }
  watchers.tell(id);
}

std::shared_ptr<JobAttempt> JobService::State::find(JobId id) {
  const std::lock_guard lock{mutex};
  const auto found = attempts.find(id);
  return found == attempts.end() ? nullptr : found->second;
}

}  // namespace millrace
