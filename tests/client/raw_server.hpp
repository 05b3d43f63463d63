#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace millrace::test {

/// A server that does what no good server does. For each request its handler returns all bytes of
/// the answer, after which the connection is closed; none: it is closed without an answer.
class RawServer {
 public:
  /// [a thread of the server; one call at a time]
  using Handler = std::function<std::string(const std::string& request)>;
  /// `keeps`: a connection stays open until an empty answer closes it.
  explicit RawServer(Handler handler, bool keeps = false);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  /// Returns "http://127.0.0.1:port".
  [[nodiscard]] std::string address() const;
  /// Returns the requests so far: head and body.
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] std::size_t connections() const;

 private:
  void serve();
  void talk(int connection);

  Handler handler_;
  bool keeps_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> is_stopping_{false};
  std::mutex handling_;       // held while the handler runs
  mutable std::mutex mutex_;  // guards requests_ and connections_
  std::vector<std::string> requests_;
  std::vector<int> connections_;  // closed at the end, so that their numbers stay theirs
  std::jthread thread_;
};

}  // namespace millrace::test
