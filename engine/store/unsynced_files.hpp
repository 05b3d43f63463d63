#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/disk.hpp"

namespace millrace {

/// The files that one run has put and that need not be on stable storage yet. Each stays open until
/// it is synced, since an error of the device is told to those who have the file open; once there
/// was one, each later sync fails with it, so that nobody goes on from bytes that are lost. The
/// disks outlive it. [any thread; blocks]
class UnsyncedFiles {
 public:
  // With more than this waiting, who adds the next syncs them.
  static constexpr std::size_t kMaxFiles = 64;  // open files are few
  static constexpr std::uint64_t kMaxBytes = 64u << 20;

  /// Takes a file that has just got its name in `folder`; the disk should be writing it by now.
  Result<void> add(Disk& disk, std::string folder, std::unique_ptr<WritableFile> file);
  /// Returns when all that was added before is on stable storage with its name.
  Result<void> sync();

 private:
  struct Batch {
    std::vector<std::unique_ptr<WritableFile>> files;
    std::set<std::pair<Disk*, std::string>> folders;
    std::uint64_t bytes = 0;
  };

  static Result<void> sync(Batch batch);
  Result<void> sync_waiting(std::unique_lock<std::mutex> lock);
  [[nodiscard]] Result<void> fault() const;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable ended_;
  Batch waiting_;
  std::uint64_t count_ = 0;            // of syncs
  std::set<std::uint64_t> under_way_;  // syncs
  std::optional<Error> fault_;
};

}  // namespace millrace
