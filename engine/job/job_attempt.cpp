#include "engine/job/job_attempt.hpp"

#include <limits>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/graph/plan.hpp"
#include "engine/job/progress_json.hpp"
#include "engine/plugin/registry.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

Json versions_of(const Plan& plan) {
  Json versions = Json::object();
  for (const PlanNode& node : plan.nodes) {
    for (const Node& member : node.chain) versions[member.info->id] = member.info->version;
  }
  return versions;
}

Outcome failed(Error error) {
  Outcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

Error faults_error(const std::vector<Fault>& faults) {
  std::string text = "pipeline is not valid";
  for (const Fault& fault : faults)
    fmt::format_to(std::back_inserter(text), "; {} {}", fault.pointer, fault.message);
  return {Code::InvalidArgument, std::move(text)};
}

}  // namespace

JobAttempt::JobAttempt(std::shared_ptr<JobService::State> service, JobStore::Lease lease,
                       const Dispatcher::Waiting& job, Clock::Steady asked)
    : leased_at{asked},
      renewed_at{asked},
      told_at{asked},
      service_{std::move(service)},
      lease_{lease},
      queue_{job.queue},
      priority_{job.priority},
      activity_{service_},
      // The lock of the data folder keeps others from an SQLite catalog.
      guard_{service_->catalog.clock(), service_->catalog.dialect() == SqlDialect::Sqlite
                                            ? LeaseGuard::Ends::WhenLost
                                            : LeaseGuard::Ends::ByTime},
      deadline_{std::numeric_limits<Clock::Steady::rep>::max()},
      started_{asked} {
  guard_.renewed(asked, service_->settings.lease);
}

JobAttempt::~JobAttempt() = default;

void JobAttempt::renewed(Clock::Steady asked) { guard_.renewed(asked, service_->settings.lease); }

void JobAttempt::lose_lease() {
  guard_.lose();
  deadline_.store(std::numeric_limits<Clock::Steady::rep>::max(), std::memory_order_relaxed);
  cancel_.stop(StopReason::UpstreamFailed);
}

bool JobAttempt::check_lease() {
  if (guard_.holds()) return true;
  lose_lease();
  return false;
}

std::optional<Progress> JobAttempt::progress() const {
  if (!has_services_.load(std::memory_order_acquire)) return std::nullopt;
  return std::as_const(*services_).progress();
}

void JobAttempt::tell_row() {
  if (!has_services_.load(std::memory_order_acquire)) return;
  services_->tell_metrics();
  service_->jobs.note_progress(lease_, to_json(std::as_const(*services_).progress()));
}

void JobAttempt::know(ReadyJobs::Ready known) {
  if (lease_.token != 1) return;  // others may have changed the row since
  job_ = std::move(known.job);
  graph_ = std::move(known.graph);
}

void JobAttempt::start() {
  started_ = service_->catalog.clock().steady();
  if (job_.id) return began();
  until_done(
      EndingStep::Write, [this](const Answered& answer) { answer(read_job()); },
      [this](Result<void> read) {
        if (!read.ok()) return ended(failed(std::move(read).error().within("read job")));
        began();
      });
}

// Reads all that the attempt wants of the catalog before it begins.
Result<void> JobAttempt::read_job() {
  MR_TRY(job_, service_->jobs.get(lease_.job));
  // The first attempt ever has no checkpoint, so it need not ask.
  if (lease_.token > 1) {
    MR_TRY(checkpoint_, service_->jobs.last_checkpoint(lease_.job));
    MR_TRY(noted_, service_->jobs.outputs(lease_.job));
  }
  return {};
}

void JobAttempt::began() {
  if (job_.deadline_us > 0) {
    const std::chrono::microseconds left{job_.started_us + job_.deadline_us - service_->now_us()};
    // The first start was this one's lease, so the wall clock need not be asked.
    const auto until = lease_.token == 1 ? leased_at + std::chrono::microseconds{job_.deadline_us}
                                         : service_->catalog.clock().steady() + left;
    deadline_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
  }
  if (lease_.token > 1) {
    // Copying what is staged may take long.
    return service_->post(Pool::Upkeep, [self = shared_from_this()] { self->inherit(); });
  }
  go_on(begin());
}

void JobAttempt::go_on(Result<void> begun) {
  if (!begun.ok()) ended(failed(std::move(begun).error()));
}

Result<void> JobAttempt::begin() {
  services_ = std::make_unique<JobServices>(service_->around(), service_->jobs, job_, lease_,
                                            guard_, cancel_, service_->catalog.clock());
  has_services_.store(true, std::memory_order_release);
  auto planned = make_plan_of_job();
  if (!planned.ok()) {
    // Its log tells of the failure all the same, when it can be opened.
    const auto log = job_.pipeline->find("logFile");
    if (log != job_.pipeline->end() && log->is_string()) {
      static_cast<void>(services_->open_record_log(log->get_ref<const std::string&>()));
    }
    return std::move(planned).error();
  }
  const auto plan = *std::move(planned);
  versions_ = versions_of(*plan);
  services_->set_plan(*plan);
  services_->set_connections(plan->connections);
  MR_CHECK(take_over_scratch());
  MR_CHECK(read_states());
  MR_CHECK(services_->resume(checkpoint_ ? &*checkpoint_ : nullptr));
  MR_CHECK(drop_unseen_behind_checkpoint());
  if (!plan->log_file.empty()) {
    auto opened = services_->open_record_log(plan->log_file);
    if (!opened.ok()) return std::move(opened).error().within("log file");
  }
  if (cancel_.stopped()) {
    Outcome stopped;
    stopped.stopped = cancel_.reason();
    ended(std::move(stopped));
    return {};
  }
  RunOptions options;
  // What is done between two deaths is to be kept, or the job is given up for them.
  options.checkpoint_every = service_->settings.checkpoint_every / (1 << job_.crashes);
  options.resume = std::exchange(checkpoint_, std::nullopt);
  options.watch = &watch_;
  options.on_checkpoint = [this](const Checkpoint& taken) { return write_checkpoint(taken); };
  options.on_mark = [this](std::int64_t sequence) { services_->mark(sequence); };
  if (!plan->log_file.empty()) {
    options.wants_mark = [this] { return services_->wants_mark(); };
    options.on_passed = [this](std::int64_t sequence) { services_->settle(sequence); };
  }
  run_plan(plan, service_->scheduler, *services_, cancel_, std::move(options),
           [self = shared_from_this()](Outcome outcome) { self->ended(std::move(outcome)); });
  return {};
}

// Where the engines of a shared catalog have no common folder for scratch, a large state is with
// the one that wrote it: then the job begins anew.
Result<void> JobAttempt::read_states() {
  if (!checkpoint_) return {};
  auto read = services_->read_states(*checkpoint_);
  if (read.ok() || read.error().code != Code::NotFound) return read;
  services_->log(
      {}, MR_LOG_WARN,
      "the job begins anew, the state of its checkpoint is not here: " + read.error().message);
  checkpoint_.reset();
  return {};
}

Result<std::shared_ptr<const Plan>> JobAttempt::make_plan_of_job() {
  if (job_.crashes > kMaxCrashes) {
    return Error{Code::Internal,
                 fmt::format("job given up: the process died {} times while it ran, without a "
                             "checkpoint between; look for "
                             "what kills it in the log of the server, then retry the job",
                             job_.crashes)};
  }
  if (graph_ && !graph_->asked_store) return make_plan(*graph_, service_->registry);
  std::vector<Fault> faults;
  MR_TRY(const SharedJson document, whole_pipeline());
  const Pipeline pipeline = read_pipeline(document, job_.rules, faults);
  const Validation checked = validate(pipeline, service_->registry, *services_, job_.rules);
  faults.insert(faults.end(), checked.faults.begin(), checked.faults.end());
  hide_sealed(faults, sealed_places_);
  if (!checked.graph || !faults.empty()) return faults_error(faults);
  return make_plan(*checked.graph, service_->registry);
}

Result<void> JobAttempt::write_checkpoint(const Checkpoint& taken) {
  static constexpr std::string_view kWhat = "checkpoint of a job not written";
  MR_CHECK(guard_.check());
  // Rows that are given back are in no checkpoint: an attempt that went on from one would lack
  // them.
  if (service_->settings.take_rows && watch_.keeps_rows()) return {};
  has_checkpoint_ = true;
  Checkpoint whole = taken;
  MR_CHECK(services_->add_state(whole));
  if (auto put = services_->put_states(whole); !put.ok()) {
    service_->outages.failed(kWhat, lease_.job, put.error());
    return {};
  }
  // What the checkpoint speaks of must not be younger than it.
  MR_CHECK(services_->sync_scratch());
  if (services_->has_written()) MR_CHECK(services_->sync());
  auto written =
      service_->jobs.checkpoint(lease_, whole, to_json(std::as_const(*services_).progress()));
  if (written.ok()) {
    services_->states_written();
    service_->outages.passed(kWhat);
    service_->watchers.tell(lease_.job);
  } else if (after_error(EndingStep::Write, written.error().code) == EndingChoice::Refused) {
    lose_lease();
  } else {
    // The job goes on; the checkpoint before this one is as good, only older.
    service_->outages.failed(kWhat, lease_.job, written.error());
  }
  return {};
}

}  // namespace millrace
