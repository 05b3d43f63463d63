#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>  // before Asio, which needs std::exchange with this compiler

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "api/http/file_sender.hpp"
#include "api/http/io_thread.hpp"
#include "api/http/message.hpp"
#include "api/http/request_reader.hpp"

namespace millrace::http {

class BodyIntake;
class EventStream;
class Listener;
class ObjectFeed;
struct HeadSettings;

/// One connection: reads a request, hands it to the site, writes the answer, and again. Requests
/// that came early wait in the reader, so answers leave in order. While it waits for a request it
/// holds no buffer (a TLS connection excepted). [its IoThread] Owned by that thread's list while
/// open; asynchronous operations under way share it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  using Clock = IoThread::Clock;

  Session(IoThread& io, std::shared_ptr<Listener> listener, boost::asio::ip::tcp::socket socket);
  ~Session();

  void start();
  /// The answer of the request at hand.
  void answer(Response response);
  /// Nobody will answer it any more.
  void answer_is_lost();
  /// When expire() wants to be called.
  [[nodiscard]] Clock::time_point deadline() const { return deadline_; }
  void expire();
  /// Ends when it is idle, else after the answer at hand.
  void drain();
  /// Ends now.
  void cut();
  /// The event stream has something for us.
  void send_events();

 private:
  enum class Phase {
    Handshake,
    Idle,
    Reading,
    Storing,
    Handling,
    Writing,
    Fetching,
    Streaming,
    Lingering,
    Closed
  };
  /// What follows when the bytes at hand are written.
  enum class After { NextRequest, MoreObject, StartEvents, Events, Linger, Close };

  // Reading. Functions that return bool say: go on in advance() (true), or an event will (false).
  void advance();
  void await_bytes();
  void read();
  void on_read(const boost::system::error_code& error, std::string_view bytes);
  bool take_in_body();
  bool open_sink();
  void on_stored();
  bool handle();
  bool next_request();

  // Answering.
  bool respond(Response response);
  bool respond_object(Response response, HeadSettings settings);
  bool respond_events(Response response, HeadSettings settings);
  bool refuse(int status, std::string_view why);
  void send_from(std::shared_ptr<ObjectReader> reader, std::uint64_t first, std::uint64_t count);
  bool send_object();
  void on_sent(FileSender::Outcome outcome);
  void cut_short();
  bool start_events();

  // Writing.
  bool write(std::string_view text, std::string body, After after);
  void write_more();
  bool written();
  void linger();
  void close();

  void expect_until(std::chrono::steady_clock::duration from_now) {
    deadline_ = io_.now() + from_now + IoThread::kTick;
  }
  void expect_nothing() { deadline_ = Clock::time_point::max(); }

  IoThread& io_;
  std::shared_ptr<Listener> listener_;  // shared with the server and the other connections
  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;  // null: plain
  RequestReader reader_;
  std::string remote_;
  std::optional<IoThread::Place> place_;
  Clock::time_point deadline_ = Clock::time_point::max();

  Phase phase_ = Phase::Idle;
  After after_ = After::NextRequest;
  bool is_reading_ = false;  // an asynchronous read is under way
  bool is_in_handler_ = false;
  bool keep_alive_ = false, is_http_1_0_ = false, is_head_ = false;
  bool has_asked_for_sink_ = false;
  std::shared_ptr<BodyIntake> intake_;  // shared with its own events; null: the reader keeps it
  std::optional<Response> early_;       // given while the handler still ran

  struct Outgoing {
    std::string text, body;
    std::size_t done = 0;
    [[nodiscard]] std::size_t left() const { return text.size() + body.size() - done; }
    [[nodiscard]] std::array<boost::asio::const_buffer, 2> buffers() const;
  };
  Outgoing out_;
  std::string tls_in_;  // what a TLS connection reads into

  /// Set while a long answer is under way.
  struct Long {
    std::string range, if_range;          // of the request
    std::shared_ptr<FileSender> file;     // an object that is a file, else null; ...
    std::shared_ptr<ObjectFeed> object;   // ... any other. Both are shared with their own events
    std::shared_ptr<EventStream> events;  // shared with who sends them
    EventBody event_body;
    bool is_last = false;
  };
  std::unique_ptr<Long> long_;
};

}  // namespace millrace::http
