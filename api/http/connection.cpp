#include "api/http/connection.hpp"

#include <algorithm>

namespace millrace::http {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kTlsReadBytes = 8u << 10;
constexpr std::size_t kKeptBytes = 1u << 10;  // a string beyond this is freed between requests

}  // namespace

Connection::Connection(IoThread& io, tcp::socket socket) : io_{io}, socket_{std::move(socket)} {}

Connection::~Connection() = default;

bool Connection::prepare(asio::ssl::context* tls) {
  error_code error;
  const auto peer = socket_.remote_endpoint(error);
  if (error) return false;
  remote_ = peer.address().to_string();
  socket_.set_option(tcp::no_delay{true}, error);
  socket_.non_blocking(true, error);
  if (error) return false;
  if (tls != nullptr) tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, *tls);
  return true;
}

void Connection::shake_hands() {
  tls_->async_handshake(asio::ssl::stream_base::server,
                        [self = shared_from_this()](const error_code& error) {
                          if (!self->is_open_) return;
                          if (error) return self->on_lost();
                          self->is_secure_ = true;
                          self->on_handshake();
                        });
}

// --- reading ---

void Connection::read() {
  if (is_reading_) return;
  is_reading_ = true;
  if (!tls_) {
    // Waits without a buffer, then reads into the thread's own.
    socket_.async_wait(tcp::socket::wait_read,
                       [self = shared_from_this()](error_code error) { self->read_plain(error); });
    return;
  }
  tls_in_.resize(kTlsReadBytes);
  tls_->async_read_some(asio::buffer(tls_in_),
                        [self = shared_from_this()](const error_code& error, std::size_t size) {
                          self->came(error, {self->tls_in_.data(), size});
                        });
}

void Connection::read_plain(error_code error) {
  std::size_t size = 0;
  if (!error) size = socket_.read_some(asio::buffer(io_.bytes_in), error);
  came(error, {io_.bytes_in.data(), size});
}

void Connection::came(const error_code& error, std::string_view bytes) {
  is_reading_ = false;
  if (!is_open_) return;
  if (error == asio::error::would_block) return read();
  error ? on_lost() : on_read(bytes);
}

bool Connection::has_unread() const {
  error_code error;
  return socket_.available(error) > 0 && !error;
}

// --- writing ---

std::array<asio::const_buffer, 2> Connection::Outgoing::buffers() const {
  const auto in_text = std::min(done, text.size());
  return {asio::buffer(text) + in_text, asio::buffer(body) + (done - in_text)};
}

bool Connection::write(std::string_view text, std::string body) {
  std::size_t done = 0;
  if (!tls_) {
    error_code error;
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(text.data(), text.size()),
                                                    asio::buffer(body)};
    done = socket_.write_some(buffers, error);
    if (error && error != asio::error::would_block) {
      on_lost();
      return false;
    }
    if (!error && done == text.size() + body.size()) return true;
  }
  // What was sent of the text is not kept.
  const auto sent = std::min(done, text.size());
  out_.text.assign(text.substr(sent));
  out_.body = std::move(body);
  out_.done = done - sent;
  on_waiting();
  write_more();
  return false;
}

void Connection::write_more() {
  auto on_some = [self = shared_from_this()](const error_code& error, std::size_t size) {
    if (!self->is_open_) return;
    if (error) return self->on_lost();
    self->out_.done += size;
    if (self->out_.left() > 0) {
      self->on_waiting();
      return self->write_more();
    }
    self->out_.text.clear();
    self->out_.body.clear();
    self->out_.done = 0;
    self->on_written();
  };
  const auto buffers = out_.buffers();
  tls_ ? tls_->async_write_some(buffers, std::move(on_some))
       : socket_.async_write_some(buffers, std::move(on_some));
}

void Connection::await_room() {
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& error) {
    if (!self->is_open_) return;
    error ? self->on_lost() : self->on_room();
  });
}

void Connection::release() {
  if (out_.text.capacity() > kKeptBytes) std::string{}.swap(out_.text);
  std::string{}.swap(out_.body);
}

// --- the end ---

void Connection::half_close() {
  error_code ignored;
  if (!tls_) socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Connection::end_with_reset() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
}

void Connection::shut(bool is_shared) {
  is_open_ = false;
  error_code ignored;
  if (is_secure_ && !is_reading_ && out_.left() == 0) {
    // Our side of the TLS shutdown goes out with one non-blocking write; the client's is not waited
    // for.
    tls_->async_shutdown([self = shared_from_this()](const error_code&) {});
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  if (is_shared) socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

}  // namespace millrace::http
