#pragma once

#include <cstdint>
#include <filesystem>

#include <sys/types.h>

namespace millrace::bench {

/// Our HTTP server in a process of its own, so that its memory can be read: POST / stores the file of a form by its content
/// and answers with the content's name, GET /<name> sends it. Made before this process has threads.
class TransferServer {
 public:
  explicit TransferServer(const std::filesystem::path& folder);
  /// Ends the process.
  ~TransferServer();
  TransferServer(const TransferServer&) = delete;
  TransferServer& operator=(const TransferServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Returns the most memory that it ever had, in MB.
  [[nodiscard]] double peak_megabytes() const;

 private:
  pid_t process_ = -1;
  int lifeline_ = -1;  // the process ends when this is closed, however this one ends
  std::uint16_t port_ = 0;
};

}  // namespace millrace::bench
