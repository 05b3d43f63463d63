#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/disk.hpp"
#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/store/inheritance.hpp"
#include "engine/store/scratch.hpp"

namespace millrace {

/// The scratch of jobs on a disk: `job-12/t3/NAME` is a file of attempt 3 (its fencing token) of
/// job 12. Each attempt has a folder of its own, so that whatever an attempt does that has lost its
/// lease, and does not know it yet, is done to files that nobody reads any more. [any thread;
/// blocks]
class WorkFolder {
 public:
  /// `max_bytes`: what one job may keep; more is Exhausted.
  WorkFolder(std::unique_ptr<Disk> disk, std::uint64_t max_bytes)
      : disk_{std::move(disk)}, max_bytes_{max_bytes} {}

  /// Returns the scratch of an attempt. Nothing is made on the disk before it is used. This folder
  /// outlives it.
  std::unique_ptr<Scratch> scratch(JobId job, std::int64_t token);

  /// Gives an attempt, before it uses its scratch, all files of the one before it, then removes
  /// those of all before it. They appear at once, or not at all: after a crash the next attempt
  /// finds those of one that had them all. Of a dead writer they are the same files, else copies;
  /// `stopping` is asked between two steps of a copy, and makes it Cancelled.
  Result<void> take_over(JobId job, std::int64_t token, Inheritance::Writer writer,
                         const std::function<bool()>& stopping = {});

  /// Removes what the attempts of a job up to `token` left. Nothing there is no error.
  Result<void> remove(JobId job, std::int64_t token);
  /// Returns the jobs that have something here.
  Result<std::vector<JobId>> jobs();

 private:
  struct Attempt {
    std::int64_t token;
    std::string folder;
    bool is_whole;  // false: a take-over that was never finished
  };

  Result<std::vector<Attempt>> attempts(JobId job);
  Result<void> bring(const std::string& from, const std::string& to, Inheritance::Writer writer,
                     const std::function<bool()>& stopping);
  Result<void> copy(const std::string& from, const std::string& to,
                    const std::function<bool()>& stopping);
  Result<void> remove_tree(const std::string& folder);

  const std::unique_ptr<Disk> disk_;
  const std::uint64_t max_bytes_;
};

}  // namespace millrace
