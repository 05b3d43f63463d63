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

  // A model's file of so many bytes goes up in pieces, and goes on after a break, also when the
  // program was ended meanwhile; to a server that cannot do that it goes whole.
  std::uint64_t resumable_from_bytes = std::uint64_t{8} << 20;
  std::uint64_t piece_bytes = std::uint64_t{64} << 20;
  int max_tries = 8;                           // in a row by which no byte arrives
  std::chrono::milliseconds first_pause{500};  // after the first; then twice as long, 30 s at most
  std::filesystem::path state_folder{};        // remembers uploads that were not finished; empty:
                                         // $XDG_STATE_HOME/millrace or ~/.local/state/millrace
};

/// Tells how many bytes of a file have moved; `total` is 0 while it is not known. Returns false to
/// stop the transfer. [the thread of the call]
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

}  // namespace millrace::client
