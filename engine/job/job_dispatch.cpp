#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "engine/job/job_attempt.hpp"
#include "engine/job/job_service_state.hpp"

namespace millrace {

namespace {

constexpr std::int64_t kLeaseAgainUs = 500'000;  // after the catalog could not take it

}  // namespace

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
                                   mine->state->post(Pool::Control, std::move(mine->work));
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
    while (auto next = dispatcher.next_to_lease(steady_us())) chosen.push_back(*std::move(next));
    if (dispatcher.next_due_us()) arm();
  }
  for (const auto& job : chosen) {
    jobs.lease(
        job.id, job.not_before_us, settings.holder, settings.lease,
        [self = shared_from_this(), activity = std::make_shared<Activity>(shared_from_this()), job,
         asked = catalog.clock().steady()](Result<JobStore::Lease> leased) {
          self->on_lease(job, asked, std::move(leased));
        });
  }
}

void JobService::State::on_lease(const Dispatcher::Waiting& job, Clock::Steady asked,
                                 Result<JobStore::Lease> leased) {
  static constexpr std::string_view kWhat = "job not started";
  if (!leased.ok()) {
    // Refused: somebody else has it, or it was aborted. Else the catalog could not take the write
    // just now.
    const bool is_gone =
        after_error(EndingStep::Write, leased.error().code) == EndingChoice::Refused;
    if (!is_gone) outages.failed(kWhat, job.id, leased.error());
    {
      const std::lock_guard lock{mutex};
      dispatcher.lease_failed(job.id);
      if (is_gone) {
        ready.take(job.id);
      } else {
        dispatcher.add(
            {job.id, job.queue, job.priority, steady_us() + kLeaseAgainUs, job.not_before_us});
        arm();
      }
    }
    if (is_gone) dispatch();
    return;
  }
  outages.passed(kWhat);
  auto attempt = std::make_shared<JobAttempt>(shared_from_this(), *leased, job, asked);
  {
    const std::lock_guard lock{mutex};
    dispatcher.leased(job.id, catalog.clock().steady() - asked);
    if (auto known = ready.take(job.id)) attempt->know(*std::move(known));
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
    post(Pool::Control, [attempt = std::move(attempt)] { attempt->start(); });
  }
}

void JobService::State::add_waiting(const JobStore::Waiting& job) {
  const std::lock_guard lock{mutex};
  queue_up(job);
  if (job.wait_us > 0) arm();
}

bool JobService::State::queue_up(const JobStore::Waiting& job) {
  if (job.state == JobState::Waiting || !is_served(job.queue)) {
    parked.insert(job.id);
    return false;
  }
  // A running job here has lost its lease: it is ready to be taken over at once.
  const auto wait_us = job.state == JobState::Queued ? job.wait_us : 0;
  dispatcher.add({job.id, job.queue, job.priority, wait_us > 0 ? steady_us() + wait_us : 0,
                  job.not_before_us});
  return true;
}

void JobService::State::go_on_behind(const JobStore::Followers& followers) {
  if (followers.released.empty() && followers.aborted.empty()) return;
  {
    const std::lock_guard lock{mutex};
    for (const auto& job : followers.released) {
      parked.erase(job.id);
      if (!stopping) queue_up(job);
    }
    for (const JobId id : followers.aborted) parked.erase(id);
    counters.aborted += followers.aborted.size();
    arm();
  }
  for (const auto& job : followers.released) watchers.tell(job.id);
  for (const JobId id : followers.aborted) {
    aborted_in_queue(id);
    watchers.tell(id);
  }
  dispatch();
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
