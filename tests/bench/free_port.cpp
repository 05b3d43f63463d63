#include "tests/bench/free_port.hpp"

#include <stdexcept>

#include "engine/base/file_descriptor.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

namespace millrace::bench {

std::uint16_t free_port() {
  const detail::FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error{"no free port"};
  }
  return ntohs(address.sin_port);
}

}  // namespace millrace::bench
