#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "api/http/body_plan.hpp"
#include "api/http/message.hpp"
#include "api/http/trusted_proxies.hpp"
#include "engine/base/result.hpp"

namespace millrace::http {

struct Limits {
  std::size_t head_bytes = 32u << 10;     // request line and all header fields: 431
  std::size_t header_count = 100;         // 431
  std::size_t body_bytes = kBodyBytes;    // where the site plans no body: 413
  std::chrono::seconds head_timeout{10};  // from the first byte to the end of the head: 408
  std::chrono::seconds body_timeout{60};  // without any progress
  std::size_t body_rate = 1024;           // bytes a second that a body brings on average: 408
  std::chrono::seconds body_grace{30};    // at its begin, in which it may bring less
  std::chrono::seconds idle_timeout{75};  // between requests of one connection
};

struct TlsSettings {
  std::string certificate_file, key_file;  // PEM
};

struct ListenerSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: the system chooses
  Limits limits{};
  std::unique_ptr<TlsSettings> tls{};  // null: plain
  TrustedProxies proxies{};            // who may say that a request came from elsewhere
};

/// What a listener tells the outside. `handler` answers. `refused` words the answers that the
/// server gives by itself (400 malformed, 408, 413, 416, 431, 500, 501 transfer coding, 503), in
/// the mount's own envelope, for the request that they belong to, of which all is known that came.
struct Site {
  Handler handler;
  std::function<Response(int status, std::string_view why, Request& request)> refused{};
  /// Decides what becomes of the body of a request, when its head is known and nothing of the body
  /// has been looked at; empty: it is kept, up to Limits::body_bytes. What it fills in of `head` is
  /// there for the handler. [HTTP thread] Must not block.
  std::function<BodyPlan(Request& head)> plan_body{};
};

struct ServerSettings {
  std::size_t threads = 1;
  std::size_t connections = 20'000;  // open at a time; for one more an idle one is closed, or it is
  /// Bytes of bodies in memory, whether they come or are handled: four of the largest that a
  /// dialect keeps (16 MiB), or thousands of the usual ones. Beyond: 503.
  std::size_t body_memory_bytes = 64u << 20;
  std::size_t body_file_bytes = 1u << 30;  // of bodies that wait in files; beyond: 503
  std::filesystem::path body_folder{};     // of these files; empty: that for temporary files
};

/// HTTP/1.1 over Beast: keep-alive, pipelining in order, chunked and fixed bodies, Expect:
/// 100-continue, bodies that stream into sinks, HEAD, ranges of ObjectBody, time-outs against slow
/// clients, budgets for what they send, graceful drain. Owns its threads. [any thread]
class Server {
 public:
  explicit Server(ServerSettings settings = {});
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
    std::size_t body_bytes = 0;       // of bodies, in memory
    std::size_t body_file_bytes = 0;  // of bodies, in files
  };
  Counters counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::http
