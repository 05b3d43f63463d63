#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "api/http/io_thread.hpp"
#include "engine/base/file_descriptor.hpp"
#include "engine/plugin/services.hpp"

namespace millrace::http {

/// Sends a part of a file into a plain connection with sendfile(2), which copies nothing into our
/// memory. It runs on the threads for blocking work, since a file may have to come from its disk.
/// [its IoThread] Owned by the session.
class FileSender : public std::enable_shared_from_this<FileSender> {
 public:
  enum class Outcome {
    Whole,   // nothing is left
    More,    // go on, others had to have their turn
    Full,    // wait until the connection takes more
    Gone,    // the connection has broken
    Broken,  // the file has: it ends too early or cannot be read
  };

  /// Returns null when the object is no file. The connection may be closed while a part is sent:
  /// what is sent then goes nowhere. `done` is called, on the IoThread, at the end of each send().
  static std::shared_ptr<FileSender> open(IoThread& io, std::shared_ptr<ObjectReader> reader,
                                          int connection, std::uint64_t first, std::uint64_t count,
                                          std::function<void(Outcome)> done);

  /// Sends what the connection takes, up to a limit.
  void send();

 private:
  /// Open as long as a part is sent, whatever becomes of the session.
  struct Ends {
    std::shared_ptr<ObjectReader> reader;  // shared with who answered
    detail::FileDescriptor connection;     // one of our own: the session may close its own
  };

  FileSender(IoThread& io, Ends ends, std::uint64_t first, std::uint64_t count,
             std::function<void(Outcome)> done);

  IoThread& io_;
  std::shared_ptr<const Ends> ends_;  // shared with the part that is being sent
  std::uint64_t next_, left_;         // bytes
  const std::function<void(Outcome)> done_;
};

}  // namespace millrace::http
