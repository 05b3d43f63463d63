#pragma once

#include <functional>
#include <mutex>

namespace millrace::http {

/// Tells whoever works on an answer that its client has gone. A handler that wants to know puts one
/// into its request before it returns: while the answer is waited for, the connection is then read
/// from, as that of an event stream is, and its end counts as the client's. A client that sends the
/// next request before it has its answer is not watched from there on. [any thread]
class Departure {
 public:
  /// Has `left` called, once, when the client goes: on the HTTP thread, so it must not block; at
  /// once, on this thread, when it has gone already.
  void on_left(std::function<void()> left);
  [[nodiscard]] bool has_left() const;
  /// The client has gone.
  void tell();

 private:
  mutable std::mutex mutex_;  // guards the rest
  std::function<void()> left_;
  bool has_left_ = false;
};

}  // namespace millrace::http
