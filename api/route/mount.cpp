#include "api/route/mount.hpp"

#include <optional>
#include <utility>
#include <variant>

#include "api/route/endpoint.hpp"
#include "api/route/refusals.hpp"
#include "api/route/road.hpp"
#include "api/route/router.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

std::string listed(const std::vector<http::Method>& methods) {
  std::string text;
  for (const auto method : methods)
    text += fmt::format("{}{}", text.empty() ? "" : ", ", http::to_string(method));
  return text;
}

}  // namespace

struct Mount::State {
  Dialect dialect;  // endpoints point into its routes
  const Surroundings& surroundings;
  Router router;
  std::vector<Endpoint> endpoints;  // in the order of the routes
  Metrics::Route& unmatched;

  void begin(const Endpoint& endpoint, std::shared_ptr<http::Request> request,
             http::Reply reply) const;
  /// Puts a request on the road; without a caller it signs in there.
  void set_out(const Endpoint& endpoint, std::shared_ptr<http::Request> request,
               std::optional<Caller> caller, Finish finish) const;
  void call(const Endpoint& endpoint, const std::shared_ptr<http::Request>& request, Caller caller,
            Finish finish) const;
};

Mount::Mount(std::unique_ptr<State> state) : state_{std::move(state)} {}
Mount::~Mount() = default;

Result<std::shared_ptr<Mount>> Mount::open(Dialect dialect, const Surroundings& surroundings) {
  auto& unmatched = surroundings.metrics.route(dialect.name, "none");
  std::unique_ptr<State> state{new State{.dialect = std::move(dialect),
                                         .surroundings = surroundings,
                                         .router = {},
                                         .endpoints = {},
                                         .unmatched = unmatched}};
  for (std::size_t i = 0; i < state->dialect.routes.size(); ++i) {
    const auto& route = state->dialect.routes[i];
    if (auto added = state->router.add(route.method, route.path, i); !added.ok())
      return added.error().within(state->dialect.name);
    MR_TRY(auto endpoint, make_endpoint(state->dialect, route, surroundings.pipelines,
                                        surroundings.engine, surroundings.metrics));
    state->endpoints.push_back(std::move(endpoint));
  }
  return std::shared_ptr<Mount>{new Mount{std::move(state)}};
}

void Mount::handle(std::shared_ptr<http::Request> request, http::Reply reply) const {
  auto match = state_->router.match(request->method, request->path);
  if (match.kind == Router::Match::Kind::Found) {
    const auto& endpoint = state_->endpoints[match.number];
    request->path_values = std::move(match.values);
    request->values_max = endpoint.route->values_max;
    return state_->begin(endpoint, std::move(request), std::move(reply));
  }
  const bool is_known = match.kind == Router::Match::Kind::WrongMethod;
  if (is_known && request->method == http::Method::Options && state_->dialect.answers_options) {
    http::Response response;
    response.headers.emplace_back("Allow", listed(match.allowed) + ", OPTIONS");
    return Finish{state_->dialect, state_->unmatched, request, std::move(reply)}.answer(
        std::move(response));
  }
  const auto refused =
      is_known
          ? refusal(
                Code::NotFound, "method",
                fmt::format("{} is not a method of {}: use {}", http::to_string(request->method),
                            request->path, listed(match.allowed)))
          : refusal(Code::NotFound, "no_route", fmt::format("no such path: {}", request->path));
  auto response = state_->dialect.refuse(refused, *request);
  if (response.status == 405) response.headers.emplace_back("Allow", listed(match.allowed));
  Finish{state_->dialect, state_->unmatched, request, std::move(reply)}.answer(std::move(response));
}

void Mount::State::begin(const Endpoint& endpoint, std::shared_ptr<http::Request> request,
                         http::Reply reply) const {
  Finish finish{dialect, *endpoint.metrics, request, std::move(reply)};
  // What has to be read from a disk first, or hashed for long, is not for this thread.
  if (request->body_file)
    return set_out(endpoint, std::move(request), std::nullopt, std::move(finish));
  auto found = sign_in(surroundings, dialect, *endpoint.route, *request);
  if (const auto* refused = std::get_if<Refusal>(&found)) return finish.refuse(*refused);
  auto& caller = std::get<Caller>(found);
  const bool may_wait = endpoint.route->auth != Auth::Open && dialect.authenticator &&
                        dialect.authenticator->confirms();
  if (endpoint.route->direct && !may_wait)
    return call(endpoint, request, std::move(caller), std::move(finish));
  set_out(endpoint, std::move(request), std::move(caller), std::move(finish));
}

void Mount::State::set_out(const Endpoint& endpoint, std::shared_ptr<http::Request> request,
                           std::optional<Caller> caller, Finish finish) const {
  std::unique_ptr<WorkLane::Work> road = std::make_unique<Road>(
      surroundings, dialect, endpoint, std::move(request), std::move(caller), std::move(finish));
  const bool hashes = endpoint.route->hashes_password;
  if ((hashes ? surroundings.passwords : surroundings.lane).try_push(road)) return;
  auto refused =
      refusal(Code::Unavailable, "busy",
              hashes ? "too many passwords are waiting to be checked: try again in a few seconds"
                     : "too many requests are waiting: try again in a second");
  refused.retry_after = std::chrono::seconds{hashes ? 3 : 1};
  static_cast<const Road&>(*road).finish().refuse(refused);
}

void Mount::State::call(const Endpoint& endpoint, const std::shared_ptr<http::Request>& request,
                        Caller caller, Finish finish) const {
  if (const auto refused = check_schema(endpoint, *request)) return finish.refuse(*refused);
  endpoint.route->direct(request, std::move(caller),
                         [finish = std::move(finish)](http::Response response) {
                           finish.answer(std::move(response));
                         });
}

http::Response Mount::refuse(const Refusal& refused, const http::Request& request) const {
  auto response = worded(state_->dialect, refused, request);
  if (state_->dialect.decorate) state_->dialect.decorate(request, response);
  const auto match = state_->router.match(request.method, request.path);
  const bool is_known = match.kind == Router::Match::Kind::Found;
  auto& metrics = is_known ? *state_->endpoints[match.number].metrics : state_->unmatched;
  metrics.observe(response.status, {});
  return response;
}

void Mount::refuse(const Refusal& refused, const std::shared_ptr<http::Request>& request,
                   http::Reply reply) const {
  Finish{state_->dialect, state_->unmatched, request, std::move(reply)}.refuse(refused);
}

http::BodyPlan Mount::plan_body(http::Request& head) const {
  auto match = state_->router.match(head.method, head.path);
  if (match.kind != Router::Match::Kind::Found) {
    return http::BodyPlan::drop([this](const std::shared_ptr<http::Request>& request,
                                       http::Reply reply) { handle(request, std::move(reply)); });
  }
  head.path_values = std::move(match.values);
  const auto& endpoint = state_->endpoints[match.number];
  const auto& route = *endpoint.route;
  const auto drop = [&](Refusal refused) {
    return http::BodyPlan::drop(
        [this, &endpoint, refused = std::move(refused)](
            const std::shared_ptr<http::Request>& request, http::Reply reply) {
          Finish{state_->dialect, *endpoint.metrics, request, std::move(reply)}.refuse(refused);
        });
  };
  if (!route.body_sink) {
    const auto* authenticator = state_->dialect.authenticator.get();
    if (route.auth == Auth::Required && authenticator != nullptr) {
      if (auto refused = authenticator->check_head(head)) return drop(*std::move(refused));
    }
    return http::BodyPlan::keep(route.body_bytes);
  }
  auto found = sign_in(state_->surroundings, state_->dialect, route, head);
  if (auto* refused = std::get_if<Refusal>(&found)) return drop(std::move(*refused));
  if (auto sink = route.body_sink(head, std::get<Caller>(found)))
    return http::BodyPlan::give(std::move(sink), route.upload_bytes);
  return http::BodyPlan::keep(route.body_bytes);
}

const Dialect& Mount::dialect() const { return state_->dialect; }

const RequestSchema& Mount::schema(std::size_t route) const {
  return state_->endpoints[route].schema;
}

}  // namespace millrace::api
