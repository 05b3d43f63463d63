#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/disk.hpp"
#include "engine/base/ids.hpp"

namespace millrace::detail {

/// Which stages there are, and where: a small file for each, in one folder of the store's disk. So
/// the stages of a job, or of all jobs that have ended, are found without a walk through all
/// objects, those beside file: addresses too. It keeps nothing in memory, and doing a thing twice
/// changes nothing. [any thread; blocks]
class StageRegister {
 public:
  /// `folder` is a name on the disk that no address leads to.
  StageRegister(Disk& disk, std::string folder) : disk_{disk}, folder_{std::move(folder)} {}
  ~StageRegister();
  StageRegister(const StageRegister&) = delete;
  StageRegister& operator=(const StageRegister&) = delete;

  struct Stage {
    std::string owner;
    std::string root;  // "": the store's own folder
    std::string name;  // of the object, below the root
    std::string file;  // of this note
  };

  /// Notes a stage, before it is made.
  Result<void> add(std::string_view owner, std::string_view root, std::string_view name);
  /// Drops the note: the stage is gone. One that stays behind is found again by a sweep.
  void drop(std::string_view owner, std::string_view root, std::string_view name);
  void drop(const Stage& stage);
  /// Returns the stages of the owners that `is_wanted` says yes to.
  Result<std::vector<Stage>> find(const std::function<Result<bool>(std::string_view)>& is_wanted);
  /// Calls `each` with the stages of owners that are no jobs and whose process is dead; nobody else
  /// sweeps them meanwhile.
  Result<void> find_dead(const std::function<Result<void>(const std::vector<Stage>&)>& each);

 private:
  Result<void> show_alive(std::string_view owner);
  [[nodiscard]] std::string lock_of(std::string_view process) const;
  [[nodiscard]] std::string file_of(std::string_view owner, std::string_view root,
                                    std::string_view name) const;

  Disk& disk_;
  const std::string folder_;
  std::mutex mutex_;                                        // guards locks_
  std::map<std::string, std::unique_ptr<DiskLock>> locks_;  // by process; ours, one at the most
};

/// Returns the process that an owner's name speaks of, which is no job: "inline-ab" of
/// "inline-ab-7".
std::string_view process_of_owner(std::string_view owner);
/// Returns the job that an owner's name speaks of ("job-12-t3", or "job-12"); none for other names.
JobId job_of_owner(std::string_view owner);
/// Returns the fencing token in such a name; 0 where it has none.
std::int64_t token_of_owner(std::string_view owner);

}  // namespace millrace::detail
