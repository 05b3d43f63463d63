#include "tests/bench/http_load.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <memory>
#include <stdexcept>
#include <unistd.h>
#include <vector>

#include "engine/base/file_descriptor.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace millrace::bench {

namespace {

using Time = std::chrono::steady_clock::time_point;

detail::FileDescriptor connect_to(std::uint16_t port) {
  detail::FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error{"cannot connect to port " + std::to_string(port)};
  }
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

void send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw std::runtime_error{"the server closed a connection"};
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// Bytes of one whole reply at the start of `input`, or 0 when more must come.
std::size_t reply_size(const std::string& input) {
  const auto head = input.find("\r\n\r\n");
  if (head == std::string::npos) return 0;
  std::string lower = input.substr(0, head);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  const auto field = lower.find("content-length:");
  std::size_t length = 0;
  if (field != std::string::npos) {
    const auto digits = lower.find_first_of("0123456789", field);
    std::from_chars(lower.data() + digits, lower.data() + lower.size(), length);
  }
  const std::size_t whole = head + 4 + length;
  return input.size() >= whole ? whole : 0;
}

struct Connection {
  detail::FileDescriptor socket;
  std::string input;
  Time sent{};
};

}  // namespace

Answered load(const Load& load) {
  const detail::FileDescriptor poll{::epoll_create1(EPOLL_CLOEXEC)};
  std::vector<std::unique_ptr<Connection>> connections;
  std::uint64_t sent = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto may_send = [&](Time now) {
    return load.requests > 0 ? sent < load.requests : now - begin < load.time;
  };
  for (std::size_t i = 0; i < load.connections && may_send(begin); ++i) {
    auto connection = std::make_unique<Connection>();
    connection->socket = connect_to(load.port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connection.get();
    ::epoll_ctl(poll.get(), EPOLL_CTL_ADD, connection->socket.get(), &event);
    connections.push_back(std::move(connection));
  }
  const auto first = std::chrono::steady_clock::now();
  for (auto& connection : connections) {
    connection->sent = std::chrono::steady_clock::now();
    send_all(connection->socket.get(), load.make(sent++));
  }
  Answered answered;
  std::vector<float> took_ms;
  std::size_t open = connections.size();
  while (open > 0) {
    std::array<epoll_event, 64> events{};
    const int ready =
        ::epoll_wait(poll.get(), events.data(), static_cast<int>(events.size()), 10'000);
    if (ready == 0) throw std::runtime_error{"the server has said nothing for ten seconds"};
    for (int i = 0; i < ready; ++i) {
      auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      std::array<char, 16'384> bytes{};
      const auto size = ::recv(connection.socket.get(), bytes.data(), bytes.size(), 0);
      if (size <= 0) throw std::runtime_error{"the server closed a connection"};
      connection.input.append(bytes.data(), static_cast<std::size_t>(size));
      const std::size_t whole = reply_size(connection.input);
      if (whole == 0) continue;
      const auto now = std::chrono::steady_clock::now();
      took_ms.push_back(std::chrono::duration<float, std::milli>(now - connection.sent).count());
      (connection.input.compare(9, 1, "2") == 0 ? answered.good : answered.other) += 1;
      const auto body = connection.input.find("\r\n\r\n") + 4;
      answered.last_body.assign(connection.input, body, whole - body);
      connection.input.erase(0, whole);
      if (!may_send(now)) {
        --open;
        continue;
      }
      connection.sent = now;
      send_all(connection.socket.get(), load.make(sent++));
    }
  }
  answered.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - first).count();
  std::sort(took_ms.begin(), took_ms.end());
  if (!took_ms.empty()) {
    answered.p50_ms = took_ms[took_ms.size() / 2];
    answered.p95_ms = took_ms[took_ms.size() * 95 / 100];
    answered.p99_ms = took_ms[took_ms.size() * 99 / 100];
  }
  return answered;
}

struct IdleConnections::State {
  std::vector<detail::FileDescriptor> sockets;
};

IdleConnections::IdleConnections(std::uint16_t port, std::size_t count, const std::string& request)
    : state_{std::make_unique<State>()} {
  for (std::size_t i = 0; i < count; ++i) {
    auto socket = connect_to(port);
    send_all(socket.get(), request);
    std::string input;
    while (reply_size(input) == 0) {
      std::array<char, 4096> bytes{};
      const auto size = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
      if (size <= 0) throw std::runtime_error{"the server closed a connection"};
      input.append(bytes.data(), static_cast<std::size_t>(size));
    }
    state_->sockets.push_back(std::move(socket));
  }
}

IdleConnections::~IdleConnections() = default;

}  // namespace millrace::bench
