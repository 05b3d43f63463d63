#include "engine/job/job.hpp"

#include <array>

#include <catch2/catch.hpp>

#include <fmt/format.h>

using namespace millrace;

namespace {

constexpr std::array kAll{JobState::Waiting,    JobState::Queued,   JobState::Running,
                          JobState::Publishing, JobState::Aborting, JobState::Finished,
                          JobState::Failed,     JobState::Aborted};

}  // namespace

TEST_CASE("the table of a job's states is the one that is documented", "[job][states]") {
  std::string table;
  for (const auto from : kAll) {
    table += fmt::format("{} ->", to_string(from));
    for (const auto to : kAll) {
      if (may_follow(from, to)) table += fmt::format(" {}", to_string(to));
    }
    table += '\n';
  }
  // Drawn in engine/job/job.hpp and docs/decisions/jobs.md.
  CHECK(table ==
        "waiting -> queued aborted\n"
        "queued -> running aborted\n"
        "running -> queued publishing aborting finished failed aborted\n"
        "publishing -> finished failed\n"
        "aborting -> aborted\n"
        "finished ->\n"
        "failed -> waiting queued\n"
        "aborted -> waiting queued\n");
}

TEST_CASE("the name of a queue is any text that can be told from others", "[job][queue]") {
  for (const std::string name : {"default", "queue1", "a b", "slow/2", "\xE4\xBD\x87", "\"'`;--"})
    CHECK(check_queue_name(name).ok());
  CHECK(check_queue_name(std::string(kMostQueueNameBytes, 'q')).ok());
  for (const std::string& name :
       {std::string{}, std::string(kMostQueueNameBytes + 1, 'q'), std::string{" a"},
        std::string{"a "}, std::string{"a\nb"}, std::string{"a\0b", 3}, std::string{"\x7F"},
        std::string{"\xFF"}}) {
    const auto refused = check_queue_name(name);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::InvalidArgument);
    CHECK(refused.error().message.find("queue") != std::string::npos);
  }
}

TEST_CASE("states and reasons are read as they are written, and nothing else", "[job][states]") {
  for (const auto state : kAll) CHECK(read_job_state(to_string(state)) == state);
  CHECK_FALSE(read_job_state("done").has_value());
  CHECK_FALSE(read_job_state("").has_value());
  for (const auto reason :
       {StopReason::User, StopReason::Deadline, StopReason::Overload, StopReason::Shutdown,
        StopReason::UpstreamFailed, StopReason::NotNeeded}) {
    CHECK(read_stop_reason(to_string(reason)) == reason);
  }
  CHECK(read_stop_reason("whim") == StopReason::None);
  CHECK(is_final(JobState::Aborted));
  CHECK_FALSE(is_final(JobState::Aborting));
}
