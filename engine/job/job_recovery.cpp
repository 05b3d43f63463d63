#include <future>
#include <limits>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/job/job_service_state.hpp"
#include "engine/job/record_log.hpp"
#include "engine/job/rights_json.hpp"

#include <fmt/format.h>

// What a crash left. Publishing jobs are published again, which changes nothing where it had been
// done; aborting ones are aborted; running ones go on from their checkpoint when the dispatcher
// leases them.

namespace millrace {

namespace {

constexpr int kPage = 1'000;

std::string stage_owner(JobId id) { return fmt::format("job-{}", id.value); }

std::string log_file_of(const Job& job) {
  const auto found = job.pipeline.find("logFile");
  return found != job.pipeline.end() && found->is_string() ? found->get<std::string>()
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
      continue;
    }
    if (auto ended = recover(job.id); !ended.ok()) {
      spdlog::warn("job not ended yet job={} error={}", job.id.value, ended.error().message);
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

Result<void> JobService::State::recover(JobId id) {
  auto taken = jobs.take_over(id, settings.holder, settings.lease);
  // Somebody else has it, or it has ended.
  if (!taken.ok() && (taken.error().code == Code::Conflict || taken.error().code == Code::NotFound))
    return {};
  auto ended = taken.ok() ? end_interrupted(*taken) : Result<void>{std::move(taken).error()};
  {
    const std::lock_guard lock{mutex};
    if (ended.ok()) {
      ++counters.resumed;
    } else {
      to_recover.insert(id);
      arm();
    }
  }
  watchers.tell(id);
  return ended;
}

Result<void> JobService::State::end_interrupted(const JobStore::Interrupted& interrupted) {
  const JobId id = interrupted.lease.job;
  JobState end = JobState::Aborted;
  if (interrupted.state == JobState::Publishing) {
    MR_TRY(const Job job, jobs.get(id));
    MR_TRY(const auto uris, jobs.outputs(id));
    for (const std::string& uri : uris) {
      MR_TRY(const Uri checked, store.check(uri, read_rights(job.rights), true));
      MR_CHECK(store.publish(checked, stage_owner(id)));
    }
    end = JobState::Finished;
  } else {
    MR_CHECK(end_aborted(id));
  }
  std::promise<Result<void>> written;
  jobs.finish(interrupted.lease, end, {},
              [&written](Result<void> result) { written.set_value(std::move(result)); });
  MR_CHECK(written.get_future().get());
  const std::lock_guard lock{mutex};
  ++(end == JobState::Finished ? counters.finished : counters.aborted);
  return {};
}

Result<void> JobService::State::end_aborted(JobId id) {
  MR_TRY(const Job job, jobs.get(id));
  if (job.state != JobState::Aborting && job.state != JobState::Aborted)
    return {};  // asked for again meanwhile
  const StoreRights rights = read_rights(job.rights);
  const std::string owner = stage_owner(id);
  const std::string log = log_file_of(job);
  MR_TRY(const auto uris, jobs.outputs(id));
  for (const std::string& uri : uris) {
    if (uri == log) continue;
    MR_TRY(const Uri checked, store.check(uri, rights, true));
    MR_CHECK(store.discard(checked, owner));
  }
  if (log.empty()) return {};
  MR_TRY(const Uri checked, store.check(log, rights, true));
  {
    MR_TRY(const auto staged, store.stage(checked, owner));
    RecordLog record_log{*staged, catalog.clock()};
    MR_CHECK(record_log.finish("aborted", last_counts(job)));
  }
  return store.publish(checked, owner);
}

}  // namespace millrace
