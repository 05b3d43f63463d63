#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/catalog/catalog.hpp"
#include "engine/job/job_attempt.hpp"
#include "engine/job/job_service_state.hpp"
#include "engine/job/sealed_files.hpp"

// Values of secret parameters: into a file before the row is written, back into the pipeline for
// each attempt, away with the end of the job.

namespace millrace {

namespace {

// At a shared catalog another process may have written a file whose row is still under way.
constexpr std::chrono::minutes kYoung{10};

}  // namespace

Result<void> JobService::State::seal(JobRequest& request) {
  if (!request.sealed) return {};
  if (sealed == nullptr) {
    return Error{Code::InvalidArgument,
                 "job: no folder is configured for the values of secret parameters"};
  }
  MR_TRY(request.sealed_file, sealed->write(*request.sealed));
  return {};
}

void JobService::State::sealed_written(const std::string& file, bool is_named) {
  if (file.empty()) return;
  if (!is_named) erase_sealed(file);
  sealed->release(file);
}

void JobService::State::erase_sealed(const std::string& file) {
  if (file.empty() || sealed == nullptr) return;
  if (auto erased = sealed->erase(file); !erased.ok())
    spdlog::warn("sealed values not erased yet error={}", erased.error().message);
}

void JobService::State::erase_sealed_of(JobId id) {
  if (sealed == nullptr) return;
  if (const auto job = jobs.get(id); job.ok() && is_final(job->state))
    erase_sealed(job->sealed_file);
}

void JobService::State::sweep_sealed() {
  if (sealed == nullptr) return;
  const std::int64_t young_us =
      catalog.dialect() == SqlDialect::Sqlite ? 0 : std::chrono::microseconds{kYoung}.count();
  // In this order: what is written in between is not among the first.
  const auto files = sealed->sweepable(now_us(), young_us);
  if (files.ok() && files->empty()) return;
  const auto named = jobs.sealed_files();
  if (!files.ok() || !named.ok()) {
    spdlog::warn("sealed values not swept error={}",
                 files.ok() ? named.error().message : files.error().message);
    return;
  }
  for (const auto& file : *files) {
    if (!named->contains(file)) erase_sealed(file);
  }
}

Result<SharedJson> JobAttempt::whole_pipeline() {
  if (job_.sealed_file.empty()) return job_.pipeline;
  if (service_->sealed == nullptr) {
    return Error{Code::NotFound,
                 "job: no folder is configured for the values of secret parameters"};
  }
  MR_TRY(const Json values, service_->sealed->read(job_.sealed_file));
  Json whole = *job_.pipeline;
  MR_TRY(sealed_places_, put_sealed(whole, values));
  services_->add_secrets(values.at("secret"));
  return SharedJson{std::move(whole)};
}

}  // namespace millrace
