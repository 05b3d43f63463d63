#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/job/ending_policy.hpp"
#include "engine/job/job_attempt.hpp"
#include "engine/job/progress_json.hpp"

#include <fmt/format.h>

// How an attempt ends. What each error leads to stands in ending_policy.cpp; what may pass is
// repeated here, by until_done(), for as long as the service lives. When it ends first, the row
// still says "running" or "publishing", and the next start goes on from there.

namespace millrace {

namespace {

constexpr std::chrono::milliseconds kFirstWait{50};
constexpr std::chrono::milliseconds kLongestWait{2'000};
constexpr std::string_view kNoEnd = "catalog takes no end of a job";

std::string_view name_of(EndingStep kind) {
  return kind == EndingStep::Write ? "catalog does not take changes of jobs"
                                   : "store does not take outputs of jobs";
}

bool is_refusal(const Error& error) {
  return after_error(EndingStep::Write, error.code) == EndingChoice::Refused;
}

}  // namespace

struct JobAttempt::Repeated {
  const std::shared_ptr<JobAttempt> self;
  const EndingStep kind;
  const Step step;
  const Answered then;
  std::chrono::milliseconds wait = kFirstWait;
};

void JobAttempt::until_done(EndingStep kind, Step step, Answered then) {
  again(std::make_shared<Repeated>(
      Repeated{shared_from_this(), kind, std::move(step), std::move(then)}));
}

void JobAttempt::again(const std::shared_ptr<Repeated>& what) {
  // What is written names its token and is refused when that is stale. Nothing guards the store.
  if (what->kind == EndingStep::Store && !guard_.holds()) return abandon();
  what->step([what](Result<void> result) { what->self->answered(what, std::move(result)); });
}

void JobAttempt::answered(const std::shared_ptr<Repeated>& what, Result<void> result) {
  // Refused by the guard in the midst of the step: no fault of the job's.
  if (!result.ok() && what->kind == EndingStep::Store && !guard_.holds()) return abandon();
  if (result.ok() || after_error(what->kind, result.error().code) != EndingChoice::Again) {
    service_->outages.passed(name_of(what->kind));
    return what->then(std::move(result));
  }
  service_->outages.failed(name_of(what->kind), lease_.job, result.error());
  if (service_->is_stopping()) {
    spdlog::warn("job left as it is for the next start job={}", lease_.job.value);
    return abandon();
  }
  const auto wait = std::exchange(what->wait, std::min(what->wait * 2, kLongestWait));
  service_->post_after(wait, [what] { what->self->again(what); });
}

void JobAttempt::post(void (JobAttempt::*step)()) {
  service_->post(Pool::Control, [self = shared_from_this(), step] { ((*self).*step)(); });
}

void JobAttempt::ended(Outcome outcome) {
  outcome_ = std::move(outcome);
  auto rows = std::exchange(outcome_.rows, {});
  if (const auto& take_rows = service_->settings.take_rows; take_rows && !outcome_.error)
    take_rows(lease_.job, std::move(rows));
  if (services_ && outcome_.error) {
    outcome_.error->message = services_->hide(outcome_.error->message);
    outcome_.error->detail = services_->hide(outcome_.error->detail);
  }
  if (services_) {
    services_->tell_metrics();
    outcome_.result = services_->result();
    outcome_.counts = services_->counts();
  }
  if (services_ && (services_->has_written() || lease_.token > 1)) {
    post(&JobAttempt::settle);
  } else {
    settle();
  }
}

void JobAttempt::settle() {
  if (!guard_.holds()) return abandon();
  if (outcome_.stopped == StopReason::Shutdown)
    return put_back(std::nullopt, std::chrono::milliseconds{0});
  if (outcome_.stopped != StopReason::None) return fail(JobState::Aborted, "aborted");
  if (!outcome_.error) return publish();
  const bool may_pass = after_error(EndingStep::Run, outcome_.error->code) == EndingChoice::Again;
  if (may_pass && job_.failures + 1 < job_.max_attempts)
    return put_back(outcome_.error, back_off());
  fail(JobState::Failed, "failed");
}

std::chrono::milliseconds JobAttempt::back_off() const {
  auto wait = service_->settings.retry_first;
  for (int i = 0; i < job_.failures && wait < service_->settings.retry_longest; ++i) wait *= 2;
  return std::min(wait, service_->settings.retry_longest);
}

// What an earlier attempt staged and this one did not come to: it lies behind the checkpoint, and
// is a part of the outputs.
Result<void> JobAttempt::adopt_outputs() {
  const auto own = services_->outputs().uris();
  for (const JobStore::Output& noted : noted_) {
    if (std::find(own.begin(), own.end(), noted.uri) == own.end())
      MR_CHECK(services_->stage(noted.uri));
  }
  return {};
}

void JobAttempt::publish() {
  auto ready = adopt_outputs();
  if (ready.ok()) ready = take_changes();
  if (ready.ok() && !services_->has_written()) return write_end(JobState::Finished);
  // Before the log says that all is well; from here on it can only go forward.
  if (ready.ok()) ready = services_->outputs().check_publish();
  if (ready.ok()) ready = services_->end_record_log("finished");
  if (ready.ok()) ready = services_->sync();
  if (!ready.ok()) {
    outcome_.error = std::move(ready).error().within("write outputs");
    return settle();
  }
  if (services_->outputs().empty()) return write_end(JobState::Finished);
  until_done(
      EndingStep::Write,
      [this](Answered answer) {
        auto end = ending();
        end.changes = changes_;
        service_->jobs.begin_publish(lease_, services_->outputs().uris(), end, std::move(answer));
      },
      [this](const Result<void>& begun) {
        if (!begun.ok()) return not_written(begun.error(), JobState::Finished);
        is_publishing_ = true;
        service_->watchers.tell(lease_.job);
        post(&JobAttempt::publish_outputs);
      });
}

void JobAttempt::publish_outputs() {
  services_->outputs().close();
  is_tidied_ = true;
  until_done(
      EndingStep::Store,
      [this](const Answered& answer) {
        auto published = services_->outputs().publish();
        // With one of them visible the job cannot fail any more: whoever is in the way has to go.
        if (!published.ok() && services_->outputs().may_be_visible())
          published = not_published_yet(std::move(published).error());
        answer(std::move(published));
      },
      [this](Result<void> published) {
        is_published_ = published.ok();
        if (!published.ok()) {
          outcome_.error = std::move(published).error().within("publish outputs");
          warn_if_untidy(services_->outputs().discard());
        }
        write_end(published.ok() ? JobState::Finished : JobState::Failed);
      });
}

void JobAttempt::fail(JobState state, std::string_view status) {
  if (!std::exchange(is_tidied_, true)) tidy_up(status);
  write_end(state);
}

void JobAttempt::tidy_up(std::string_view status) {
  Result<void> ended;
  if (services_ && services_->has_written()) {
    auto& outputs = services_->outputs();
    ended = services_->end_record_log(status);
    outputs.close();
    const std::string& log = services_->record_log();
    if (ended.ok() && !log.empty()) ended = outputs.publish(log);
    auto gone = outputs.discard(ended.ok() ? log : std::string{});
    if (ended.ok()) ended = std::move(gone);
  }
  // What earlier attempts left, and this one had not come to.
  if (ended.ok() && lease_.token > 1)
    ended = service_->store.discard_stages(lease_.job, lease_.token + 1);
  warn_if_untidy(ended);
}

void JobAttempt::warn_if_untidy(const Result<void>& ended) const {
  if (!ended.ok())
    spdlog::warn("outputs not tidied up job={} error={}", lease_.job.value, ended.error().message);
}

void JobAttempt::put_back(const std::optional<Error>& error, std::chrono::milliseconds wait) {
  free_slot();
  const auto not_before_us = std::make_shared<std::int64_t>(0);  // shared by the two callbacks
  until_done(
      EndingStep::Write,
      [this, error, wait, not_before_us](const Answered& answer) {
        service_->jobs.requeue(lease_, error, wait,
                               [answer, not_before_us](Result<std::int64_t> queued) {
                                 if (!queued.ok()) return answer(std::move(queued).error());
                                 *not_before_us = *queued;
                                 answer({});
                               });
      },
      [this, error, wait, not_before_us](const Result<void>& queued) {
        if (!queued.ok()) return not_written(queued.error(), JobState::Queued);
        went_back(error, wait, *not_before_us);
      });
}

// The row has a time from which the job may start, by the database's clock; this process counts the
// wait by its steady one.
void JobAttempt::went_back(const std::optional<Error>& error, std::chrono::milliseconds wait,
                           std::int64_t not_before_us) {
  if (services_) services_->outputs().close();
  if (error) {
    spdlog::warn("job will be tried again job={} attempt={} wait_ms={} error={}", lease_.job.value,
                 lease_.attempt, wait.count(), error->message);
  }
  done(JobState::Queued);
  const auto wait_us = std::chrono::microseconds{wait}.count();
  service_->requeued({lease_.job, queue_, priority_,
                      wait_us > 0 ? service_->steady_us() + wait_us : 0, not_before_us});
}

void JobAttempt::give_back() {
  has_slot_ = false;
  put_back(std::nullopt, std::chrono::milliseconds{0});
}

void JobAttempt::write_end(JobState state) {
  free_slot();
  const auto followers = std::make_shared<JobStore::Followers>();  // shared by the two callbacks
  until_done(
      EndingStep::Write,
      [this, state, followers](const Answered& answer) {
        auto end = ending();
        if (state == JobState::Finished) end.changes = changes_;
        if (state == JobState::Finished && !is_bare_)
          end.progress = as_finished(end.progress.is_null() ? progress_json() : end.progress);
        service_->jobs.finish(lease_, state, end,
                              [answer, followers](Result<JobStore::Followers> ended) {
                                if (!ended.ok()) return answer(std::move(ended).error());
                                *followers = *std::move(ended);
                                answer({});
                              });
      },
      [this, state, followers](const Result<void>& written) {
        if (!written.ok()) return not_written(written.error(), state);
        if (is_bare_) service_->outages.passed(kNoEnd);
        done(state);
        service_->go_on_behind(*followers);
      });
}

void JobAttempt::not_written(const Error& error, JobState wanted) {
  if (changes_ && changes_->refusal()) return changes_refused();
  is_refusal(error) ? refused(error, wanted) : never_taken(error, wanted);
}

// The catalog will not take this change of the row, however often it is asked: its result is too
// large for the database. The end is written without it.
void JobAttempt::never_taken(const Error& error, JobState wanted) {
  if (is_bare_) {
    // Nothing smaller can be written, so this stays true until somebody mends the catalog.
    service_->outages.failed(kNoEnd, lease_.job, error);
    if (service_->is_stopping()) return abandon();
    return service_->post_after(kLongestWait,
                                [self = shared_from_this(), wanted] { self->write_end(wanted); });
  }
  const std::size_t size = outcome_.result.empty() ? 0 : outcome_.result.dump().size();
  outcome_.error = Error{
      error.code,
      fmt::format("end of the job not written: the catalog does not take its result of {} bytes, "
                  "which is dropped; write what is large to an output: {}",
                  size, error.message),
      error.detail};
  outcome_.failed_node.clear();
  is_bare_ = true;
  if (wanted != JobState::Aborted && !is_publishing_) {  // tidied up, where it is not yet
    return service_->post(Pool::Control,
                          [self = shared_from_this()] { self->fail(JobState::Failed, "failed"); });
  }
  write_end(wanted == JobState::Aborted ? wanted : JobState::Failed);
}

// The row is not what we thought: an abort came first, or the lease is somebody else's.
void JobAttempt::refused(const Error& error, JobState wanted) {
  service_->post(Pool::Control, [self = shared_from_this(), error, wanted] {
    auto row = std::make_shared<std::optional<Job>>();
    self->until_done(
        EndingStep::Write,
        [self = self.get(), row](const Answered& answer) {
          auto read = self->service_->jobs.get(self->lease_.job);
          if (!read.ok()) return answer(std::move(read).error());
          *row = *std::move(read);
          answer({});
        },
        [self = self.get(), row, error, wanted](const Result<void>& read) {
          const bool is_ours = read.ok() && (*row)->token == self->lease_.token;
          if (is_ours && (*row)->state == JobState::Aborting && wanted != JobState::Aborted) {
            self->outcome_.error.reset();
            self->outcome_.stopped = (*row)->stop_reason;
            return self->fail(JobState::Aborted, "aborted");
          }
          // The row is as we thought, so it is the change that the database does not take.
          if (is_ours && may_follow((*row)->state, wanted)) return self->never_taken(error, wanted);
          spdlog::warn("end of an attempt refused job={} attempt={} error={}",
                       self->lease_.job.value, self->lease_.attempt, error.message);
          self->abandon();
        });
  });
}

// Leaves the row and all that is staged as they are: to whoever has the job now, or to the next
// start.
void JobAttempt::abandon() {
  if (!guard_.holds()) {
    spdlog::warn("attempt ended without its lease job={} attempt={}", lease_.job.value,
                 lease_.attempt);
  }
  if (services_) services_->outputs().close();
  done(JobState::Running);
}

JobStore::Ending JobAttempt::ending() const {
  JobStore::Ending ending;
  ending.reason = outcome_.stopped;
  ending.error = outcome_.error;
  ending.failed_node = outcome_.failed_node;
  ending.is_published = is_published_;
  ending.has_rows = lease_.token > 1 || has_checkpoint_ || (services_ && services_->has_written());
  if (is_bare_ || is_publishing_) return ending;  // nothing that is large, or the row has it
  if (!outcome_.result.empty()) ending.result = outcome_.result;
  if (!outcome_.counts.empty()) ending.counts = outcome_.counts;
  if (services_) ending.progress = progress_json();
  ending.versions = versions_;
  return ending;
}

// Of an attempt that did not run, what the row has.
Json JobAttempt::progress_json() const {
  if (!services_) return job_.progress;
  const auto progress = std::as_const(*services_).progress();
  return progress.nodes.empty() ? job_.progress : to_json(progress);
}

void JobAttempt::free_slot() {
  if (!std::exchange(has_slot_, false)) return;
  service_->executed(lease_.job, service_->catalog.clock().steady() - started_);
}

void JobAttempt::remove_what_is_left() {
  const bool has_earlier = lease_.token > 1;  // attempts, of which nobody knows what they left
  const bool scratch = has_earlier || (services_ && services_->has_scratch());
  const bool contents = has_earlier || (services_ && services_->has_contents());
  const bool unseen = has_earlier || (services_ && services_->has_unseen());
  if (!scratch && !contents && !unseen) return;
  service_->post(Pool::Upkeep, [=, service = service_, lease = lease_] {
    if (scratch) service->remove_scratch(lease.job, lease.token);
    if (contents) service->remove_contents(lease.job);
    if (unseen) service->drop_unseen(lease.job);
  });
}

void JobAttempt::done(JobState state) {
  free_slot();
  if (is_final(state)) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        service_->catalog.clock().steady() - started_);
    if (state == JobState::Failed && outcome_.error && service_->settings.logs_failures) {
      spdlog::error("job failed job={} attempt={} ms={} code={} error={} detail={}",
                    lease_.job.value, lease_.attempt, took.count(), to_string(outcome_.error->code),
                    outcome_.error->message, outcome_.error->detail);
    } else {
      spdlog::info("job {} job={} attempt={} ms={}", to_string(state), lease_.job.value,
                   lease_.attempt, took.count());
    }
  }
  if (is_final(state)) {
    service_->erase_sealed(job_.sealed_file);
    remove_what_is_left();
  }
  service_->attempt_done(shared_from_this(), state);
}

}  // namespace millrace
