#pragma once

#include <string_view>

namespace millrace {

/// The states of jobs that have ended, as SQL: those of is_final() (engine/job/job.hpp).
inline constexpr std::string_view kEndedJobs = "('finished', 'failed', 'aborted')";

}  // namespace millrace
