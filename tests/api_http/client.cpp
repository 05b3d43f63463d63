#include "tests/api_http/client.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <unistd.h>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace millrace::test {

Client::Client(std::uint16_t port, int receive_buffer)
    : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  if (receive_buffer > 0)
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error{"connect failed"};
}

Client::~Client() { ::close(socket_); }

bool Client::try_send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Client::send(std::string_view bytes) {
  if (!try_send(bytes)) throw std::runtime_error{"send failed"};
}

bool Client::fill() {
  char buffer[16384];
  const auto size = ::recv(socket_, buffer, sizeof buffer, 0);
  if (size <= 0) return false;
  input_.append(buffer, static_cast<std::size_t>(size));
  return true;
}

std::string Client::read_until(std::string_view end) {
  std::size_t found;
  while ((found = input_.find(end)) == std::string::npos)
    if (!fill()) throw std::runtime_error{fmt::format("closed or silent, so far: {}", input_)};
  auto text = input_.substr(0, found + end.size());
  input_.erase(0, found + end.size());
  return text;
}

Reply Client::read_reply(bool is_head) {
  Reply reply;
  const auto head = read_until("\r\n\r\n");
  reply.status = std::stoi(head.substr(9, 3));
  for (std::size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
    const auto end = head.find("\r\n", at);
    const auto line = head.substr(at, end - at);
    const auto colon = line.find(": ");
    auto name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    reply.headers[name] = colon == std::string::npos ? "" : line.substr(colon + 2);
    at = end + 2;
  }
  if (is_head || reply.status == 204 || reply.status == 304 || reply.status < 200) return reply;
  if (reply.headers.contains("transfer-encoding")) {
    for (;;) {
      const auto size = std::stoul(read_until("\r\n"), nullptr, 16);
      while (input_.size() < size + 2)
        if (!fill()) throw std::runtime_error{"chunk cut short"};
      reply.body += input_.substr(0, size);
      input_.erase(0, size + 2);
      if (size == 0) return reply;
    }
  }
  if (reply.headers.contains("content-length")) {
    const auto size = std::stoul(reply.headers["content-length"]);
    while (input_.size() < size)
      if (!fill()) throw std::runtime_error{"body cut short"};
    reply.body = input_.substr(0, size);
    input_.erase(0, size);
    return reply;
  }
  while (fill()) {
  }
  reply.body.swap(input_);
  return reply;
}

bool Client::is_closed() {
  if (!input_.empty()) return false;
  char byte;
  const auto size = ::recv(socket_, &byte, 1, 0);
  return size == 0 || (size < 0 && errno == ECONNRESET);
}

TestServer::TestServer(http::Handler handler, http::Limits limits, http::ServerSettings settings)
    : TestServer{http::Site{.handler = std::move(handler)}, limits, std::move(settings)} {}

TestServer::TestServer(http::Site site, http::Limits limits, http::ServerSettings settings)
    : server{std::move(settings)} {
  auto listening = server.listen({.port = 0, .limits = limits}, std::move(site));
  if (!listening.ok()) throw std::runtime_error{listening.error().message};
  port = *listening;
  server.start();
}

void Elsewhere::run(std::function<void()> work) {
  const std::lock_guard lock{mutex_};
  threads_.emplace_back(std::move(work));
}

void Elsewhere::join() {
  std::vector<std::jthread> threads;
  const std::lock_guard lock{mutex_};
  threads.swap(threads_);
}

http::Response echo(const http::Request& request) {
  return http::Response::text(
      200, fmt::format("{} {} {}", http::to_string(request.method), request.path, request.body));
}

bool eventually(const std::function<bool()>& is_true) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!is_true()) {
    if (std::chrono::steady_clock::now() > deadline) return is_true();
    std::this_thread::yield();
  }
  return true;
}

std::string get(std::string_view path, std::string_view more_headers) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, more_headers);
}

std::string post_head(std::string_view path, std::size_t size, std::string_view more_headers) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n", path,
                     size, more_headers);
}

std::string chunked_post(std::string_view path, std::string_view body, std::size_t chunk) {
  auto text = fmt::format(
      "POST {} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", path);
  for (std::size_t at = 0; at < body.size(); at += chunk) {
    const auto piece = body.substr(at, chunk);
    text += fmt::format("{:x}\r\n", piece.size());
    text.append(piece).append("\r\n");
  }
  return text + "0\r\n\r\n";
}

std::string sample(std::size_t size) {
  std::string bytes(size, ' ');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + i * 7 % 26);
  return bytes;
}

}  // namespace millrace::test
