#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>

namespace millrace::client {

/// How requests are made. Redirects are not followed, and certificates are always verified.
struct ConnectionOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds request_timeout{60'000};    // whole request; not for files
  std::chrono::seconds stall_timeout{120};              // a file of which no byte moves for so long
  std::size_t max_reply_bytes = std::size_t{64} << 20;  // of a JSON reply
  std::filesystem::path ca_file{};  // PEM; empty: $SSL_CERT_FILE, else those of the system
};

/// Tells how many bytes of a file have moved; `total` is 0 while it is not known. Returns false to
/// stop the transfer. [the thread of the call]
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

}  // namespace millrace::client
