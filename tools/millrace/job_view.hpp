#pragma once

#include <optional>
#include <string>

#include "engine/base/json.hpp"
#include "engine/job/job.hpp"
#include "engine/run/run.hpp"

namespace millrace::tool {

/// A job as the server's GET /jobs/{id} shows it, so that local jobs and those of a server look
/// alike. `progress` is that of a running job.
Json job_json(const Job& job, const std::optional<Progress>& progress = {});
Json event_json(const JobEvent& event);

/// Whether a job as JSON has come to its end.
bool is_final(const Json& job);
/// The exit code of a job that has ended: kOk, kFailed, or kInterrupted when a person aborted it.
int ended_code(const Json& job);

/// Tells how a job ended: its summary (or all of it as JSON) on stdout, why it failed on stderr.
/// Returns the exit code.
int report_ended(const Json& job, bool json, bool quiet);

/// Why a job failed, in one line; empty when it did not.
std::string error_text(const Json& job);
/// What people read of a job that has ended: how, how long, what was counted, the rate, and the
/// table of labels of the list that it wrote.
std::string summary_text(const Json& job);
/// The same with everything that is kept of it, in any state.
std::string details_text(const Json& job);
/// One line of the journal.
std::string event_text(const Json& event);

}  // namespace millrace::tool
