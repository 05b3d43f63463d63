#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "api/http/message.hpp"

namespace millrace::http {

/// The queue between whoever produces server-sent events and the connection that sends them. [any
/// thread] A client that lets more than `max_bytes` pile up is cut: it can come back with
/// Last-Event-ID.
class EventStream {
 public:
  static constexpr std::size_t kMaxBytes = 256u << 10;

  /// `wake` is called, from any thread, when the connection should look at the queue; not again
  /// before take().
  EventStream(std::function<void()> wake, std::size_t max_bytes = kMaxBytes)
      : wake_{std::move(wake)}, max_bytes_{max_bytes} {}

  /// Queues one event; false when the client is gone.
  bool send(std::string_view id, std::string_view event, std::string_view data);
  /// Says that no more will come.
  void end();
  /// Says that the client is gone.
  void close();

  /// Tells whether the queue overflowed, so that the client has to go.
  [[nodiscard]] bool is_cut() const;

  struct Taken {
    std::string text;      // ready to be sent
    bool is_last = false;  // nothing follows
    bool is_cut = false;
  };
  /// Takes what is queued.
  Taken take();

 private:
  void wake(std::unique_lock<std::mutex> lock);

  const std::function<void()> wake_;
  const std::size_t max_bytes_;
  mutable std::mutex mutex_;  // guards the rest
  std::string queued_;
  bool is_awake_ = false, is_ended_ = false, is_closed_ = false, is_cut_ = false;
};

/// Appends one event in the form of the HTML standard, 9.2.6: a line "data:" for each line of
/// `data`. Empty id and event are left out, and line breaks within them too.
void append_event(std::string& out, std::string_view id, std::string_view event,
                  std::string_view data);

}  // namespace millrace::http
