#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/http/body_sink.hpp"
#include "api/http/message.hpp"
#include "engine/base/result.hpp"

namespace millrace::http {

struct Limits {
  std::size_t head_bytes = 32u << 10;     // request line and all header fields: 431
  std::size_t header_count = 100;         // 431
  std::size_t body_bytes = 16u << 20;     // 413, or what `too_large` answers
  std::chrono::seconds head_timeout{10};  // from the first byte to the end of the head: 408
  std::chrono::seconds body_timeout{60};  // without any progress
  std::chrono::seconds idle_timeout{75};  // between requests of one connection
  std::size_t connections = 20'000;       // more are closed at once
};

struct TlsSettings {
  std::string certificate_file, key_file;  // PEM
};

struct ListenerSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: the system chooses
  Limits limits{};
  std::unique_ptr<TlsSettings> tls{};  // null: plain
};

/// What a listener tells the outside: `handler` answers; `refused` words the answers that the
/// server gives by itself (400 malformed, 408, 413, 431, 501 transfer coding), in the mount's own
/// envelope.
struct Site {
  Handler handler;
  std::function<Response(int status, std::string_view why, const Request& head)> refused;
  /// How large the body of a request may be, in bytes; only method, target, path and query of
  /// `head` are known. Empty: Limits::body_bytes.
  std::function<std::size_t(const Request& head)> body_limit{};
  /// Gives what is to take the body of a request while it arrives; null: Request::body does. Asked
  /// when the whole head of a request with a body is known, but for `remote` and `is_tls`. [HTTP
  /// thread] Must not block.
  std::function<std::unique_ptr<BodySink>(const Request& head)> body_sink{};
};

/// HTTP/1.1 over Beast: keep-alive, pipelining in order, chunked and fixed bodies, Expect:
/// 100-continue, bodies that stream into sinks, HEAD, ranges of ObjectBody, time-outs against slow
/// clients, graceful drain. Owns its threads. [any thread]
class Server {
 public:
  explicit Server(std::size_t threads);
  ~Server();

  /// Binds and listens; returns the port. May be called for several listeners, before or after
  /// start().
  Result<std::uint16_t> listen(ListenerSettings settings, Site site);
  void start();
  /// Stops accepting, lets running requests end (for `patience` at the most), closes idle
  /// connections, joins.
  void stop(std::chrono::milliseconds patience);

  struct Counters {
    std::uint64_t connections = 0, requests = 0;
    std::size_t open = 0;
    std::size_t body_bytes = 0;  // in memory on their way to body sinks
  };
  Counters counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::http
