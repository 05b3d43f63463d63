#include "engine/job/job.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::array<std::pair<JobState, std::string_view>, 8> kStates{{
    {JobState::Waiting, "waiting"},
    {JobState::Queued, "queued"},
    {JobState::Running, "running"},
    {JobState::Publishing, "publishing"},
    {JobState::Aborting, "aborting"},
    {JobState::Finished, "finished"},
    {JobState::Failed, "failed"},
    {JobState::Aborted, "aborted"},
}};

constexpr std::array<std::pair<JobState, JobState>, 17> kTransitions{{
    {JobState::Waiting, JobState::Queued},
    {JobState::Waiting, JobState::Aborted},
    {JobState::Queued, JobState::Running},
    {JobState::Queued, JobState::Aborted},
    {JobState::Running, JobState::Queued},
    {JobState::Running, JobState::Publishing},
    {JobState::Running, JobState::Aborting},
    {JobState::Running, JobState::Finished},
    {JobState::Running, JobState::Failed},
    {JobState::Running, JobState::Aborted},
    {JobState::Publishing, JobState::Finished},
    {JobState::Publishing, JobState::Failed},
    {JobState::Aborting, JobState::Aborted},
    {JobState::Failed, JobState::Waiting},
    {JobState::Failed, JobState::Queued},
    {JobState::Aborted, JobState::Waiting},
    {JobState::Aborted, JobState::Queued},
}};

constexpr std::array<std::pair<After::When, std::string_view>, 3> kWhens{{
    {After::When::Finished, "finished"},
    {After::When::Failed, "failed"},
    {After::When::Ended, "ended"},
}};

constexpr std::size_t kMostName = 200;  // bytes of a pipeline's name in the row

}  // namespace

std::string_view to_string(JobState state) {
  const auto found = std::find_if(kStates.begin(), kStates.end(),
                                  [state](const auto& known) { return known.first == state; });
  return found == kStates.end() ? "queued" : found->second;
}

std::optional<JobState> read_job_state(std::string_view word) {
  const auto found = std::find_if(kStates.begin(), kStates.end(),
                                  [word](const auto& known) { return known.second == word; });
  if (found == kStates.end()) return std::nullopt;
  return found->first;
}

StopReason read_stop_reason(std::string_view word) {
  for (const auto reason :
       {StopReason::User, StopReason::Deadline, StopReason::Overload, StopReason::Shutdown,
        StopReason::UpstreamFailed, StopReason::NotNeeded}) {
    if (to_string(reason) == word) return reason;
  }
  return StopReason::None;
}

bool is_final(JobState state) {
  return state == JobState::Finished || state == JobState::Failed || state == JobState::Aborted;
}

std::string_view to_string(After::When when) {
  const auto found = std::find_if(kWhens.begin(), kWhens.end(),
                                  [when](const auto& known) { return known.first == when; });
  return found == kWhens.end() ? "finished" : found->second;
}

std::optional<After::When> read_after_when(std::string_view word) {
  const auto found = std::find_if(kWhens.begin(), kWhens.end(),
                                  [word](const auto& known) { return known.second == word; });
  if (found == kWhens.end()) return std::nullopt;
  return found->first;
}

StopReason why_not_behind(After::When when, JobState end) {
  switch (when) {
    case After::When::Finished:
      return end == JobState::Finished ? StopReason::None : StopReason::UpstreamFailed;
    case After::When::Failed:
      return end == JobState::Failed ? StopReason::None : StopReason::NotNeeded;
    case After::When::Ended:
      return StopReason::None;
  }
  return StopReason::None;
}

Result<void> check_queue_name(std::string_view name) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  const bool is_good = !name.empty() && name.size() <= kMostQueueNameBytes && is_utf8(name) &&
                       name.front() != ' ' && name.back() != ' ' &&
                       std::none_of(name.begin(), name.end(), is_control);
  if (is_good) return {};
  return Error{Code::InvalidArgument,
               fmt::format("job: queue: a name has 1 to {} bytes of UTF-8, no control characters "
                           "and no blanks at its ends: {}",
                           kMostQueueNameBytes, printable(name))};
}

std::string pipeline_name(const Json& pipeline) {
  const auto name = pipeline.find("name");
  if (name == pipeline.end() || !name->is_string()) return {};
  return printable(name->get_ref<const std::string&>(), kMostName);
}

Job job_of(const JobRequest& request, const StoreRights& rights) {
  Job job;
  job.dialect = request.dialect;
  job.external_id = request.external_id;
  job.owner = request.owner;
  job.queue = request.queue;
  job.name = pipeline_name(request.pipeline);
  job.priority = request.priority;
  job.after = request.after;
  job.max_attempts = request.max_attempts;
  if (request.deadline) job.deadline_us = std::chrono::microseconds{*request.deadline}.count();
  job.idempotency_key = request.idempotency_key;
  job.pipeline = request.pipeline;
  job.facts = request.facts;
  job.rights = rights;
  job.rules = request.rules;
  job.sealed_file = request.sealed_file;
  return job;
}

std::string stage_owner(JobId job, std::int64_t token) {
  return token == 0 ? fmt::format("job-{}", job.value)
                    : fmt::format("job-{}-t{}", job.value, token);
}

bool may_follow(JobState from, JobState to) {
  return std::find(kTransitions.begin(), kTransitions.end(), std::pair{from, to}) !=
         kTransitions.end();
}

}  // namespace millrace
