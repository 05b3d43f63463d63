#include "api/route/mount.hpp"

#include <utility>

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
    request->path_values = std::move(match.values);
    return state_->begin(state_->endpoints[match.number], std::move(request), std::move(reply));
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
  Caller caller;
  if (endpoint.route->auth != Auth::Open && dialect.authenticator) {
    auto found = dialect.authenticator->authenticate(*request);
    if (auto* known = std::get_if<Caller>(&found)) {
      caller = std::move(*known);
    } else if (endpoint.route->auth == Auth::Optional) {
      caller = dialect.authenticator->anonymous();
    } else {
      return finish.refuse(std::get<Refusal>(found));
    }
  }
  // Nobody who comes over HTTP opens files beyond the configured roots, whatever their key says.
  caller.rights.any_file = false;
  caller.rights.roots = surroundings.roots;
  const bool may_wait = endpoint.route->auth != Auth::Open && dialect.authenticator &&
                        dialect.authenticator->confirms();
  if (endpoint.route->direct && !may_wait)
    return call(endpoint, request, std::move(caller), std::move(finish));
  std::unique_ptr<WorkLane::Work> road = std::make_unique<Road>(
      surroundings, dialect, endpoint, std::move(request), std::move(caller), std::move(finish));
  if (surroundings.lane.try_push(road)) return;
  auto refused =
      refusal(Code::Unavailable, "busy", "too many requests are waiting: try again in a second");
  refused.retry_after = std::chrono::seconds{1};
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

http::Response Mount::refuse(int status, std::string_view why, const http::Request& head) const {
  auto refused = server_refusal(status, why);
  if (refused.word == "body_size") {
    // The path comes first: what does not exist has no limit.
    const auto match = state_->router.match(head.method, head.path);
    if (match.kind != Router::Match::Kind::Found)
      refused = refusal(Code::NotFound,
                        match.kind == Router::Match::Kind::WrongMethod ? "method" : "no_route",
                        fmt::format("no such path: {}", head.path));
  }
  auto response = state_->dialect.refuse(refused, head);
  if (state_->dialect.decorate) state_->dialect.decorate(head, response);
  state_->unmatched.observe(response.status, {});
  return response;
}

namespace {

// For a body that nobody wants: it is read, so that the answer can be, and not kept.
class Discarded final : public http::BodySink {
 public:
  Result<void> write(std::string_view) override { return {}; }
  Result<void> finish() override { return {}; }
};

}  // namespace

std::unique_ptr<http::BodySink> Mount::body_sink(http::Request& head) const {
  auto match = state_->router.match(head.method, head.path);
  if (match.kind != Router::Match::Kind::Found) return nullptr;
  const auto& route = *state_->endpoints[match.number].route;
  if (!route.body_sink) return nullptr;
  head.path_values = std::move(match.values);
  Caller caller;
  if (route.auth != Auth::Open && state_->dialect.authenticator) {
    auto found = state_->dialect.authenticator->authenticate(head);
    if (auto* known = std::get_if<Caller>(&found)) {
      caller = std::move(*known);
    } else if (route.auth == Auth::Required) {
      return std::make_unique<Discarded>();
    } else {
      caller = state_->dialect.authenticator->anonymous();
    }
  }
  return route.body_sink(head, caller);
}

const Dialect& Mount::dialect() const { return state_->dialect; }

const RequestSchema& Mount::schema(std::size_t route) const {
  return state_->endpoints[route].schema;
}

}  // namespace millrace::api
