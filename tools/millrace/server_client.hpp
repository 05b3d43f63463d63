#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/json.hpp"

namespace millrace::tool {

/// Talks to a running server's own API, with its bearer token, over libcurl. [one thread; blocks]
class ServerClient {
 public:
  /// `address` is "http://host:port" or "https://host:port".
  static Result<std::unique_ptr<ServerClient>> open(std::string address, std::string token);
  ~ServerClient();

  /// Sends a request, of POST with a JSON text as its body, and returns the answer's JSON, null
  /// when it has no body. An answer that is no success is the error that it holds, with the first
  /// of its faults; no answer is Unavailable.
  Result<Json> request(std::string_view method, std::string_view target,
                       const std::string& body = {});

  /// One server-sent event; `id` is empty where there is none.
  struct Event {
    std::string id, name, data;
  };
  /// Reads a stream of events until it ends, `each` returns false, or nothing has come for
  /// `patience`.
  Result<void> stream(std::string_view target, std::chrono::milliseconds patience,
                      const std::function<bool(const Event&)>& each);

 private:
  ServerClient() = default;
  struct State;
  std::unique_ptr<State> state_;
};

/// Takes server-sent events out of a stream of bytes (WHATWG HTML, section 9.2.6), however it is
/// cut.
class EventReader {
 public:
  using Each = std::function<bool(const ServerClient::Event&)>;

  /// Returns false when `each` did.
  bool feed(std::string_view bytes, const Each& each);

 private:
  bool take_line(std::string_view line, const Each& each);

  std::string rest_;  // of a line that has not ended
  ServerClient::Event event_;
  bool has_data_ = false;
};

}  // namespace millrace::tool
