#include "api/route/mount.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/http/target.hpp"
#include "api/route/endpoint.hpp"
#include "api/route/finish.hpp"
#include "api/route/refusals.hpp"
#include "api/route/road.hpp"
#include "api/route/router.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

Refusal busy(std::string what, std::chrono::seconds retry_after) {
  auto refused = refusal(Code::Unavailable, "busy", std::move(what));
  refused.retry_after = retry_after;
  return refused;
}

/// Returns the address of a request with another path.
std::string address_of(const http::Request& request, std::string_view path) {
  constexpr std::string_view kKept = "/:@!$&'()*+,;=";  // RFC 3986, 3.3
  const auto query = std::min(request.target.find('?'), request.target.size());
  return request.origin() + http::percent_encode(request.prefix, kKept) +
         http::percent_encode(path, kKept) + request.target.substr(query);
}

Result<void> check_cors(const Cors& cors) {
  for (const auto& origin : cors.listed)
    if (!http::read_origin(origin))
      return Error{Code::Internal, fmt::format("not an origin that a page may have: {} (http:// or "
                                               "https:// with HOST or HOST:PORT)",
                                               origin)};
  return {};
}

}  // namespace

struct Mount::State {
  Dialect dialect;  // endpoints point into its routes
  const Surroundings& surroundings;
  Router router{};
  std::vector<Endpoint> endpoints{};  // in the order of the routes
  Endpoint unmatched{};               // has no route

  /// Finds the route of a request, as strictly as the dialect wants it.
  [[nodiscard]] Router::Match match(http::Method method, std::string_view path) const;
  [[nodiscard]] std::string allowed(const Router::Match& match) const;
  /// Leads on who asks for the path of a route, but for its final slash.
  [[nodiscard]] std::optional<http::Response> redirect(const http::Request& request) const;
  [[nodiscard]] std::size_t body_bytes(const Route& route) const {
    return route.body_bytes > 0 ? route.body_bytes : dialect.body_bytes;
  }
  /// Answers a request that no route takes.
  void answer_unmatched(const Router::Match& match, const std::shared_ptr<http::Request>& request,
                        http::Reply reply) const;
  /// What takes the form of a route that takes files; null for another body, or another route.
  [[nodiscard]] std::unique_ptr<http::BodySink> form_of(const Endpoint& endpoint,
                                                        const http::Request& head,
                                                        std::optional<Caller> caller) const;
  /// The field that the dialect signs in by, of a form whose files are on their way: it stands in
  /// the query or in front of them.
  [[nodiscard]] std::optional<std::string_view> token_in(const http::Request& head,
                                                         const http::FormUpload& form) const;
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
  std::unique_ptr<State> state{
      new State{.dialect = std::move(dialect), .surroundings = surroundings}};
  state->unmatched.metrics = &surroundings.metrics.route(state->dialect.name, "none");
  if (auto checked = check_cors(state->dialect.cors); !checked.ok())
    return std::move(checked).error().within(state->dialect.name);
  for (std::size_t i = 0; i < state->dialect.routes.size(); ++i) {
    const auto& route = state->dialect.routes[i];
    if (auto added = state->router.add(route.method, route.path, i); !added.ok())
      return added.error().within(state->dialect.name);
    if (auto checked = check_cors(route.cors.value_or(Cors{})); !checked.ok())
      return std::move(checked).error().within(state->dialect.name);
    MR_TRY(auto endpoint, make_endpoint(state->dialect, route, surroundings.pipelines,
                                        surroundings.engine, surroundings.metrics));
    state->endpoints.push_back(std::move(endpoint));
  }
  return std::shared_ptr<Mount>{new Mount{std::move(state)}};
}

Router::Match Mount::State::match(http::Method method, std::string_view path) const {
  const bool only_reads = method == http::Method::Get || method == http::Method::Head;
  const bool serves_without = dialect.final_slash == FinalSlash::Serve ||
                              (dialect.final_slash == FinalSlash::MovedPermanently && !only_reads);
  return router.match(method, path,
                      {.head = dialect.answers_head, .missing_slash = serves_without});
}

std::string Mount::State::allowed(const Router::Match& match) const {
  auto methods = match.allowed;
  const auto has = [&](http::Method method) {
    return std::find(methods.begin(), methods.end(), method) != methods.end();
  };
  if (dialect.answers_head && has(http::Method::Get) && !has(http::Method::Head))
    methods.push_back(http::Method::Head);
  if (dialect.answers_options && !has(http::Method::Options))
    methods.push_back(http::Method::Options);
  std::string text;
  for (const auto method : methods)
    text += fmt::format("{}{}", text.empty() ? "" : ", ", http::to_string(method));
  return text;
}

std::optional<http::Response> Mount::State::redirect(const http::Request& request) const {
  const bool is_temporary = dialect.final_slash == FinalSlash::TemporaryRedirect;
  std::string other = request.path;
  if (!other.ends_with('/')) {
    if (!is_temporary && dialect.final_slash != FinalSlash::MovedPermanently) return std::nullopt;
    other += '/';
  } else {
    if (!is_temporary) return std::nullopt;
    other.resize(other.find_last_not_of('/') + 1);  // npos + 1 is 0: nothing but slashes
    if (other.empty()) return std::nullopt;
  }
  const auto found = router.match(request.method, other, {.head = dialect.answers_head});
  if (found.kind == Router::Match::Kind::UnknownPath) return std::nullopt;
  return http::Response{.status = is_temporary ? 307 : 301,
                        .headers = {{"Location", address_of(request, other)}}};
}

void Mount::handle(std::shared_ptr<http::Request> request, http::Reply reply) const {
  auto match = state_->match(request->method, request->path);
  if (match.kind != Router::Match::Kind::Found)
    return state_->answer_unmatched(match, request, std::move(reply));
  const auto& endpoint = state_->endpoints[match.number];
  request->path_values = std::move(match.values);
  request->values_max = endpoint.route->values_max;
  state_->begin(endpoint, std::move(request), std::move(reply));
}

void Mount::State::answer_unmatched(const Router::Match& match,
                                    const std::shared_ptr<http::Request>& request,
                                    http::Reply reply) const {
  const Finish finish{dialect, unmatched, request, std::move(reply)};
  if (match.kind == Router::Match::Kind::UnknownPath) {
    if (auto moved = redirect(*request)) return finish.answer(*std::move(moved));
    return finish.refuse(
        refusal(Code::NotFound, "no_route", fmt::format("no such path: {}", request->path)));
  }
  auto methods = allowed(match);
  http::Response response;
  if (request->method != http::Method::Options || !dialect.answers_options) {
    response =
        worded(dialect,
               refusal(Code::NotFound, "method",
                       fmt::format("{} is not a method of {}: use {}",
                                   http::to_string(request->method), request->path, methods)),
               *request);
  }
  if ((response.status == 405 && dialect.tells_methods) || response.status == 200)
    response.headers.emplace_back("Allow", std::move(methods));
  finish.answer(std::move(response));
}

void Mount::State::begin(const Endpoint& endpoint, std::shared_ptr<http::Request> request,
                         http::Reply reply) const {
  if (endpoint.route->asks_database) {
    auto& gate = surroundings.database_gate;
    auto place = gate.enter();
    if (!place) {
      return Finish{dialect, endpoint, request, std::move(reply)}.refuse(
          busy(fmt::format("{} requests ask databases, which is as many as may: try again in a "
                           "few seconds",
                           gate.room()),
               std::chrono::seconds{3}));
    }
    // Whoever is answered finds the place free.
    reply = [place = std::move(place), reply = std::move(reply)](http::Response response) {
      place->leave();
      reply(std::move(response));
    };
  }
  if (endpoint.route->lane == Lane::Awaited)
    request->departure = std::make_shared<http::Departure>();
  Finish finish{dialect, endpoint, request, std::move(reply)};
  // What has to be read from a disk first, or hashed for long, is not for this thread.
  if (request->body_file || signs_in_by_fields(dialect, *endpoint.route))
    return set_out(endpoint, std::move(request), std::nullopt, std::move(finish));
  auto found = sign_in(surroundings, dialect, *endpoint.route, *request);
  if (!found.ok()) return finish.refuse(found.error());
  const bool may_wait = endpoint.route->auth != Auth::Open && dialect.authenticator &&
                        dialect.authenticator->confirms();
  // A body is read on the road: it may be megabytes of JSON.
  if (endpoint.route->direct && !may_wait && request->body.empty())
    return call(endpoint, request, *std::move(found), std::move(finish));
  set_out(endpoint, std::move(request), *std::move(found), std::move(finish));
}

void Mount::State::set_out(const Endpoint& endpoint, std::shared_ptr<http::Request> request,
                           std::optional<Caller> caller, Finish finish) const {
  std::unique_ptr<WorkLane::Work> road = std::make_unique<Road>(
      surroundings, dialect, endpoint, std::move(request), std::move(caller), std::move(finish));
  const bool hashes = endpoint.route->hashes_password;
  auto& lane = hashes                          ? surroundings.passwords
               : endpoint.route->asks_database ? surroundings.databases
                                               : surroundings.lane;
  if (lane.try_push(road)) return;
  static_cast<const Road&>(*road).finish().refuse(
      hashes
          ? busy("too many passwords are waiting to be checked: try again in a few seconds",
                 std::chrono::seconds{3})
          : busy("too many requests are waiting: try again in a second", std::chrono::seconds{1}));
}

void Mount::State::call(const Endpoint& endpoint, const std::shared_ptr<http::Request>& request,
                        Caller caller, Finish finish) const {
  auto values = endpoint.schema.values(*request, dialect.reading);
  if (!values.ok()) return finish.refuse(values.error());
  endpoint.route->direct({request, std::move(caller), *std::move(values)},
                         [finish = std::move(finish)](http::Response response) {
                           finish.answer(std::move(response));
                         });
}

http::Response Mount::refuse(const Refusal& refused, const http::Request& request) const {
  const auto match = state_->match(request.method, request.path);
  const bool is_found = match.kind == Router::Match::Kind::Found;
  auto response = worded(state_->dialect, refused, request);
  decorate(state_->dialect, is_found ? state_->endpoints[match.number].route : nullptr, request,
           response);
  auto& metrics = is_found ? *state_->endpoints[match.number].metrics : *state_->unmatched.metrics;
  metrics.observe(response.status, {});
  return response;
}

void Mount::refuse(const Refusal& refused, const std::shared_ptr<http::Request>& request,
                   http::Reply reply) const {
  Finish{state_->dialect, state_->unmatched, request, std::move(reply)}.refuse(refused);
}

http::BodyPlan Mount::plan_body(http::Request& head) const {
  auto match = state_->match(head.method, head.path);
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
          Finish{state_->dialect, endpoint, request, std::move(reply)}.refuse(refused);
        });
  };
  if (signs_in_by_fields(state_->dialect, route)) {
    if (auto form = state_->form_of(endpoint, head, std::nullopt))
      return http::BodyPlan::give(std::move(form), route.upload_bytes);
    return http::BodyPlan::keep(state_->body_bytes(route));
  }
  if (!route.body_sink && !route.open_file) {
    const auto* authenticator = state_->dialect.authenticator.get();
    if (route.auth == Auth::Required && authenticator != nullptr) {
      auto checked = authenticator->check_head(head);
      if (!checked.ok()) return drop(std::move(checked).error());
    }
    return http::BodyPlan::keep(state_->body_bytes(route));
  }
  auto found = sign_in(state_->surroundings, state_->dialect, route, head);
  if (!found.ok()) return drop(std::move(found).error());
  if (route.body_sink) {
    if (auto sink = route.body_sink(head, *found))
      return http::BodyPlan::give(std::move(sink), route.upload_bytes);
  } else if (auto form = state_->form_of(endpoint, head, *std::move(found))) {
    return http::BodyPlan::give(std::move(form), route.upload_bytes);
  }
  return http::BodyPlan::keep(state_->body_bytes(route));
}

// With a token among the fields in front of a file, nothing of the file is kept before it was
// looked at; one behind the file is looked at when the form is whole.
std::unique_ptr<http::BodySink> Mount::State::form_of(const Endpoint& endpoint,
                                                      const http::Request& head,
                                                      std::optional<Caller> caller) const {
  const auto& route = *endpoint.route;
  if (!route.open_file) return nullptr;
  const bool is_by_fields = !caller.has_value();
  return http::FormUpload::accept(
      head,
      [this, &route, caller = std::move(caller), is_by_fields,
       copy = is_by_fields ? head : http::Request{}](
          const http::PartHead& part,
          const http::FormUpload& form) -> Result<std::unique_ptr<http::FileWriter>> {
        if (!is_by_fields) return route.open_file(part, &*caller);
        const auto token = token_in(copy, form);
        if (!token) return route.open_file(part, nullptr);
        auto found = sign_in(surroundings, dialect, route, copy, *token);
        if (!found.ok()) return std::move(found).error().error;
        return route.open_file(part, &*found);
      },
      route.form);
}

std::optional<std::string_view> Mount::State::token_in(const http::Request& head,
                                                       const http::FormUpload& form) const {
  const auto name = dialect.authenticator->field();
  for (const Place place : dialect.reading.order) {
    std::optional<std::string_view> token;
    if (place == Place::Query) token = head.query_value(name);
    if (place == Place::Form) token = form.field(name);
    if (token) return token;
  }
  return std::nullopt;
}

const Dialect& Mount::dialect() const { return state_->dialect; }

const RequestSchema& Mount::schema(std::size_t route) const {
  return state_->endpoints[route].schema;
}

}  // namespace millrace::api
