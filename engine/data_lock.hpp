#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/file_descriptor.hpp"
#include "engine/base/result.hpp"

namespace millrace {

/// Holds a data folder for one engine: an advisory lock on DATA/lock, which ends with the process
/// whatever happens to it.
class DataLock {
 public:
  struct Holder {
    int process = 0;
    std::string address;  // of its server, "http://127.0.0.1:8080"; empty: it serves nobody
  };

  /// Conflict when another process holds it; the message names that process.
  static Result<DataLock> take(const std::filesystem::path& folder);
  /// Tells who holds a folder, or nothing when nobody does.
  static std::optional<Holder> holder(const std::filesystem::path& folder);

  /// Writes down where the holder can be reached.
  Result<void> announce(const std::string& address);

 private:
  explicit DataLock(detail::FileDescriptor file) : file_{std::move(file)} {}
  detail::FileDescriptor file_;
};

}  // namespace millrace
