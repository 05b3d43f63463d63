#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/http/file_sender.hpp"
#include "api/http/io_thread.hpp"
#include "api/http/message.hpp"
#include "api/http/range.hpp"

namespace millrace::http {

class ObjectFeed;

/// Chooses the part of an object of `size` bytes that a request asks for (RFC 9110, section 14),
/// and says so in status and headers of its answer.
ByteRange choose_part(const Request& request, std::uint64_t size, Response& response);

/// A part of an object on its way behind the head of its answer: as a file, by the kernel, or read
/// piece by piece. [its IoThread] Owned by the session.
class ObjectAnswer {
 public:
  /// `socket`: of a plain connection, nothing: pieces are to be written. `wake` is called, on the
  /// IoThread, when next() has news after Wait.
  ObjectAnswer(IoThread& io, std::shared_ptr<ObjectReader> reader, const ByteRange& part,
               std::optional<int> socket, std::function<void()> wake);
  ~ObjectAnswer();

  enum class Next {
    Write,   // take_piece(), then ask again
    Wait,    // for `wake`
    Room,    // wait until the client takes more, then ask again
    Whole,   // nothing is left
    Gone,    // the connection has broken
    Broken,  // the object has
  };
  Next next();
  std::string take_piece() { return std::move(piece_); }

  /// Whether the kernel has the connection open too.
  [[nodiscard]] bool shares_socket() const { return file_ != nullptr; }

 private:
  Next send_file();

  std::shared_ptr<FileSender> file_;  // an object that is a file, else null; ...
  std::shared_ptr<ObjectFeed> feed_;  // ... any other. Both are shared with their own events
  std::optional<FileSender::Outcome> outcome_;
  std::string piece_;
};

}  // namespace millrace::http
