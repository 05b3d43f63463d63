#include "tests/bench/abusers.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <poll.h>
#include <string_view>
#include <utility>

#include "engine/base/file_descriptor.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

namespace millrace::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kBetweenLooks{200};
constexpr std::size_t kPiece = 64 * 1024;

detail::FileDescriptor connect_to(std::uint16_t port) {
  detail::FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_there =
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  return is_there ? std::move(socket) : detail::FileDescriptor{};
}

enum class Turn { Write, Read, Wait };

// Whether the server takes more or has said something, within `time`.
Turn look(int socket, bool wants_to_write, std::chrono::milliseconds time) {
  pollfd ready{.fd = socket,
               .events = static_cast<short>(POLLIN | (wants_to_write ? POLLOUT : 0)),
               .revents = 0};
  if (::poll(&ready, 1, static_cast<int>(time.count())) <= 0) return Turn::Wait;
  if ((ready.revents & (POLLIN | POLLERR | POLLHUP)) != 0) return Turn::Read;
  return Turn::Write;
}

// The status of the answer that has come; 0: the connection was closed without one.
int read_status(int socket) {
  std::array<char, 4096> bytes{};
  const auto size = ::recv(socket, bytes.data(), bytes.size(), 0);
  const std::string_view text{bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  return text.size() > 12 && text.starts_with("HTTP/1.1 ") ? (text[9] - '0') * 100 : 0;
}

}  // namespace

Abusers::Abusers(std::uint16_t port, std::vector<Abuse> abuses) : port_{port} {
  for (auto& abuse : abuses) all_.push_back(std::make_unique<One>(std::move(abuse)));
  for (const auto& one : all_)
    threads_.emplace_back([this, &one = *one](const std::stop_token& stop) { go_on(one, stop); });
}

Abusers::~Abusers() = default;

std::vector<Abusers::Counted> Abusers::counts() const {
  std::vector<Counted> all;
  for (const auto& one : all_) all.push_back({one->abuse, one->count});
  return all;
}

void Abusers::go_on(One& one, const std::stop_token& stop) const {
  while (!stop.stop_requested()) try_once(one, stop);
}

void Abusers::try_once(One& one, const std::stop_token& stop) const {
  const auto socket = connect_to(port_);
  if (socket.get() < 0) {
    ++one.count.cut;
    std::this_thread::sleep_for(kBetweenLooks);
    return;
  }
  std::string_view head = one.abuse.head, body = one.abuse.body;
  auto next_byte = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    auto& rest = head.empty() ? body : head;
    const bool trickles = one.abuse.trickles && head.empty();
    const bool is_due = !trickles || std::chrono::steady_clock::now() >= next_byte;
    switch (look(socket.get(), !rest.empty() && is_due, kBetweenLooks)) {
      case Turn::Wait:
        break;
      case Turn::Read: {
        const int status = read_status(socket.get());
        ++(status == 0 ? one.count.cut : status >= 400 ? one.count.refused : one.count.answered);
        return;
      }
      case Turn::Write: {
        const auto sent =
            ::send(socket.get(), rest.data(), trickles ? 1 : std::min(rest.size(), kPiece),
                   MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) rest.remove_prefix(static_cast<std::size_t>(sent));
        if (trickles) next_byte += 1min;
        break;
      }
    }
  }
}

}  // namespace millrace::bench
