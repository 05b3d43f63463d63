#include "api/route/finish.hpp"

#include <string>
#include <utility>
#include <variant>

#include <spdlog/spdlog.h>

#include "api/http/response_head.hpp"
#include "api/http/target.hpp"

namespace millrace::api {

http::Response worded(const Dialect& dialect, const Refusal& refusal,
                      const http::Request& request) {
  auto response = dialect.refuse(refusal, request);
  if (refusal.retry_after.count() > 0)
    response.headers.emplace_back("Retry-After", std::to_string(refusal.retry_after.count()));
  if (response.status == 401 && !dialect.challenge.empty())
    response.headers.emplace_back("WWW-Authenticate", dialect.challenge);
  return response;
}

void decorate(const Dialect& dialect, const Route* route, const http::Request& request,
              http::Response& response) {
  add_cors(route != nullptr && route->cors ? *route->cors : dialect.cors, request, response);
  if (dialect.decorate) dialect.decorate(request, response);
}

Finish::Finish(const Dialect& dialect, const Endpoint& endpoint,
               std::shared_ptr<const http::Request> request, http::Reply reply)
    : dialect_{&dialect},
      endpoint_{&endpoint},
      request_{std::move(request)},
      reply_{std::move(reply)} {}

void Finish::answer(http::Response response) const {
  decorate(*dialect_, endpoint_->route, *request_, response);
  // What somebody who signed in was told is for nobody else. Events are kept by nobody at all.
  if (request_->headers.find("Authorization") &&
      !std::holds_alternative<http::EventBody>(response.body) &&
      http::header_of(response, "Cache-Control").empty())
    response.headers.emplace_back("Cache-Control", "private");
  if (auto* object = std::get_if<http::ObjectBody>(&response.body)) {
    object->answered = [finish = *this](int status) { finish.note(status); };
  } else {
    note(response.status);
  }
  reply_(std::move(response));
}

void Finish::note(int status) const {
  const auto took = std::chrono::steady_clock::now() - begun_;
  endpoint_->metrics->observe(status, took);
  if (spdlog::should_log(spdlog::level::debug))
    spdlog::debug("request method={} target={} status={} us={} remote={} id={}",
                  http::to_string(request_->method), http::shown_target(request_->target), status,
                  std::chrono::duration_cast<std::chrono::microseconds>(took).count(),
                  request_->remote, request_->id);
}

void Finish::refuse(const Refusal& refusal) const {
  if (refusal.error.code == Code::Internal || !refusal.error.detail.empty())
    spdlog::warn("request refused code={} message={} detail={} target={} id={}",
                 to_string(refusal.error.code), refusal.error.message, refusal.error.detail,
                 http::shown_target(request_->target), request_->id);
  answer(worded(*dialect_, refusal, *request_));
}

}  // namespace millrace::api
