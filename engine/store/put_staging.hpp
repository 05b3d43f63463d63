#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/disk.hpp"

namespace millrace::detail {

/// Where the objects lie that a process is putting: files of its own in one folder of the disk, so
/// that what a killed process left is found without a walk through all objects. Each process holds
/// a lock on a file of its own there, which the system opens when it ends, however it ends. [any
/// thread; blocks]
class PutStaging {
 public:
  /// `folder` is a name on the disk that no address leads to.
  PutStaging(Disk& disk, std::string folder) : disk_{disk}, folder_{std::move(folder)} {}
  ~PutStaging();
  PutStaging(const PutStaging&) = delete;
  PutStaging& operator=(const PutStaging&) = delete;

  /// Removes what processes left that are gone, as far as the disk lets it: the rest is for the
  /// next opening.
  void sweep();
  /// Returns the name of a file that nobody else writes. The first call takes the lock.
  Result<std::string> next();

 private:
  [[nodiscard]] std::string lock_name(std::string_view owner) const;
  [[nodiscard]] std::string_view owner_of(std::string_view name) const;

  Disk& disk_;
  const std::string folder_;
  std::mutex mutex_;  // guards all below
  std::uint64_t count_ = 0;
  std::string owner_;
  std::unique_ptr<DiskLock> lock_;
};

}  // namespace millrace::detail
