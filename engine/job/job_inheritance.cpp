#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "engine/job/job_attempt.hpp"

// How an attempt comes to the stages of the one before it. The earlier attempt may stand in an
// operator somewhere, and wake up: so it keeps its files, and this one makes its own of them. Then
// the catalog says whose stages count, then the old ones go. A crash between any two of these steps
// leaves the stage that the row names, and the next attempt does the steps again.

namespace millrace {

void JobAttempt::inherit() {
  auto made = checkpoint_ ? inherit_stages() : Result<void>{};
  if (!made.ok()) {
    Outcome outcome;
    outcome.stopped = cancel_.reason();
    if (!cancel_.stopped()) outcome.error = std::move(made).error().within("go on with outputs");
    return ended(std::move(outcome));
  }
  // What is staged behind no checkpoint is begun anew.
  const auto which = checkpoint_ ? JobStore::Inherited::Keep : JobStore::Inherited::Forget;
  until_done(
      EndingStep::Write,
      [this, which](Answered answer) { service_->jobs.inherit(lease_, which, std::move(answer)); },
      [this](Result<void> written) {
        if (written.ok()) {
          // Files and rows of the attempts before go first, which may be many.
          return service_->post(Pool::Upkeep, [self = shared_from_this()] { self->inherited(); });
        }
        Outcome outcome;
        outcome.stopped = cancel_.reason();
        outcome.error = std::move(written).error().within("go on with outputs");
        ended(std::move(outcome));
      });
}

Result<void> JobAttempt::inherit_stages() {
  const StoreRights& rights = job_.rights;
  const std::string own = stage_owner(lease_.job, lease_.token);
  // The lock of the data folder says that whoever wrote them is dead, or of this process and over.
  const bool is_alone = service_->catalog.dialect() == SqlDialect::Sqlite;
  std::vector<JobStore::Output> kept;
  for (JobStore::Output& output : noted_) {
    const std::string earlier = stage_owner(lease_.job, output.token);
    MR_TRY(const Uri checked, service_->store.check(output.uri, rights, true));
    const auto made = service_->store.inherit(
        checked, {.from = earlier,
                  .to = own,
                  .writer = is_alone ? Inheritance::Writer::Dead : Inheritance::Writer::MayLive,
                  .stopping = [this] { return cancel_.stopped() || !guard_.holds(); }});
    // Noted, but lost with the power: no checkpoint speaks of it, or its operator finds it too
    // short.
    if (!made.ok() && made.error().code == Code::NotFound) continue;
    MR_CHECK(made);
    kept.push_back(std::move(output));
  }
  noted_ = std::move(kept);
  return {};
}

void JobAttempt::inherited() {
  if (auto gone = service_->store.discard_stages(lease_.job, lease_.token); !gone.ok()) {
    spdlog::warn("stages of earlier attempts stay until the next start job={} error={}",
                 lease_.job.value, gone.error().message);
  }
  if (!checkpoint_) noted_.clear();
  go_on(begin());
}

}  // namespace millrace
