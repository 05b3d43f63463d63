#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/http/connection.hpp"
#include "api/http/io_thread.hpp"
#include "api/http/message.hpp"
#include "api/http/request_reader.hpp"

namespace millrace::http {

class EventAnswer;
class IncomingBody;
class Listener;
class ObjectAnswer;
struct HeadSettings;

/// What goes on over one connection: reads a request, hands it to the site, writes the answer, and
/// again. Requests that came early wait in the reader, so answers leave in order. [its IoThread]
/// Owned by that thread's list while open. Its parts have the rest: Connection the bytes,
/// RequestReader what they say, IncomingBody where a body goes, ObjectAnswer and EventAnswer the
/// answers that take long.
class Session final : public Connection {
 public:
  using Clock = IoThread::Clock;

  Session(IoThread& io, std::shared_ptr<Listener> listener, boost::asio::ip::tcp::socket socket);
  ~Session() override;

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
  /// Ends for the sake of another one if it has been idle for long enough; returns whether it has.
  bool give_way();
  /// Ends now.
  void cut();

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
  enum class After { MoreBody, NextRequest, MoreObject, StartEvents, Events, Linger, Close };

  // Functions that return bool say: go on in advance() (true), or an event will (false).

  // Reading: session_reading.cpp.
  void advance();
  void await_bytes();
  void await_body();
  bool plan_body();
  bool receive();
  void on_stored();
  bool handle();
  void call(std::shared_ptr<Request> request, const Handler& refusal);
  void keep(std::string_view bytes);
  bool next_request();

  // Answering: session_answering.cpp.
  bool respond(Response response, Request& request);
  bool respond_object(Response response, Request& request, HeadSettings settings);
  bool respond_events(Response response, HeadSettings settings);
  bool refuse(int status, std::string_view why);
  bool send(std::string_view text, std::string body, After after);
  bool sent();
  bool send_object();
  void cut_short();
  bool start_events();
  void send_events();

  void linger();
  void close();

  void on_handshake() override;
  void on_read(std::string_view bytes) override;
  void on_waiting() override;
  void on_written() override;
  void on_room() override;
  void on_lost() override { close(); }

  void expect_until(Clock::duration from_now) {
    deadline_ = io_.now() + from_now + IoThread::kTick;
  }
  void expect_nothing() { deadline_ = Clock::time_point::max(); }

  std::shared_ptr<Listener> listener_;  // shared with the server and the other connections
  RequestReader reader_;
  std::weak_ptr<Session> self_;
  std::optional<IoThread::Place> place_;
  Clock::time_point deadline_ = Clock::time_point::max();

  Phase phase_ = Phase::Idle;
  After after_ = After::NextRequest;
  bool is_in_handler_ = false;
  bool keep_alive_ = false, is_http_1_0_ = false, is_head_ = false;
  bool leaves_body_ = false;              // the request was answered without all of its body
  std::unique_ptr<IncomingBody> body_;    // of the request that is read, if it has one
  std::shared_ptr<Request> request_;      // that is handled; shared with the handler
  std::optional<Response> early_;         // given while the handler still ran
  std::unique_ptr<ObjectAnswer> object_;  // while it is sent
  std::unique_ptr<EventAnswer> events_;   // while they are sent
};

}  // namespace millrace::http
