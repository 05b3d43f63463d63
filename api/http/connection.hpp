#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>  // before Asio, which needs std::exchange with this compiler

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "api/http/io_thread.hpp"

namespace millrace::http {

/// The bytes of one connection, plain or over TLS; what they mean is for who derives from it. While
/// it waits for bytes it holds no buffer (TLS excepted). [its IoThread] Shared by its owner and the
/// asynchronous operations under way, after the end of which nothing is called any more.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(IoThread& io, boost::asio::ip::tcp::socket socket);
  virtual ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

 protected:
  /// Makes the socket ready, and TLS with a context. False: the client has gone already.
  bool prepare(boost::asio::ssl::context* tls);
  /// Begins TLS; on_handshake() follows, or on_lost().
  void shake_hands();
  /// Waits for bytes; on_read() follows, or on_lost(). Nothing when it waits already.
  void read();
  /// Sends what is given. True: it has gone; false: on_waiting() has been called and on_written()
  /// will be, or the connection is lost.
  bool write(std::string_view text, std::string body);
  /// Waits until the client takes more; on_room() follows, or on_lost().
  void await_room();
  /// Says that nothing more will be sent.
  void half_close();
  /// Makes an end with a reset, so that the client sees that something is missing.
  void end_with_reset();
  /// Closes. `is_shared`: somebody else has the socket open too, and is to stop.
  void shut(bool is_shared);

  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }
  /// Tells whether bytes have come that were not read.
  [[nodiscard]] bool has_unread() const;
  [[nodiscard]] const std::string& remote() const { return remote_; }  // "127.0.0.1"
  [[nodiscard]] int descriptor() { return socket_.native_handle(); }
  /// Frees the memory that a large answer has left.
  void release();

  virtual void on_handshake() = 0;
  virtual void on_read(std::string_view bytes) = 0;
  virtual void
  on_waiting() = 0;  // a part of what is written has gone, the rest waits for the client
  virtual void on_written() = 0;
  virtual void on_room() = 0;
  virtual void on_lost() = 0;

  IoThread& io_;

 private:
  void read_plain(boost::system::error_code error);
  void came(const boost::system::error_code& error, std::string_view bytes);
  void write_more();

  struct Outgoing {
    std::string text, body;
    std::size_t done = 0;
    [[nodiscard]] std::size_t left() const { return text.size() + body.size() - done; }
    [[nodiscard]] std::array<boost::asio::const_buffer, 2> buffers() const;
  };

  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;  // null: plain
  std::string remote_;
  bool is_open_ = true;
  bool is_reading_ = false;  // an asynchronous read is under way
  bool is_secure_ = false;   // the handshake has succeeded
  Outgoing out_;
  std::string tls_in_;  // what a TLS connection reads into
};

}  // namespace millrace::http
