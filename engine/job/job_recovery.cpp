#include <algorithm>
#include <limits>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/job/ending_policy.hpp"
#include "engine/job/job_attempt.hpp"
#include "engine/job/record_log.hpp"

#include <fmt/format.h>

// What a crash left. Publishing jobs are published again, which changes nothing where it had been
// done; aborting ones are aborted; running ones go on from their checkpoint when the dispatcher
// leases them. Ending a job that died is an attempt like any other: its lease is renewed, and its
// steps are repeated until they are done or the lease is lost.

namespace millrace {

namespace {

constexpr int kPage = 1'000;

std::string log_file_of(const Job& job) {
  const auto found = job.pipeline->find("logFile");
  return found != job.pipeline->end() && found->is_string() ? found->get<std::string>()
                                                            : std::string{};
}

// The counts that the last checkpoint wrote into the row.
std::map<std::string, std::int64_t> last_counts(const Job& job) {
  std::map<std::string, std::int64_t> counts;
  const auto found = job.progress.is_object() ? job.progress.find("counts") : job.progress.end();
  if (found == job.progress.end()) return counts;
  for (const auto& [name, count] : found->items()) {
    if (count.is_number_integer()) counts[name] = count.get<std::int64_t>();
  }
  return counts;
}

}  // namespace

Result<void> JobService::State::recover() {
  // The lock of the data folder says that whoever gave these leases is dead. At a shared catalog
  // others may live.
  if (catalog.dialect() == SqlDialect::Sqlite) MR_CHECK(jobs.expire_leases());
  MR_TRY(const auto expired, jobs.expired(std::numeric_limits<int>::max()));
  for (const auto& job : expired) {
    if (job.state == JobState::Running) {
      add_waiting(job);
    } else {
      recover(job.id);
    }
  }
  JobId after{};
  while (true) {
    MR_TRY(const auto page, jobs.queued(after, kPage));
    for (const auto& job : page) add_waiting(job);
    if (page.size() < kPage) break;
    after = page.back().id;
  }
  return {};
}

void JobService::State::recover(JobId id) {
  static constexpr std::string_view kWhat = "job that died while ending not taken over";
  jobs.take_over(
      id, settings.holder, settings.lease,
      [self = shared_from_this(), activity = std::make_shared<Activity>(shared_from_this()), id,
       asked = catalog.clock().steady()](Result<JobStore::Interrupted> taken) {
        if (taken.ok()) {
          self->outages.passed(kWhat);
          return self->on_taken_over(*taken, asked);
        }
        // Refused: somebody else has it, or it has ended.
        const Code code = taken.error().code;
        if (after_error(EndingStep::Write, code) == EndingChoice::Refused) return;
        self->outages.failed(kWhat, id, taken.error());
        const std::lock_guard lock{self->mutex};
        self->to_take_over.insert(id);
        self->arm();
      });
}

void JobService::State::on_taken_over(const JobStore::Interrupted& taken, Clock::Steady asked) {
  const JobId id = taken.lease.job;
  const auto attempt = std::make_shared<JobAttempt>(shared_from_this(), taken.lease,
                                                    Dispatcher::Waiting{id, {}, 0, 0, 0}, asked);
  {
    const std::lock_guard lock{mutex};
    attempts[id] = attempt;
    ++counters.resumed;
    arm();
  }
  watchers.tell(id);
  post(Pool::Control, [attempt, state = taken.state] { attempt->end_interrupted(state); });
}

void JobAttempt::end_interrupted(JobState state) {
  has_slot_ = false;
  until_done(
      EndingStep::Write, [this](const Answered& answer) { answer(read_interrupted()); },
      [this, state](const Result<void>& read) {
        if (!read.ok()) {
          spdlog::error("job cannot be ended job={} error={}", lease_.job.value,
                        read.error().message);
          return abandon();
        }
        state == JobState::Publishing ? end_publishing() : end_aborting();
      });
}

Result<void> JobAttempt::read_interrupted() {
  MR_CHECK(read_job());
  MR_TRY(std::string changes, service_->jobs.changes(lease_.job));
  MR_TRY(changes_, read_changes(std::move(changes)));
  return {};
}

void JobAttempt::end_publishing() {
  is_publishing_ = true;
  until_done(
      EndingStep::Store, [this](const Answered& answer) { answer(publish_noted()); },
      [this](Result<void> published) {
        is_published_ = published.ok();
        if (!published.ok())
          outcome_.error = std::move(published).error().within("publish outputs");
        write_end(published.ok() ? JobState::Finished : JobState::Failed);
      });
}

// Some may be visible already: the rest follows, and what is in the way of one has to go.
Result<void> JobAttempt::publish_noted() {
  const StoreRights& rights = job_.rights;
  MR_TRY(const auto noted, service_->jobs.outputs(lease_.job));
  Result<void> first;
  for (const JobStore::Output& output : noted) {
    MR_TRY(const Uri checked, service_->store.check(output.uri, rights, true));
    MR_CHECK(guard_.check());
    auto done =
        service_->store.publish(checked, stage_owner(lease_.job, output.token), Publishing::Again);
    if (!done.ok() && first.ok()) first = not_published_yet(std::move(done).error());
  }
  return first;
}

void JobAttempt::end_aborting() {
  until_done(
      EndingStep::Store,
      [this](const Answered& answer) { answer(service_->end_aborted(lease_.job)); },
      [this](const Result<void>& ended) {
        if (!ended.ok()) {
          spdlog::warn("outputs not tidied up job={} error={}", lease_.job.value,
                       ended.error().message);
        }
        write_end(JobState::Aborted);
      });
}

Result<void> JobService::State::end_aborted(JobId id) {
  MR_TRY(const Job job, jobs.get(id));
  if (job.state != JobState::Aborting && job.state != JobState::Aborted)
    return {};  // asked for again meanwhile
  const std::string log = log_file_of(job);
  MR_TRY(const auto noted, jobs.outputs(id));
  if (log.empty()) return store.discard_stages(id, job.token + 1);
  const auto found = std::find_if(noted.begin(), noted.end(),
                                  [&log](const auto& output) { return output.uri == log; });
  MR_TRY(const Uri checked, store.check(log, job.rights, true));
  // A copy that each try makes anew, so that the summary stands there once.
  const std::string owner = stage_owner(id, job.token) + "-end";
  bool has_lines = false;
  if (found != noted.end()) {
    const std::string earlier = stage_owner(id, found->token);
    const auto made = store.inherit(checked, {.from = earlier, .to = owner});
    if (!made.ok() && made.error().code != Code::NotFound) return made;
    has_lines = made.ok();
    // A try before this one published it, and removed the rest.
    if (!has_lines && store.stat(checked).ok()) return store.discard_stages(id, job.token + 1);
  }
  {
    MR_TRY(const auto staged, store.stage(checked, owner));
    if (!has_lines) MR_CHECK(staged->truncate(0));
    RecordLog record_log{*staged, catalog.clock()};
    MR_CHECK(record_log.finish("aborted", last_counts(job)));
  }
  MR_CHECK(store.publish(checked, owner, Publishing::First));
  return store.discard_stages(id, job.token + 1);
}

void JobService::State::aborted_in_queue(JobId id) {
  post(Pool::Control, [this, id] {
    erase_sealed_of(id);
    tidy_aborted(id);
    post(Pool::Upkeep, [this, id] {
      sweep_scratch(id);
      remove_contents(id);
      drop_unseen(id);
    });
  });
}

void JobService::State::tidy_aborted(JobId id, std::chrono::milliseconds wait) {
  static constexpr std::string_view kWhat = "store does not take the log of an aborted job";
  static constexpr std::chrono::milliseconds kLongestWait{2'000};
  const auto ended = end_aborted(id);
  if (ended.ok()) return outages.passed(kWhat);
  const bool may_pass = after_error(EndingStep::Store, ended.error().code) == EndingChoice::Again;
  if (!may_pass || is_stopping()) {
    spdlog::warn("outputs not tidied up job={} error={}", id.value, ended.error().message);
    return;
  }
  outages.failed(kWhat, id, ended.error());
  post_after(wait, [this, id, next = std::min(wait * 2, kLongestWait)] { tidy_aborted(id, next); });
}

void JobService::State::sweep_stages() {
  const auto gone = store.sweep_stages([this](JobId id) -> Result<bool> {
    const auto job = jobs.get(id);
    if (!job.ok() && job.error().code == Code::NotFound) return false;
    MR_CHECK(job);
    return !is_final(job->state);
  });
  if (!gone.ok()) {
    spdlog::warn("stages of jobs that have ended not swept error={}", gone.error().message);
  } else if (*gone > 0) {
    spdlog::info("stages of jobs that have ended swept count={}", *gone);
  }
}

}  // namespace millrace
