#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/http/event_stream.hpp"
#include "api/http/message.hpp"

namespace millrace::http {

/// Server-sent events on their way behind the head of their answer. [its IoThread] Owned by the
/// session; going away it tells whoever makes the events that nobody hears them.
class EventAnswer {
 public:
  /// `is_chunked`: each piece is framed as a chunk. `wake` is called, from any thread, when take()
  /// has something.
  EventAnswer(EventBody body, bool is_chunked, std::function<void()> wake);
  ~EventAnswer();
  EventAnswer(const EventAnswer&) = delete;
  EventAnswer& operator=(const EventAnswer&) = delete;

  /// Lets the events begin; the head has been sent.
  void start();
  /// Asks for the end, which take() then tells.
  void end() { stream_->end(); }
  /// Tells whether the client let too much pile up, so that it has to go.
  [[nodiscard]] bool is_cut() const { return stream_->is_cut(); }
  /// Takes what is to be written, as it is to be written.
  EventStream::Taken take();
  /// A comment, which keeps proxies from closing and finds out whether the client is there.
  [[nodiscard]] std::string_view heartbeat() const {
    return is_chunked_ ? "3\r\n:\n\n\r\n" : ":\n\n";
  }

 private:
  const bool is_chunked_;
  EventBody body_;
  const std::shared_ptr<EventStream> stream_;  // shared with who makes the events
};

}  // namespace millrace::http
