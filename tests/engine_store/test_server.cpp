#include "tests/engine_store/test_server.hpp"

#include <atomic>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <fmt/format.h>
#include <sys/socket.h>

namespace millrace::test {
namespace asio = boost::asio;
using asio::ip::tcp;

struct TestServer::State {
  explicit State(Handler given)
      : handler{std::move(given)},
        acceptor{context, tcp::endpoint{asio::ip::address_v4::loopback(), 0}} {
    port = acceptor.local_endpoint().port();
    accepting = std::jthread{[this] { accept(); }};
  }

  ~State() {
    is_stopping = true;
    // Shutting down wakes the blocking calls; closing alone need not.
    ::shutdown(acceptor.native_handle(), SHUT_RDWR);
    accepting.join();
    {
      const std::lock_guard lock{mutex};
      for (auto& socket : sockets) ::shutdown(socket.native_handle(), SHUT_RDWR);
    }
    serving.clear();
  }

  void accept() {
    while (!is_stopping) {
      boost::system::error_code fault;
      tcp::socket socket{context};
      acceptor.accept(socket, fault);
      if (fault) return;
      const std::lock_guard lock{mutex};
      ++connections;
      auto& kept = sockets.emplace_back(std::move(socket));
      serving.emplace_back([this, &kept] { serve(kept); });
    }
  }

  void serve(tcp::socket& socket) {
    std::string buffer;
    while (true) {
      boost::system::error_code fault;
      const auto head = asio::read_until(socket, asio::dynamic_buffer(buffer), "\r\n\r\n", fault);
      if (fault) break;
      const auto line = buffer.substr(0, buffer.find(" HTTP/"));
      buffer.erase(0, head);
      std::string text;
      {
        const std::lock_guard lock{mutex};
        requests.push_back(line);
        text = handler(line);
      }
      if (text.empty()) continue;
      asio::write(socket, asio::buffer(text), fault);
      if (fault || text.find("Connection: close") != std::string::npos) break;
    }
    ::shutdown(socket.native_handle(), SHUT_RDWR);
  }

  Handler handler;
  asio::io_context context;
  tcp::acceptor acceptor;
  std::uint16_t port = 0;
  std::atomic<bool> is_stopping{false};
  mutable std::mutex mutex;  // guards what follows; held while the handler runs
  std::vector<std::string> requests;
  int connections = 0;
  std::list<tcp::socket> sockets;  // kept until the end, so that their numbers stay theirs
  std::list<std::jthread> serving;
  std::jthread accepting;
};

TestServer::TestServer(Handler handler) : state_{std::make_unique<State>(std::move(handler))} {}

TestServer::~TestServer() = default;

void TestServer::change(const std::function<void()>& change) {
  const std::lock_guard lock{state_->mutex};
  change();
}

std::uint16_t TestServer::port() const { return state_->port; }

std::string TestServer::url(std::string_view path, std::string_view host) const {
  return fmt::format("http://{}{}", place(host), path);
}

std::string TestServer::place(std::string_view host) const {
  return fmt::format("{}:{}", host, state_->port);
}

std::vector<std::string> TestServer::requests() const {
  const std::lock_guard lock{state_->mutex};
  return state_->requests;
}

int TestServer::connections() const {
  const std::lock_guard lock{state_->mutex};
  return state_->connections;
}

std::string reply(int status, std::string_view body, std::string_view headers) {
  return fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(),
                     headers, body);
}

std::string redirect_to(std::string_view target, int status) {
  return reply(status, "moved", fmt::format("Location: {}\r\n", target));
}

}  // namespace millrace::test
