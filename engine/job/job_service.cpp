#include "engine/job/job_service.hpp"

#include <algorithm>
#include <array>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/job/job_attempt.hpp"
#include "engine/job/job_rows.hpp"
#include "engine/job/job_service_state.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace millrace {

namespace {

std::string default_holder() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return fmt::format("{}:{}", host.data(), ::getpid());
}

JobSettings with_holder(JobSettings settings) {
  if (settings.holder.empty()) settings.holder = default_holder();
  return settings;
}

// Logs what a drain waited for in vain.
void tell_what_runs_on(const std::unordered_map<JobId, std::shared_ptr<JobAttempt>>& attempts) {
  for (const auto& [id, attempt] : attempts) {
    spdlog::error("job does not stop job={} nodes={}", id.value,
                  fmt::join(attempt->busy_nodes(), ","));
  }
}

}  // namespace

JobService::State::State(JobService& own, JobStore& job_store, Registry& operators, Store& objects,
                         Catalog& metadata, Scheduler& workers, JobSettings given,
                         const JobSecrets& secrets)
    : service{own},
      jobs{job_store},
      registry{operators},
      store{objects},
      catalog{metadata},
      scheduler{workers},
      connections{secrets.connections},
      sealed{secrets.sealed},
      settings{with_holder(std::move(given))},
      outages{metadata.clock()},
      dispatcher{{settings.queues, settings.queue_jobs, settings.max_jobs, settings.prompt_jobs},
                 workers.workers()} {}

JobService::JobService(JobStore& jobs, Registry& registry, Store& store, Catalog& catalog,
                       Scheduler& scheduler, JobSettings settings, JobSecrets secrets)
    : state_{std::make_shared<State>(*this, jobs, registry, store, catalog, scheduler,
                                     std::move(settings), secrets)} {}

JobService::~JobService() { drain(); }

Result<void> JobService::start() {
  MR_CHECK(state_->recover());
  {
    const std::lock_guard lock{state_->mutex};
    state_->started = true;
    state_->arm();
  }
  state_->dispatch();
  state_->post(Pool::Upkeep, [state = state_] {
    state->sweep_stages();
    state->sweep_scratch();
    state->sweep_sealed();
    state->remove_contents();
  });
  state_->sweep_now_and_then();
  return {};
}

void JobService::drain() { drain_until(std::nullopt); }

bool JobService::drain_for(std::chrono::milliseconds patience) {
  return drain_until(std::chrono::steady_clock::now() + patience);
}

bool JobService::drain_until(std::optional<std::chrono::steady_clock::time_point> deadline) {
  {
    const std::lock_guard lock{state_->mutex};
    if (state_->closed) return true;
    state_->stopping = true;
    for (const auto& [id, attempt] : state_->attempts) attempt->stop(StopReason::Shutdown);
  }
  state_->start_leased();  // they see that they are to stop, and go back to the queue
  std::unique_lock lock{state_->mutex};
  const auto all_ended = [this] { return state_->activities == 0; };
  // Ends when operators do: each should see the stop within a batch.
  if (!deadline) {
    state_->activities_changed.wait(lock, all_ended);
  } else if (!state_->activities_changed.wait_until(lock, *deadline, all_ended)) {
    const auto attempts = state_->attempts;
    lock.unlock();
    tell_what_runs_on(attempts);
    return false;
  }
  state_->closed = true;
  return true;
}

// Counts a submission that is let through, whose secrets are on the disk then.
Result<void> JobService::State::admit(JobRequest& request) {
  MR_CHECK(take_place());
  auto done = seal(request);
  if (done.ok()) return done;
  const std::lock_guard lock{mutex};
  --submitting;
  return done;
}

Result<void> JobService::State::take_place() {
  const std::lock_guard lock{mutex};
  const std::size_t waiting =
      std::max(dispatcher.waiting(), elsewhere) + parked.size() + submitting;
  if (stopping) {
    return Error{Code::Unavailable,
                 "shutting down: no more jobs are taken; submit again after the restart"};
  }
  if (waiting >= settings.max_queued) {
    return Error{Code::Exhausted,
                 fmt::format("queue full: {} jobs wait; try again later", waiting)};
  }
  ++submitting;
  return {};
}

// What admit() let through is not written.
void JobService::State::withdraw(const Job& job) {
  sealed_written(job.sealed_file, false);
  const std::lock_guard lock{mutex};
  --submitting;
}

// What admit() let through was written, or was not.
void JobService::State::submitted(ReadyJobs::Ready job, const Result<JobStore::Submission>& made) {
  const bool is_stillborn = made.ok() && made->is_new && is_final(made->state);
  // A failure may leave open whether the row is there: a sweep looks.
  sealed_written(job.job.sealed_file, !made.ok() || (made->is_new && !is_stillborn));
  if (!made.ok() && !job.job.sealed_file.empty()) post(Pool::Upkeep, [this] { sweep_sealed(); });
  if (is_stillborn) aborted_in_queue(made->id);
  const std::lock_guard lock{mutex};
  --submitting;
  if (!made.ok() || !made->is_new) return;
  ++counters.submitted;
  if (is_stillborn) {
    ++counters.aborted;
    return;
  }
  job.job.id = made->id;
  const bool may_start = queue_up(
      {made->id, job.job.queue, job.job.priority, made->not_before_us, made->state, made->wait_us});
  if (made->wait_us > 0) arm();
  // What has secrets is read when it starts, so that they stay in no memory till then.
  if (may_start && job.job.sealed_file.empty()) ready.keep(std::move(job));
}

void JobService::submit(JobRequest request, StoreRights rights, JobStore::Submitted submitted) {
  submit_chain({std::move(request)}, std::move(rights),
               [submitted = std::move(submitted)](Result<std::vector<JobStore::Submission>> made) {
                 if (!made.ok()) return submitted(std::move(made).error());
                 submitted(made->front());
               });
}

void JobService::submit_chain(JobChain chain, StoreRights rights,
                              JobStore::SubmittedChain submitted) {
  std::vector<JobRequest*> requests{&chain.first};
  std::vector<std::size_t> after{0};  // of each: the one that it waits for; the first for none
  for (auto& follower : chain.followers) {
    requests.push_back(&follower.job);
    after.push_back(follower.after);
  }
  std::vector<ReadyJobs::Ready> jobs;
  for (JobRequest* request : requests) {
    if (const auto admitted = state_->admit(*request); !admitted.ok()) {
      for (const auto& job : jobs) state_->withdraw(job.job);
      return submitted(admitted.error());
    }
    jobs.push_back({job_of(*request, rights), request->graph});
  }
  state_->jobs.submit_chain(
      std::move(chain), rights,
      [state = state_, activity = std::make_shared<Activity>(state_), jobs = std::move(jobs),
       after = std::move(after),
       submitted = std::move(submitted)](Result<std::vector<JobStore::Submission>> made) mutable {
        for (std::size_t i = 0; i < jobs.size(); ++i) {
          Result<JobStore::Submission> one = JobStore::Submission{JobId{}, false};
          if (!made.ok()) {
            one = made.error();
          } else if (i < made->size()) {
            one = (*made)[i];
            if (i > 0) jobs[i].job.after.job = (*made)[after[i]].id;
          }
          state->submitted(std::move(jobs[i]), one);
        }
        const bool is_written = made.ok();
        submitted(std::move(made));
        if (is_written) state->dispatch();
      });
}

void JobService::submit_all(std::vector<JobRequest> requests, StoreRights rights,
                            JobStore::SubmittedAll submitted) {
  std::vector<Result<JobStore::Submission>> answers;
  std::vector<JobRequest> admitted;
  std::vector<std::pair<std::size_t, ReadyJobs::Ready>> jobs;  // place among the answers
  for (JobRequest& request : requests) {
    answers.emplace_back(JobStore::Submission{});
    if (auto let_in = state_->admit(request); !let_in.ok()) {
      answers.back() = std::move(let_in).error();
      continue;
    }
    jobs.emplace_back(answers.size() - 1, ReadyJobs::Ready{job_of(request, rights), request.graph});
    admitted.push_back(std::move(request));
  }
  state_->jobs.submit_all(
      std::move(admitted), rights,
      [state = state_, activity = std::make_shared<Activity>(state_), jobs = std::move(jobs),
       answers = std::move(answers),
       submitted = std::move(submitted)](std::vector<Result<JobStore::Submission>> made) mutable {
        for (std::size_t i = 0; i < made.size(); ++i) {
          state->submitted(std::move(jobs[i].second), made[i]);
          answers[jobs[i].first] = std::move(made[i]);
        }
        submitted(std::move(answers));
        state->dispatch();
      });
}

Result<JobState> JobService::abort(JobId id, StopReason reason) {
  MR_TRY(const auto aborted, state_->jobs.abort(id, reason));
  if (!aborted.changed) return aborted.state;
  const auto attempt = state_->find(id);
  {
    const std::lock_guard lock{state_->mutex};
    state_->dispatcher.remove(id);
    state_->parked.erase(id);
    state_->ready.take(id);
    if (aborted.state == JobState::Aborted) ++state_->counters.aborted;
  }
  if (aborted.state == JobState::Aborted) {
    state_->aborted_in_queue(id);
  } else if (attempt) {
    attempt->stop(reason);
  } else {
    // Its attempt is dead or runs elsewhere; the latter learns of it when it renews its lease.
    state_->recover(id);
  }
  state_->watchers.tell(id);
  state_->go_on_behind(aborted.followers);
  return aborted.state;
}

Result<void> JobService::retry(JobId id) {
  MR_TRY(const auto waiting, state_->jobs.retry(id));
  state_->add_waiting(waiting);
  state_->watchers.tell(id);
  state_->dispatch();
  return {};
}

void JobService::rerun(JobId id, JobStore::Submitted submitted) {
  state_->post(Pool::Control, [this, id, submitted = std::move(submitted)]() mutable {
    auto job = state_->jobs.get(id);
    if (!job.ok()) return submitted(std::move(job).error());
    if (!job->sealed_file.empty()) return submitted(detail::secrets_erased(id));
    JobRequest request;
    request.pipeline = std::move(job->pipeline);
    request.dialect = job->dialect;
    request.owner = job->owner;
    request.queue = job->queue;
    request.priority = job->priority;
    request.max_attempts = job->max_attempts;
    if (job->deadline_us > 0) {
      request.deadline =
          std::chrono::ceil<std::chrono::seconds>(std::chrono::microseconds{job->deadline_us});
    }
    request.rules = job->rules;
    request.facts = job->facts.is_object() ? std::move(job->facts) : Json::object();
    request.facts["rerun_of"] = id.value;
    submit(std::move(request), job->rights, std::move(submitted));
  });
}

std::optional<Progress> JobService::progress(JobId id) {
  const auto attempt = state_->find(id);
  return attempt ? attempt->progress() : std::nullopt;
}

std::uint64_t JobService::watch(JobId id, Changed changed) {
  return state_->watchers.add(id, std::move(changed));
}

void JobService::unwatch(std::uint64_t watch) { state_->watchers.remove(watch); }

JobService::Counters JobService::counters() const {
  const std::lock_guard lock{state_->mutex};
  auto counters = state_->counters;
  counters.queued =
      std::max(state_->dispatcher.waiting(), state_->elsewhere) + state_->parked.size();
  counters.running = state_->attempts.size();
  return counters;
}

}  // namespace millrace
