#include <cstdio>

#include "tools/millrace/interrupt.hpp"
#include "tools/millrace/job_access.hpp"
#include "tools/millrace/job_view.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/progress_line.hpp"

namespace millrace::tool {

Result<Json> wait_for(JobAccess& jobs, std::int64_t id, bool quiet, bool aborts) {
  catch_interrupts();
  ProgressLine line{ProgressLine::style(quiet)};
  bool is_aborting = false;
  while (true) {
    MR_TRY(auto job, jobs.get(id));
    if (is_final(job)) return job;
    if (const auto progress = job.find("progress"); progress != job.end()) line.show(*progress);
    if (is_interrupted() && !is_aborting) {
      line.clear();
      if (!aborts)
        return Error{Code::Cancelled, "stopped waiting; the job goes on: " + std::to_string(id)};
      is_aborting = true;
      complain("aborting job " + std::to_string(id) + "; once more ends the program at once");
      // A job that ended in this moment cannot be aborted any more, and is seen to have ended in
      // the next round.
      if (auto aborted = jobs.abort(id); !aborted.ok() && aborted.error().code != Code::Conflict) {
        return std::move(aborted).error();
      }
      continue;
    }
    jobs.pause(id);
  }
}

}  // namespace millrace::tool
