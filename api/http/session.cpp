#include "api/http/session.hpp"

#include <utility>

#include "api/http/commons.hpp"
#include "api/http/departure.hpp"
#include "api/http/event_answer.hpp"
#include "api/http/incoming_body.hpp"
#include "api/http/listener.hpp"
#include "api/http/object_answer.hpp"

namespace millrace::http {

namespace {

constexpr std::chrono::seconds kLinger{2};
constexpr std::chrono::seconds kHeartbeat{15};
// One that was used a moment ago is likely to be used again.
constexpr std::chrono::seconds kLeastIdle{1};

}  // namespace

Session::Session(IoThread& io, std::shared_ptr<Listener> listener,
                 boost::asio::ip::tcp::socket socket)
    : Connection{io, std::move(socket)},
      listener_{std::move(listener)},
      reader_{listener_->limits()} {}

Session::~Session() = default;

void Session::start() {
  auto self = std::static_pointer_cast<Session>(shared_from_this());
  self_ = self;
  place_ = io_.enter(std::move(self));
  if (!prepare(listener_->tls()) || io_.is_draining()) return close();
  if (!is_tls()) return advance();
  phase_ = Phase::Handshake;
  expect_until(listener_->limits().head_timeout);
  shake_hands();
}

void Session::on_handshake() {
  if (io_.is_draining()) return close();
  phase_ = Phase::Idle;
  advance();
}

void Session::on_read(std::string_view bytes) {
  switch (phase_) {
    case Phase::Idle:
    case Phase::Reading:
      reader_.feed(bytes);
      return advance();
    case Phase::Handling:
    case Phase::Writing:
    case Phase::Fetching:
      return keep(bytes);
    case Phase::Lingering:
    case Phase::Streaming:
      return read();  // of no interest, but the end of it is
    default:
      return;
  }
}

// The client of a watched request has sent something of its next one.
void Session::keep(std::string_view bytes) {
  reader_.feed(bytes);
  if (phase_ == Phase::Handling && reader_.state() == RequestReader::State::Head) read();
}

void Session::on_waiting() {
  phase_ = Phase::Writing;
  expect_until(listener_->limits().body_timeout);
}

void Session::on_written() {
  if (sent()) advance();
}

bool Session::send(std::string_view text, std::string body, After after) {
  after_ = after;
  return write(text, std::move(body));
}

bool Session::sent() {
  if (phase_ == Phase::Closed) return false;
  switch (after_) {
    case After::MoreBody:
      return true;
    case After::NextRequest:
      return next_request();
    case After::MoreObject:
      return send_object();
    case After::StartEvents:
      return start_events();
    case After::Events:
      phase_ = Phase::Streaming;
      expect_until(kHeartbeat);
      send_events();
      return false;
    case After::Linger:
      linger();
      return false;
    case After::Close:
      close();
      return false;
  }
  return false;
}

// --- server-sent events ---

bool Session::start_events() {
  phase_ = Phase::Streaming;
  expect_until(kHeartbeat);
  read();  // to hear of the client's going away
  events_->start();
  if (phase_ == Phase::Streaming) send_events();
  return false;
}

void Session::send_events() {
  if (phase_ == Phase::Writing && events_ && events_->is_cut()) return cut();
  // While a write is under way its end looks again.
  while (phase_ == Phase::Streaming) {
    auto taken = events_->take();
    if (taken.is_cut) return cut();
    if (taken.text.empty() && !taken.is_last) return;
    if (!send(taken.text, {}, taken.is_last ? After::Close : After::Events)) return;
    if (taken.is_last) return close();
    expect_until(kHeartbeat);
  }
}

// --- the end ---

void Session::linger() {
  // Closing now would reset the connection while the client still sends, and the answer could be
  // lost (RFC 9112, 9.6).
  phase_ = Phase::Lingering;
  expect_until(kLinger);
  half_close();
  read();
}

void Session::expire() {
  expect_nothing();
  switch (phase_) {
    case Phase::Reading:
      reader_.refuse(408, reader_.state() == RequestReader::State::Body
                              ? "the body came too slowly"
                              : "the head of the request came too slowly");
      return advance();
    case Phase::Streaming:
      expect_until(kHeartbeat);
      if (send(events_->heartbeat(), {}, After::Events)) send_events();
      return;
    case Phase::Writing:
      cut();
      return;
    default:
      close();
  }
}

void Session::drain() {
  if (phase_ == Phase::Idle && !reader_.has_begun()) return close();
  keep_alive_ = false;
  if (events_) events_->end();
}

bool Session::give_way() {
  if (phase_ != Phase::Idle || reader_.has_begun()) return false;
  const auto idle_since = deadline_ - listener_->limits().idle_timeout - IoThread::kTick;
  if (idle_since + kLeastIdle > io_.now()) return false;
  close();
  return true;
}

void Session::cut() {
  if (phase_ == Phase::Closed) return;
  end_with_reset();
  close();
}

void Session::close() {
  if (phase_ == Phase::Closed) return;
  phase_ = Phase::Closed;
  expect_nothing();
  if (body_) body_->end_early();
  body_.reset();
  shut(object_ && object_->shares_socket());
  object_.reset();
  io_.commons().connections.fetch_sub(1, std::memory_order_relaxed);
  events_.reset();
  if (request_ && request_->departure) request_->departure->tell();
  if (place_) io_.leave(*std::exchange(place_, std::nullopt));
}

}  // namespace millrace::http
