#include <utility>

#include <spdlog/spdlog.h>

#include "engine/job/job_attempt.hpp"
#include "engine/job/job_origin.hpp"

// What the operators of a job change in the catalog takes effect with its end. Rows that are too
// many for that one transaction are written before it and not seen; those that no end shows go.

namespace millrace {

Result<std::shared_ptr<EndingChanges>> JobAttempt::read_changes(std::string list) const {
  if (list.empty()) return std::shared_ptr<EndingChanges>{};
  Asker asker = asker_of(job_);
  asker.origin = origin_of(job_);
  MR_TRY(EndingChanges made,
         EndingChanges::read(std::move(list), asker, service_->catalog.clock()));
  return std::make_shared<EndingChanges>(std::move(made));
}

Result<void> JobAttempt::take_changes() {
  MR_TRY(changes_, read_changes(services_->kept_changes()));
  return {};
}

Result<void> JobAttempt::drop_unseen_behind_checkpoint() {
  if (lease_.token <= 1) return {};
  MR_TRY(const auto kept, read_changes(services_->kept_changes()));
  return millrace::drop_unseen(
      service_->catalog, lease_.job.value, kept ? kept->unseen() : std::set<std::int64_t>{},
      [this](Connection& connection) { return service_->jobs.check(connection, lease_); });
}

void JobAttempt::changes_refused() {
  outcome_.error = changes_->refusal();
  outcome_.failed_node = changes_->refused_node();
  changes_.reset();
  if (is_publishing_) {
    outcome_.error = outcome_.error->within(
        "the outputs of the job are published, but the catalog has changed since that began");
    return write_end(JobState::Failed);
  }
  post(&JobAttempt::settle);
}

void JobService::State::drop_unseen(JobId id) {
  const auto drop = [&]() -> Result<void> {
    MR_TRY(const Job job, jobs.get(id));
    if (!is_final(job.state)) return {};  // asked for again meanwhile
    return millrace::drop_unseen(catalog, id.value, {}, [&](Connection& connection) {
      return jobs.check_last(connection, id, job.token);
    });
  };
  const auto dropped = drop();
  const bool is_tidy = dropped.ok() || dropped.error().code == Code::Conflict ||  // begun again
                       dropped.error().code == Code::NotFound;                    // removed
  if (!is_tidy)
    spdlog::warn("rows that nobody sees stay until the next sweep job={} error={}", id.value,
                 dropped.error().message);
}

}  // namespace millrace
