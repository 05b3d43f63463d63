#include "tests/client/raw_server.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace millrace::test {
namespace {

// Returns how many bytes of body the head announces.
std::size_t body_size(const std::string& head) {
  const auto at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

// Reads a request; empty when the client has closed.
std::string read_request(int connection) {
  std::string text;
  std::array<char, 65536> buffer;
  while (true) {
    const auto head = text.find("\r\n\r\n");
    if (head != std::string::npos && text.size() >= head + 4 + body_size(text.substr(0, head + 4)))
      return text;
    const auto got = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (got <= 0) return {};
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

RawServer::RawServer(Handler handler, bool keeps)
    : handler_{std::move(handler)},
      keeps_{keeps},
      listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, sizeof address) != 0 || ::listen(listener_, 8) != 0 ||
      ::getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error{"cannot listen"};
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread{[this] { serve(); }};
}

RawServer::~RawServer() {
  is_stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  {
    const std::lock_guard lock{mutex_};
    for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
  }
  thread_.join();
  for (const int connection : connections_) ::close(connection);
  ::close(listener_);
}

std::string RawServer::address() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::vector<std::string> RawServer::requests() const {
  const std::lock_guard lock{mutex_};
  return requests_;
}

std::size_t RawServer::connections() const {
  const std::lock_guard lock{mutex_};
  return connections_.size();
}

void RawServer::serve() {
  std::vector<std::jthread> talking;
  while (!is_stopping_) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    const std::lock_guard lock{mutex_};
    connections_.push_back(connection);
    if (is_stopping_) ::shutdown(connection, SHUT_RDWR);
    talking.emplace_back([this, connection] {
      talk(connection);
      ::shutdown(connection, SHUT_RDWR);
    });
  }
}

void RawServer::talk(int connection) {
  while (true) {
    const auto request = read_request(connection);
    if (request.empty()) return;
    {
      const std::lock_guard lock{mutex_};
      requests_.push_back(request);
    }
    std::string answer;
    {
      const std::lock_guard lock{handling_};
      answer = handler_(request);
    }
    std::string_view left{answer};
    while (!left.empty()) {
      const auto sent = ::send(connection, left.data(), left.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      left.remove_prefix(static_cast<std::size_t>(sent));
    }
    if (answer.empty() || !keeps_) return;
  }
}

}  // namespace millrace::test
