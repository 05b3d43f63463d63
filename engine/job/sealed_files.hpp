#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "engine/base/disk.hpp"
#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace {

/// Secret values of jobs, a file each that its owner alone may read. A file is on the disk before
/// the row that names it, and goes when the job has ended: what no row of a living job names is
/// swept. [any thread; blocks]
class SealedFiles {
 public:
  /// Digits that name the folder, at the beginning of each file's name: a job is started where its
  /// file lies.
  static constexpr std::size_t kPlaceDigits = 16;

  static Result<std::unique_ptr<SealedFiles>> open(std::unique_ptr<Disk> disk);

  [[nodiscard]] const std::string& place() const { return place_; }

  /// Writes the values (take_sealed) and returns the name of the file when it is on stable storage.
  /// No sweep of this process takes it before release().
  Result<std::string> write(const Json& values);
  /// The row that names the file is written, or will not be.
  void release(std::string_view name);
  /// NotFound says that they were erased, or lie elsewhere.
  Result<Json> read(std::string_view name);
  /// Nothing there is no error.
  Result<void> erase(std::string_view name);

  /// What a sweep may take: all that was there when it was made but what is being submitted here.
  /// Files younger than `at_least_us` at `now_us` are left to a later one: another process that
  /// shares the folder may be submitting them.
  Result<std::set<std::string>> sweepable(std::int64_t now_us, std::int64_t at_least_us);

 private:
  SealedFiles(std::unique_ptr<Disk> disk, std::string place)
      : disk_{std::move(disk)}, place_{std::move(place)} {}
  Result<void> write_file(const std::string& name, std::string_view text);

  const std::unique_ptr<Disk> disk_;
  const std::string place_;
  std::mutex mutex_;  // guards held_
  std::set<std::string, std::less<>> held_;
};

}  // namespace millrace
