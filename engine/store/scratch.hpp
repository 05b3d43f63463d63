#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/plugin/services.hpp"

namespace millrace {

/// Tells whether `name` may be that of a scratch file: 1 to 200 letters, digits, '.', '_' and '-',
/// the first no '.'. So it names no folder, and nothing outside of the run's own.
[[nodiscard]] bool is_scratch_name(std::string_view name);

/// The scratch of one run: files by name that nobody else sees, that are never published, and that
/// go with the job. What a checkpoint names must not be changed afterwards but by appending; then
/// any later attempt finds what that checkpoint speaks of. [any worker; a writer one thread at a
/// time; blocks]
class Scratch {
 public:
  /// The files that one run may have.
  static constexpr std::size_t kMaxFiles = 10'000;

  virtual ~Scratch() = default;
  virtual Result<ObjectStat> stat(std::string_view name) = 0;
  /// Calls `each` for all files, sorted bytewise by name.
  virtual Result<void> list(
      const std::function<void(std::string_view name, const ObjectStat&)>& each) = 0;
  virtual Result<std::unique_ptr<ObjectReader>> open(std::string_view name) = 0;
  /// Replaces a file that nobody has open for writing, else Conflict.
  virtual Result<void> put(std::string_view name, std::string_view bytes) = 0;
  /// Opens a file for appending, made when it is missing; asked for again, it is the same writer.
  /// It lives as long as this. Truncating frees the bytes.
  virtual Result<ObjectWriter*> stage(std::string_view name) = 0;
  /// Returns when everything written so far is on stable storage.
  virtual Result<void> sync() = 0;
};

/// Scratch in memory: of runs that are answered within their request. More than `max_bytes` is
/// Exhausted.
class MemoryScratch final : public Scratch {
 public:
  explicit MemoryScratch(std::uint64_t max_bytes) : max_bytes_{max_bytes} {}
  ~MemoryScratch() override;

  Result<ObjectStat> stat(std::string_view name) override;
  Result<void> list(const std::function<void(std::string_view, const ObjectStat&)>& each) override;
  Result<std::unique_ptr<ObjectReader>> open(std::string_view name) override;
  Result<void> put(std::string_view name, std::string_view bytes) override;
  Result<ObjectWriter*> stage(std::string_view name) override;
  Result<void> sync() override { return {}; }

 private:
  class File;

  Result<File*> find_or_make(std::string_view name);
  /// Changes what is used; Exhausted when it would be too much.
  Result<void> charge(std::uint64_t more);

  const std::uint64_t max_bytes_;
  std::mutex mutex_;  // guards all below and the bytes of the files
  std::uint64_t used_bytes_ = 0;
  std::map<std::string, std::shared_ptr<File>, std::less<>> files_;  // shared with readers
};

}  // namespace millrace
