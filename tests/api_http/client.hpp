#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "api/http/server.hpp"

namespace millrace::test {

/// What came back for one request.
struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

/// A client that sends exactly the bytes it is told. Every read has a deadline of ten seconds, past
/// which it fails.
class Client {
 public:
  explicit Client(std::uint16_t port, int receive_buffer = 0);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes);
  /// Sends as much as the other side takes; false when it has closed.
  bool try_send(std::string_view bytes);
  /// Reads one reply. `is_head`: the reply has no body, whatever its Content-Length says.
  Reply read_reply(bool is_head = false);
  /// Reads until `end` has come, and returns everything up to and with it.
  std::string read_until(std::string_view end);
  /// Tells whether the server closes without sending anything more.
  bool is_closed();
  [[nodiscard]] int descriptor() const { return socket_; }

 private:
  bool fill();
  int socket_;
  std::string input_;
};

/// A server with one listener on a port of the system's choice.
class TestServer {
 public:
  explicit TestServer(http::Handler handler, http::Limits limits = {},
                      http::ServerSettings settings = {});
  explicit TestServer(http::Site site, http::Limits limits = {},
                      http::ServerSettings settings = {});
  ~TestServer() { server.stop(std::chrono::milliseconds{0}); }

  http::Server server;
  std::uint16_t port = 0;
};

/// Answers every request on a thread of its own, as the engine does.
class Elsewhere {
 public:
  ~Elsewhere() { join(); }
  void run(std::function<void()> work);
  void join();

 private:
  std::mutex mutex_;
  std::vector<std::jthread> threads_;
};

/// Names method, path and body of the request in the answer.
http::Response echo(const http::Request& request);

/// Waits until `is_true`, for ten seconds at the most; returns what it was last.
bool eventually(const std::function<bool()>& is_true);

std::string get(std::string_view path, std::string_view more_headers = {});
/// The head of a POST whose body has a length, and a whole POST in chunks of so many bytes.
std::string post_head(std::string_view path, std::size_t size, std::string_view more_headers = {});
std::string chunked_post(std::string_view path, std::string_view body, std::size_t chunk);

/// Bytes that differ from place to place.
std::string sample(std::size_t size);

}  // namespace millrace::test
