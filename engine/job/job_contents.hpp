#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/ids.hpp"
#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
#include "engine/job/job_store.hpp"

namespace millrace {

/// The notes of the contents that jobs have to do with, in the catalog. A content that is noted
/// stays while its job has not ended (content_collector.hpp). [any thread; waits for the disk]
class JobContents {
 public:
  JobContents(Catalog& catalog, const JobStore& jobs) : catalog_{catalog}, jobs_{jobs} {}

  /// Some hundred in a transaction. Conflict: the token is not the job's any more.
  Result<void> note(const JobStore::Lease& lease, const std::vector<std::string>& names);
  Result<bool> has(JobId job, std::string_view sha256);

  /// Returns the content that an address of a model leads the job to; empty: it has not asked.
  Result<std::string> model(JobId job, std::string_view address);
  /// Notes the content, and that the address leads the job to it. Returns the one that it leads to:
  /// the first stays. Conflict as note().
  Result<std::string> note_model(const JobStore::Lease& lease, std::string_view address,
                                 std::string_view sha256);

  struct Noted {
    JobId job;
    std::string sha256{};
    std::int64_t token = 0;
  };
  /// Returns notes of jobs that have ended, behind `after`, in order: a page of them. With `only`
  /// those of one job.
  Result<std::vector<Noted>> of_ended(const Noted& after, JobId only = {});
  /// Removes the notes of a page, but for those whose job is asked for again, or whose content
  /// another attempt has made.
  Result<void> forget(const std::vector<Noted>& page);

 private:
  Catalog& catalog_;
  const JobStore& jobs_;
};

/// Returns the contents that rows name which a change of the catalog will delete: `owner` as that
/// of the change. None for other changes.
Result<std::vector<std::string>> contents_to_free(Catalog& catalog, const Json& change,
                                                  std::string_view owner);

}  // namespace millrace
