#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::test {

/// A small HTTP/1.1 server on 127.0.0.1 for the tests of fetching. Its
/// handler gets "GET /path" and returns the whole reply as text, or nothing: then the connection
/// stays open and silent. [the handler runs on the server's threads, one call at a time]
class TestServer {
 public:
  using Handler = std::function<std::string(std::string_view request)>;

  explicit TestServer(Handler handler);
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer();

  /// Runs `change` while no handler does: what a handler reads is changed here.
  void change(const std::function<void()>& change);

  [[nodiscard]] std::uint16_t port() const;
  /// Returns "http://127.0.0.1:port" + path.
  [[nodiscard]] std::string url(std::string_view path, std::string_view host = "127.0.0.1") const;
  /// Returns "host:port".
  [[nodiscard]] std::string place(std::string_view host = "127.0.0.1") const;
  /// Returns the requests so far, "GET /path".
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] int connections() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Returns a whole reply with its length.
std::string reply(int status, std::string_view body, std::string_view headers = {});
std::string redirect_to(std::string_view target, int status = 302);

}  // namespace millrace::test
