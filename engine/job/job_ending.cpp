#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/job/job_attempt.hpp"
#include "engine/job/progress_json.hpp"

// How an attempt ends. Whatever the catalog cannot take at the moment is tried again for as long as
// the service lives; when it ends first, the row still says "running" or "publishing", and the next
// start goes on from there.

namespace millrace {

namespace {

constexpr int kPublishTries = 6;
constexpr std::chrono::milliseconds kLongestWait{2'000};

bool may_succeed_later(const Error& error) {
  return error.code == Code::Unavailable || error.code == Code::Io;
}
bool is_refusal(const Error& error) {
  return error.code == Code::Conflict || error.code == Code::NotFound;
}

}  // namespace

void JobAttempt::post(void (JobAttempt::*step)()) {
  service_->post(Pool::Blocking, [self = shared_from_this(), step] { ((*self).*step)(); });
}

void JobAttempt::again_later(std::function<void()> step) {
  if (service_->is_stopping()) {
    spdlog::warn("job left as it is for the next start job={}", lease_.job.value);
    return done(JobState::Running);
  }
  const auto wait = wait_;
  wait_ = std::min(wait_ * 2, kLongestWait);
  service_->post_after(wait, std::move(step));
}

void JobAttempt::ended(Outcome outcome) {
  outcome_ = std::move(outcome);
  outcome_.rows.clear();  // what nobody takes from the last nodes has no reader here
  if (services_) {
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
  if (lost_) {
    spdlog::warn("attempt ended without its lease job={} attempt={}", lease_.job.value,
                 lease_.attempt);
    if (services_) services_->outputs().close();
    return done(JobState::Running);
  }
  if (outcome_.stopped == StopReason::Shutdown)
    return put_back(std::nullopt, std::chrono::milliseconds{0});
  if (outcome_.stopped != StopReason::None) return fail(JobState::Aborted, "aborted");
  if (!outcome_.error) return publish();
  const bool again = may_succeed_later(*outcome_.error) && job_.failures + 1 < job_.max_attempts;
  if (again) return put_back(outcome_.error, back_off());
  fail(JobState::Failed, "failed");
}

std::chrono::milliseconds JobAttempt::back_off() const {
  auto wait = service_->settings.retry_first;
  for (int i = 0; i < job_.failures && wait < service_->settings.retry_longest; ++i) wait *= 2;
  return std::min(wait, service_->settings.retry_longest);
}

// What an earlier attempt staged and this one did not come to. Behind a checkpoint it is a part of
// the outputs.
Result<void> JobAttempt::adopt_outputs() {
  if (lease_.token <= 1) return {};
  MR_TRY(const auto noted, service_->jobs.outputs(lease_.job));
  const auto own = services_->outputs().uris();
  for (const std::string& uri : noted) {
    if (std::find(own.begin(), own.end(), uri) == own.end()) MR_CHECK(services_->stage(uri));
  }
  return {};
}

void JobAttempt::publish() {
  auto ready = services_->is_resumed() ? adopt_outputs() : Result<void>{};
  if (ready.ok() && !services_->has_written()) return write_end(JobState::Finished);
  if (ready.ok()) ready = services_->end_record_log("finished");
  if (ready.ok()) ready = service_->sync.sync();
  if (!ready.ok()) {
    outcome_.error = std::move(ready).error().within("write outputs");
    return settle();
  }
  if (services_->outputs().empty()) return write_end(JobState::Finished);
  service_->jobs.begin_publish(lease_, services_->outputs().uris(), ending(),
                               [self = shared_from_this()](Result<void> begun) {
                                 if (begun.ok()) {
                                   self->service_->watchers.tell(self->lease_.job);
                                   self->service_->post(Pool::Blocking,
                                                        [self] { self->publish_outputs(1); });
                                 } else if (is_refusal(begun.error())) {
                                   self->refused(begun.error(), JobState::Finished);
                                 } else {
                                   self->again_later([self] { self->publish(); });
                                 }
                               });
}

void JobAttempt::publish_outputs(int tries) {
  services_->outputs().close();
  auto published = services_->outputs().publish();
  if (published.ok()) return write_end(JobState::Finished);
  spdlog::warn("output not published job={} tries={} error={}", lease_.job.value, tries,
               published.error().message);
  if (tries < kPublishTries && !service_->is_stopping()) {
    return again_later([self = shared_from_this(), tries] { self->publish_outputs(tries + 1); });
  }
  if (service_->is_stopping()) return done(JobState::Publishing);
  outcome_.error = std::move(published).error().within("publish outputs");
  write_end(JobState::Failed);
}

void JobAttempt::fail(JobState state, std::string_view status) {
  if (services_) {
    if (auto adopted = adopt_outputs(); !adopted.ok()) {
      spdlog::warn("outputs of earlier attempts stay behind job={} error={}", lease_.job.value,
                   adopted.error().message);
    }
  }
  if (services_ && services_->has_written()) {
    auto& outputs = services_->outputs();
    auto ended = services_->end_record_log(status);
    outputs.close();
    const std::string& log = services_->record_log();
    if (ended.ok() && !log.empty()) ended = outputs.publish(log);
    if (ended.ok()) ended = outputs.discard(log);
    if (!ended.ok())
      spdlog::warn("outputs not tidied up job={} error={}", lease_.job.value,
                   ended.error().message);
  }
  write_end(state);
}

void JobAttempt::put_back(const std::optional<Error>& error, std::chrono::milliseconds wait) {
  if (services_) services_->outputs().close();
  free_slot();
  service_->jobs.requeue(
      lease_, error, wait, [self = shared_from_this(), error, wait](Result<void> queued) {
        if (!queued.ok()) {
          if (is_refusal(queued.error())) return self->refused(queued.error(), JobState::Queued);
          return self->again_later([self, error, wait] { self->put_back(error, wait); });
        }
        if (error) {
          spdlog::warn("job will be tried again job={} attempt={} wait_ms={} error={}",
                       self->lease_.job.value, self->lease_.attempt, wait.count(), error->message);
        }
        const auto not_before =
            wait.count() > 0 ? self->service_->now_us() + std::chrono::microseconds{wait}.count()
                             : 0;
        self->done(JobState::Queued);
        self->service_->requeued({self->lease_.job, self->queue_, self->priority_, not_before});
      });
}

void JobAttempt::give_back() {
  has_slot_ = false;
  put_back(std::nullopt, std::chrono::milliseconds{0});
}

void JobAttempt::write_end(JobState state) {
  free_slot();
  service_->jobs.finish(lease_, state, ending(),
                        [self = shared_from_this(), state](Result<void> written) {
                          if (written.ok()) return self->done(state);
                          if (is_refusal(written.error()))
                            return self->refused(written.error(), state);
                          self->again_later([self, state] { self->write_end(state); });
                        });
}

// The row is not what we thought: an abort came first, or the lease is somebody else's.
void JobAttempt::refused(const Error& error, JobState wanted) {
  service_->post(Pool::Blocking, [self = shared_from_this(), error, wanted] {
    auto row = self->service_->jobs.get(self->lease_.job);
    if (!row.ok() && may_succeed_later(row.error())) {
      return self->again_later([self, error, wanted] { self->refused(error, wanted); });
    }
    const bool is_ours = row.ok() && row->token == self->lease_.token;
    if (is_ours && row->state == JobState::Aborting && wanted != JobState::Aborted) {
      self->outcome_.error.reset();
      self->outcome_.stopped = row->stop_reason;
      return self->fail(JobState::Aborted, "aborted");
    }
    spdlog::warn("end of an attempt refused job={} attempt={} error={}", self->lease_.job.value,
                 self->lease_.attempt, error.message);
    if (self->services_) self->services_->outputs().close();
    self->done(JobState::Running);
  });
}

JobStore::Ending JobAttempt::ending() const {
  JobStore::Ending ending;
  ending.reason = outcome_.stopped;
  ending.error = outcome_.error;
  ending.failed_node = outcome_.failed_node;
  if (!outcome_.result.empty()) ending.result = outcome_.result;
  if (!outcome_.counts.empty()) ending.counts = outcome_.counts;
  if (services_) ending.progress = to_json(std::as_const(*services_).progress());
  ending.versions = versions_;
  return ending;
}

void JobAttempt::free_slot() {
  if (!std::exchange(has_slot_, false)) return;
  service_->executed(lease_.job, service_->catalog.clock().steady() - started_);
}

void JobAttempt::done(JobState state) {
  free_slot();
  if (is_final(state)) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        service_->catalog.clock().steady() - started_);
    if (state == JobState::Failed && outcome_.error) {
      spdlog::error("job failed job={} attempt={} ms={} code={} error={} detail={}",
                    lease_.job.value, lease_.attempt, took.count(), to_string(outcome_.error->code),
                    outcome_.error->message, outcome_.error->detail);
    } else {
      spdlog::info("job {} job={} attempt={} ms={}", to_string(state), lease_.job.value,
                   lease_.attempt, took.count());
    }
  }
  service_->attempt_done(shared_from_this(), state);
}

}  // namespace millrace
