#include <algorithm>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "engine/job/job_attempt.hpp"
#include "engine/job/job_service_state.hpp"

namespace millrace {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestTick{1'000}, kLeastTick{1};
constexpr std::chrono::seconds kLongestLeasedAhead{1};
constexpr std::chrono::seconds kTellWatchersEvery{1};  // those who watch a job that runs
constexpr std::chrono::seconds kPollEvery{2};          // a shared catalog
constexpr std::chrono::minutes kSweepSealedEvery{1};

}  // namespace

// All intervals are measured by the steady clock: a wall clock that is set back makes none longer.
void JobService::State::arm() {
  const bool is_shared = catalog.dialect() == SqlDialect::MySql;
  const bool has_work = !attempts.empty() || dispatcher.next_due_us() || !to_take_over.empty() ||
                        (is_shared && started);
  if (!has_work || closed || (stopping && attempts.empty())) return;
  const auto now = catalog.clock().steady();
  auto delay = std::clamp(settings.lease / 6, kLeastTick, kLongestTick);
  if (const auto next = dispatcher.next_due_us()) {
    const std::chrono::microseconds left{*next - steady_us()};
    delay = std::clamp(std::chrono::ceil<milliseconds>(left), kLeastTick, delay);
  }
  const auto due = now + delay;
  if (armed && *armed <= due) return;
  armed = due;
  struct Tick {
    std::weak_ptr<State> state;  // a timer does not keep a service that has ended
    Clock::Steady due;
  };
  // Owned by the task, which always runs.
  auto* next = new Tick{weak_from_this(), due};
  scheduler.submit_after(delay, {[](void* self) {
                                   const std::unique_ptr<Tick> mine{static_cast<Tick*>(self)};
                                   if (const auto state = mine->state.lock())
                                     state->tick(mine->due);
                                 },
                                 next});
}

void JobService::State::tick(Clock::Steady due) {
  std::vector<std::shared_ptr<JobAttempt>> to_renew, to_give_back, to_tell;
  std::vector<JobId> late, interrupted, running;
  bool poll = false;
  {
    const std::lock_guard lock{mutex};
    if (closed || armed != due) return;  // a sooner one has taken its place
    armed.reset();
    ++activities;  // until the end of this function: drain() must not pass us by
    const auto now = catalog.clock().steady();
    for (const auto& [id, attempt] : attempts) {
      // What is over is not renewed: another may have the job, however long an operator hangs here.
      const bool holds = attempt->check_lease();
      if (holds && !attempt->is_renewing && now - attempt->renewed_at >= settings.lease / 3) {
        attempt->is_renewing = true;
        to_renew.push_back(attempt);
      }
      if (now - attempt->told_at >= settings.progress_every) {
        attempt->told_at = now;
        to_tell.push_back(attempt);
      }
      if (attempt->is_late(now) && !attempt->was_told_deadline) {
        attempt->was_told_deadline = true;
        late.push_back(id);
      }
    }
    if (!stopping) {
      for (const JobId id : dispatcher.all_leased()) {
        const auto& attempt = attempts.at(id);
        if (now - attempt->leased_at < kLongestLeasedAhead || !dispatcher.unlease(id)) continue;
        to_give_back.push_back(attempt);
      }
      interrupted.assign(to_take_over.begin(), to_take_over.end());
      to_take_over.clear();
      poll = catalog.dialect() == SqlDialect::MySql && started && now - polled >= kPollEvery;
      if (poll) polled = now;
    }
    if (now - told >= kTellWatchersEvery) {
      told = now;
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
  for (const auto& attempt : to_tell) attempt->tell_row();
  for (const auto& attempt : to_give_back) attempt->give_back();
  for (const JobId id : late) {
    post(Pool::Control, [this, id] {
      if (auto aborted = service.abort(id, StopReason::Deadline); !aborted.ok()) {
        spdlog::warn("deadline not enforced job={} error={}", id.value, aborted.error().message);
      }
    });
  }
  for (const JobId id : interrupted) recover(id);
  if (poll) post(Pool::Control, [this] { poll_shared_catalog(); });
  for (const JobId id : running) watchers.tell(id);
  dispatch();
  const std::lock_guard lock{mutex};
  arm();
  if (--activities == 0) activities_changed.notify_all();
}

void JobService::State::renew(const std::shared_ptr<JobAttempt>& attempt) {
  static constexpr std::string_view kWhat = "lease not renewed";
  jobs.renew(
      attempt->lease(), settings.lease,
      [self = shared_from_this(), attempt,
       asked = catalog.clock().steady()](Result<JobStore::Renewed> renewed) {
        if (renewed.ok()) attempt->renewed(asked);
        {
          const std::lock_guard lock{self->mutex};
          attempt->is_renewing = false;
          if (renewed.ok()) attempt->renewed_at = asked;
        }
        if (renewed.ok()) {
          self->outages.passed(kWhat);
          // Somebody else asked for the abort: another process at the same catalog.
          if (renewed->state == JobState::Aborting) attempt->stop(renewed->stop_reason);
        } else if (after_error(EndingStep::Write, renewed.error().code) == EndingChoice::Refused) {
          attempt->lose_lease();
        } else {
          self->outages.failed(kWhat, attempt->lease().job, renewed.error());
        }
      });
}

// Other processes submit to a shared catalog, and die.
void JobService::State::poll_shared_catalog() {
  static constexpr std::string_view kWhat = "catalog not asked for jobs";
  auto found = jobs.startable(256);
  const auto waiting = jobs.count_waiting(settings.max_queued);
  if (!found.ok() || !waiting.ok()) {
    outages.failed(kWhat, {}, found.ok() ? waiting.error() : found.error());
    return;
  }
  outages.passed(kWhat);
  bool sweeps = false;
  {
    const std::lock_guard lock{mutex};
    parked.clear();
    elsewhere = *waiting;
    const auto now = catalog.clock().steady();
    sweeps = now - sealed_swept >= kSweepSealedEvery;
    if (sweeps) sealed_swept = now;
  }
  // Another process may have ended a job whose sealed values lie here.
  if (sweeps) post(Pool::Upkeep, [this] { sweep_sealed(); });
  for (const auto& job : *found) {
    if (job.state == JobState::Queued || job.state == JobState::Running) {
      if (is_served(job.queue)) add_waiting(job);
    } else {
      recover(job.id);
    }
  }
  dispatch();
}

}  // namespace millrace
