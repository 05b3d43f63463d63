// Of a session: from the first byte of a request to the call of its handler.
#include <algorithm>
#include <exception>
#include <utility>

#include <spdlog/spdlog.h>

#include "api/http/answer.hpp"
#include "api/http/event_answer.hpp"
#include "api/http/incoming_body.hpp"
#include "api/http/listener.hpp"
#include "api/http/object_answer.hpp"
#include "api/http/session.hpp"

namespace millrace::http {

void Session::advance() {
  for (;;) {
    switch (reader_.state()) {
      case RequestReader::State::Head:
        return await_bytes();
      case RequestReader::State::HeadDone:
        if (!plan_body()) return;
        break;
      case RequestReader::State::Body:
      case RequestReader::State::Complete:
        if (!receive() || !handle()) return;
        break;
      case RequestReader::State::Refused:
        refuse(reader_.status(), reader_.why());
        return;
    }
  }
}

void Session::await_bytes() {
  const auto& limits = listener_->limits();
  if (!reader_.has_begun()) {
    if (phase_ != Phase::Idle || deadline_ == Clock::time_point::max()) {
      phase_ = Phase::Idle;
      reader_.release();
      expect_until(limits.idle_timeout);
    }
  } else if (phase_ != Phase::Reading) {
    phase_ = Phase::Reading;
    expect_until(limits.head_timeout);  // for the whole head, however it trickles in
  }
  read();
}

bool Session::plan_body() {
  auto& head = reader_.request();
  head.remote = listener_->client(remote(), head.headers);
  head.is_tls = is_tls();
  BodyPlan plan;
  try {
    plan = listener_->plan_body(head);
  } catch (const std::exception& thrown) {
    spdlog::error("plan of a body failed error={}", thrown.what());
    return refuse(500, "internal error");
  }
  body_ = std::make_unique<IncomingBody>(io_, listener_->limits(), std::move(plan), reader_,
                                         [session = self_] {
                                           if (const auto self = session.lock()) self->on_stored();
                                         });
  reader_.feed({});
  return true;
}

bool Session::receive() {
  if (!body_) return true;
  switch (body_->advance()) {
    case IncomingBody::Next::MoreBytes:
      await_body();
      return false;
    case IncomingBody::Next::Wake:
      phase_ = Phase::Storing;
      expect_nothing();  // it is our disk that is slow, not the client
      return false;
    case IncomingBody::Next::Unwanted:
      leaves_body_ = true;
      return true;
    case IncomingBody::Next::Whole:
      return true;
    case IncomingBody::Next::Refused:
      break;
  }
  return refuse(body_->status(), body_->why());
}

void Session::await_body() {
  if (reader_.take_expectation() && !send("HTTP/1.1 100 Continue\r\n\r\n", {}, After::MoreBody))
    return;
  phase_ = Phase::Reading;
  expect_until(listener_->limits().body_timeout);
  deadline_ = std::min(deadline_, body_->deadline());
  read();
}

void Session::on_stored() {
  // Else the client is still sending what makes the next piece.
  if (phase_ == Phase::Storing || (phase_ == Phase::Reading && body_ && body_->has_failed()))
    advance();
}

bool Session::handle() {
  keep_alive_ = reader_.keeps_alive() && !leaves_body_;
  is_http_1_0_ = reader_.is_http_1_0();
  auto request = reader_.take();
  Handler refusal;
  if (body_) refusal = std::exchange(body_, nullptr)->give_to(*request);
  is_head_ = request->method == Method::Head;
  request->remote = listener_->client(remote(), request->headers);
  request->is_tls = is_tls();
  phase_ = Phase::Handling;
  expect_nothing();
  io_.requests.fetch_add(1, std::memory_order_relaxed);
  call(std::move(request), refusal);
  if (!early_) {
    if (request_->departure) read();  // to hear of the client's going away
    return false;
  }
  auto response = *std::move(early_);
  early_.reset();
  const auto answered = std::exchange(request_, nullptr);
  return respond(std::move(response), *answered);
}

void Session::call(std::shared_ptr<Request> request, const Handler& refusal) {
  request_ = request;
  is_in_handler_ = true;
  const auto answer = std::make_shared<Answer>(io_, self_);
  const Reply reply = [answer](Response response) { answer->give(std::move(response)); };
  try {
    (refusal ? refusal : listener_->site().handler)(std::move(request), reply);
  } catch (const std::exception& thrown) {
    spdlog::error("request handler failed error={}", thrown.what());
    answer->give(listener_->refuse(500, "internal error", *request_));
  }
  is_in_handler_ = false;
}

bool Session::next_request() {
  object_.reset();
  release();
  if (!keep_alive_ || io_.is_draining()) {
    leaves_body_ || reader_.has_begun() || has_unread() ? linger() : close();
    return false;
  }
  phase_ = Phase::Idle;
  expect_nothing();
  reader_.feed({});
  return true;
}

}  // namespace millrace::http
