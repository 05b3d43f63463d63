#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace millrace::bench {

struct Load {
  std::uint16_t port = 0;
  std::size_t connections = 64;                    // keep-alive, one request at a time on each
  std::chrono::milliseconds time{5'000};           // 0: until `requests` are answered
  std::uint64_t requests = 0;                      // 0: until `time` has passed
  std::function<std::string(std::uint64_t)> make;  // the bytes of the n-th request
};

struct Answered {
  std::uint64_t good = 0, other = 0;  // 2xx, and all else
  double seconds = 0;
  double p50_ms = 0, p95_ms = 0, p99_ms = 0;
  std::string last_body;
  [[nodiscard]] double per_second() const { return static_cast<double>(good) / seconds; }
};

/// Loads an HTTP/1.1 server on 127.0.0.1 from this thread. Replies must say their Content-Length.
/// Throws when the server closes a connection or says nothing for ten seconds.
Answered load(const Load& load);

/// Opens keep-alive connections that have each been answered once, and holds them until destroyed.
class IdleConnections {
 public:
  IdleConnections(std::uint16_t port, std::size_t count, const std::string& request);
  ~IdleConnections();
  IdleConnections(const IdleConnections&) = delete;
  IdleConnections& operator=(const IdleConnections&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::bench
