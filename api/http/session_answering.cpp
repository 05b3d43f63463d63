// Of a session: from the answer of the handler to its last byte.
#include <optional>
#include <utility>
#include <variant>

#include <spdlog/spdlog.h>

#include "api/http/conditions.hpp"
#include "api/http/event_answer.hpp"
#include "api/http/incoming_body.hpp"
#include "api/http/listener.hpp"
#include "api/http/object_answer.hpp"
#include "api/http/response_head.hpp"
#include "api/http/session.hpp"

#include <fmt/format.h>

namespace millrace::http {

namespace {

constexpr std::size_t kCopied = 16u
                                << 10;  // a body up to this size leaves in one piece with its head

}  // namespace

void Session::answer(Response response) {
  if (phase_ != Phase::Handling) return;
  if (is_in_handler_) {
    early_ = std::move(response);
    return;
  }
  const auto request = std::exchange(request_, nullptr);
  if (respond(std::move(response), *request)) advance();
}

void Session::answer_is_lost() {
  if (phase_ != Phase::Handling) return;
  answer(listener_->refuse(500, "request was dropped", *request_));
}

bool Session::respond(Response response, Request& request) {
  if (io_.is_draining()) keep_alive_ = false;
  HeadSettings settings{.is_http_1_0 = is_http_1_0_, .keep_alive = keep_alive_, .date = io_.date()};
  if (std::holds_alternative<ObjectBody>(response.body))
    return respond_object(std::move(response), request, settings);
  if (std::holds_alternative<EventBody>(response.body))
    return respond_events(std::move(response), settings);
  auto& body = std::get<std::string>(response.body);
  settings.length = body.size();
  auto& text = io_.bytes_out;
  text.clear();
  append_head(text, response, settings);
  if (is_head_ || response.status == 204 || response.status == 304) {
    body.clear();
  } else if (body.size() <= kCopied) {
    text += body;
    body.clear();
  }
  return send(text, std::move(body), After::NextRequest) && sent();
}

bool Session::respond_object(Response response, Request& request, HeadSettings settings) {
  auto object = std::get<ObjectBody>(std::move(response.body));
  response.body = std::string{};
  switch (check_conditions(request, response)) {
    case Condition::Met:
      break;
    case Condition::NotModified:
      make_not_modified(response);
      if (object.answered) object.answered(response.status);
      return respond(std::move(response), request);
    case Condition::Failed:
      return respond(listener_->refuse(412, "it is not what the request means", request), request);
  }
  const auto part = choose_part(request, object.size, response);
  if (part.kind == ByteRange::Kind::Unsatisfiable) {
    auto refused = listener_->refuse(416, "range lies beyond the end", request);
    refused.headers.emplace_back("Content-Range", fmt::format("bytes */{}", object.size));
    return respond(std::move(refused), request);
  }
  if (object.answered) object.answered(response.status);
  settings.length = part.count;
  auto& text = io_.bytes_out;
  text.clear();
  append_head(text, response, settings);
  if (is_head_ || part.count == 0 || !object.reader)
    return send(text, {}, After::NextRequest) && sent();
  const auto socket = is_tls() ? std::nullopt : std::optional<int>{descriptor()};
  object_ = std::make_unique<ObjectAnswer>(
      io_, std::move(object.reader), part, socket, [session = self_] {
        const auto self = session.lock();
        if (self && self->phase_ == Phase::Fetching && self->send_object()) self->advance();
      });
  return send(text, {}, After::MoreObject) && sent();
}

bool Session::send_object() {
  for (;;) {
    switch (object_->next()) {
      case ObjectAnswer::Next::Write:
        phase_ = Phase::Fetching;
        expect_nothing();
        if (!send({}, object_->take_piece(), After::MoreObject)) return false;
        break;
      case ObjectAnswer::Next::Wait:
        phase_ = Phase::Fetching;
        expect_nothing();
        return false;
      case ObjectAnswer::Next::Room:
        on_waiting();
        await_room();
        return false;
      case ObjectAnswer::Next::Whole:
        return next_request();
      case ObjectAnswer::Next::Gone:
        close();
        return false;
      case ObjectAnswer::Next::Broken:
        cut_short();
        return false;
    }
  }
}

void Session::on_room() {
  if (send_object()) advance();
}

void Session::cut_short() {
  // The length has been promised: only a broken connection tells the client that the body is not
  // whole.
  spdlog::warn("reading a body failed, connection cut remote={}", remote());
  cut();
}

bool Session::respond_events(Response response, HeadSettings settings) {
  auto body = std::get<EventBody>(std::move(response.body));
  response.body = std::string{};
  if (header_of(response, "Content-Type").empty())
    response.headers.emplace_back("Content-Type", "text/event-stream");
  if (header_of(response, "Cache-Control").empty())
    response.headers.emplace_back("Cache-Control", "no-store");
  keep_alive_ = false;
  settings.keep_alive = false;
  settings.framing = is_http_1_0_ ? Framing::UntilClose : Framing::Chunked;
  auto& text = io_.bytes_out;
  text.clear();
  append_head(text, response, settings);
  if (is_head_) {
    if (body.closed) body.closed();
    return send(text, {}, After::NextRequest) && sent();
  }
  events_ = std::make_unique<EventAnswer>(std::move(body), !is_http_1_0_,
                                          [io = io_.weak_from_this(), session = self_] {
                                            if (const auto alive = io.lock())
                                              alive->post([session] {
                                                if (const auto self = session.lock())
                                                  self->send_events();
                                              });
                                          });
  return send(text, {}, After::StartEvents) && sent();
}

bool Session::refuse(int status, std::string_view why) {
  keep_alive_ = false;
  auto& request = reader_.request();
  request.remote = listener_->client(remote(), request.headers);
  request.is_tls = is_tls();
  auto response = listener_->refuse(status, why, request);
  if (body_) body_->end_early();
  body_.reset();
  if (!std::holds_alternative<std::string>(response.body)) response.body = std::string{};
  const auto& body = std::get<std::string>(response.body);
  std::string text;
  append_head(text, response, {.keep_alive = false, .length = body.size(), .date = io_.date()});
  if (request.method != Method::Head) text += body;
  if (send(text, {}, After::Linger)) linger();
  return false;
}

}  // namespace millrace::http
