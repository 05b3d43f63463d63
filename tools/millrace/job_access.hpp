#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/job/job.hpp"

namespace millrace {
class Engine;
}

namespace millrace::tool {

struct Program;

/// Which jobs to list; empty members: any.
struct JobQuery {
  std::string state, queue, dialect;
  std::int64_t before = 0;  // only smaller numbers; 0: from the newest
  int limit = 20;
};

/// A pipeline that is to be queued.
struct JobSubmission {
  Json pipeline, values;  // values of its parameters
  std::string queue{};    // empty: as the pipeline says
  int priority = 0;
  int max_attempts = JobRequest{}.max_attempts;
  After after{};
};

/// The jobs of a data folder: those of the server that holds it, or of the folder itself.
/// Everything is JSON as the server's API has it. [one thread; blocks]
class JobAccess {
 public:
  virtual ~JobAccess() = default;
  /// {"items": [...], "next": number or null}
  virtual Result<Json> list(const JobQuery& query) = 0;
  virtual Result<Json> get(std::int64_t id) = 0;
  /// The lines of the journal after the one with the number `after`.
  virtual Result<std::vector<Json>> events(std::int64_t id, std::int64_t after) = 0;
  /// Returns the number of the new job. A pipeline that is not valid is InvalidArgument, with its
  /// first fault.
  virtual Result<std::int64_t> submit(const JobSubmission& submission) = 0;
  virtual Result<void> abort(std::int64_t id) = 0;
  virtual Result<void> retry(std::int64_t id) = 0;
  /// Returns the number of the new job.
  virtual Result<std::int64_t> rerun(std::int64_t id) = 0;
  /// Makes sure that queued jobs are run: a server does that anyway.
  virtual Result<void> start() = 0;
  /// Returns when something about the job may have changed, at the latest after a fraction of a
  /// second.
  virtual void pause(std::int64_t id) = 0;
};

/// Opens the jobs of the program's data folder: over HTTP when a server holds it (its token is read
/// from DIR/token), else the folder. Unavailable when a process holds it that serves nobody.
/// NotFound where there is none and none is to be made.
enum class MissingFolder { Refused, Made };
Result<std::unique_ptr<JobAccess>> open_jobs(const Program& program,
                                             MissingFolder missing = MissingFolder::Refused);

/// The jobs of an engine that this process has opened; `engine` outlives the result.
std::unique_ptr<JobAccess> jobs_of(Engine& engine);
/// The jobs of an engine that lives as long as the result.
std::unique_ptr<JobAccess> jobs_of(std::unique_ptr<Engine> engine);
/// The jobs of a server. `address` is "http://host:port".
Result<std::unique_ptr<JobAccess>> jobs_of(const std::string& address, const std::string& token);

/// Waits until a job has ended, showing its progress on stderr; Ctrl-C aborts the job first when
/// `aborts`, else only ends the waiting. Returns the job as JSON. Cancelled when the waiting was
/// ended.
Result<Json> wait_for(JobAccess& jobs, std::int64_t id, bool quiet, bool aborts);

}  // namespace millrace::tool
