#include "api/route/road.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "api/http/body_file.hpp"
#include "api/http/response_head.hpp"
#include "api/route/refusals.hpp"
#include "engine/catalog/revision.hpp"
#include "engine/catalog/time_limit.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

/// The error of a run, without the name of the node that made it: a client knows no nodes of ours.
Error without_node(const Outcome& outcome) {
  auto error = *outcome.error;
  const auto prefix = outcome.failed_node + ": ";
  if (!outcome.failed_node.empty() && error.message.starts_with(prefix))
    error.message.erase(0, prefix.size());
  return error;
}

std::chrono::milliseconds time_of(const Surroundings& surroundings, const Route& route) {
  if (route.time.count() > 0) return route.time;
  return route.asks_database ? kDatabaseRequestTime : surroundings.request_time;
}

// Who waited for the whole of its time is not served any more; who was served for so long may have
// been served to the end.
Refusal too_late(const Surroundings& surroundings, const Route& route, const Error& error) {
  const std::chrono::duration<double> time = time_of(surroundings, route);
  return refusal(
      Code::DeadlineExceeded, "deadline",
      fmt::format("this has not been done within {} s: {}", time.count(), error.message));
}

Result<http::Response, Refusal> open_stored(Store& store, StoredBody stored) {
  // Who may see the row that names a content may read it.
  const StoreRights rights{.blobs = true};
  MR_TRY(const auto uri, store.check(stored.uri, rights, false));
  MR_TRY(const auto stat, store.stat(uri));
  MR_TRY(auto reader, store.open(uri));
  if (http::header_of(stored.head, "Last-Modified").empty())
    stored.head.headers.emplace_back("Last-Modified",
                                     http::date_header(stat.modified_us / 1'000'000));
  stored.head.body = http::ObjectBody{.reader = std::move(reader), .size = stat.size_bytes};
  return std::move(stored.head);
}

}  // namespace

void answer_with(const Surroundings& surroundings, const Finish& finish, ReplyResult made) {
  if (!made.ok()) return finish.refuse(made.error());
  auto* stored = std::get_if<StoredBody>(&*made);
  if (stored == nullptr) return finish.answer(std::get<http::Response>(*std::move(made)));
  auto opened = open_stored(surroundings.engine.store(), std::move(*stored));
  opened.ok() ? finish.answer(*std::move(opened)) : finish.refuse(opened.error());
}

bool signs_in_by_fields(const Dialect& dialect, const Route& route) {
  return route.auth != Auth::Open && dialect.authenticator &&
         dialect.authenticator->stands_in() == Authenticator::In::Fields;
}

Result<Caller, Refusal> sign_in(const Surroundings& surroundings, const Dialect& dialect,
                                const Route& route, const http::Request& request,
                                std::string_view token) {
  Caller caller;
  if (route.auth != Auth::Open && dialect.authenticator) {
    auto found = dialect.authenticator->authenticate(request, token);
    if (found.ok()) {
      caller = *std::move(found);
    } else if (route.auth == Auth::Optional) {
      caller = dialect.authenticator->anonymous();
    } else {
      return found;
    }
  }
  // Nobody who comes over HTTP opens files beyond the configured roots, whatever their key says,
  // and only who comes to a dialect that deals in files opens any.
  caller.rights.any_file = false;
  caller.rights.roots.clear();
  if (dialect.opens_files) caller.rights.roots = surroundings.roots;
  if (dialect.folders) {
    for (auto& folder : dialect.folders()) caller.rights.roots.push_back(std::move(folder));
  }
  caller.rights.databases = dialect.reaches_databases;
  return caller;
}

Road::Road(const Surroundings& surroundings, const Dialect& dialect, const Endpoint& endpoint,
           std::shared_ptr<http::Request> request, std::optional<Caller> caller, Finish finish)
    : surroundings_{surroundings},
      dialect_{dialect},
      endpoint_{endpoint},
      request_{std::move(request)},
      caller_{std::move(caller)},
      finish_{std::move(finish)},
      until_{surroundings.engine.scheduler().clock().steady() +
             time_of(surroundings, *endpoint.route)} {}

void Road::run() {
  const CatalogTimeLimit limit{until_};
  const RevisionsOfThread revisions;
  // Translators are ours, but the JSON library that they use throws where they err.
  try {
    if (const auto done = go(); !done.ok()) finish_.refuse(done.error());
  } catch (const std::exception& thrown) {
    finish_.refuse({.error = {Code::Internal, "internal error", thrown.what()}});
  }
}

Result<void, Refusal> Road::load_body() {
  auto loaded = http::load_body(*request_);
  if (loaded.ok()) return {};
  if (loaded.error().code != Code::Unavailable) return std::move(loaded).error();
  auto refused = refusal(Code::Unavailable, "busy", loaded.error().message);
  refused.retry_after = std::chrono::seconds{1};
  return refused;
}

Result<void, Refusal> Road::sign_in_with(std::string_view token) {
  MR_TRY(caller_, sign_in(surroundings_, dialect_, *endpoint_.route, *request_, token));
  return {};
}

Result<void, Refusal> Road::confirm() {
  const auto* authenticator = dialect_.authenticator.get();
  if (endpoint_.route->auth == Auth::Open || authenticator == nullptr) return {};
  auto confirmed = authenticator->confirm(*caller_);
  if (confirmed.ok()) return {};
  if (endpoint_.route->auth == Auth::Required ||
      confirmed.error().error.code != Code::Unauthenticated)
    return confirmed;
  auto rights = std::move(caller_->rights);
  caller_ = authenticator->anonymous();
  caller_->rights = std::move(rights);
  return {};
}

Result<void, Refusal> Road::arrive() {
  if (!caller_) MR_CHECK(load_body());
  if (signs_in_by_fields(dialect_, *endpoint_.route)) {
    MR_TRY(values_, endpoint_.schema.values(*request_, dialect_.reading));
    MR_CHECK(sign_in_with(values_.text(dialect_.authenticator->field())));
    return confirm();
  }
  if (!caller_) MR_CHECK(sign_in_with({}));
  MR_CHECK(confirm());
  MR_TRY(values_, endpoint_.schema.values(*request_, dialect_.reading));
  return {};
}

Result<void, Refusal> Road::go() {
  const auto& route = *endpoint_.route;
  MR_CHECK(arrive());
  if (route.direct) {
    route.direct(
        {request_, *std::move(caller_), std::move(values_)},
        [finish = finish_](http::Response response) { finish.answer(std::move(response)); });
    return {};
  }
  MR_TRY(const auto found, look());
  Bound bound;
  if (route.translate != nullptr) {
    MR_TRY(bound, route.translate({*request_, *caller_, values_, found ? &*found : nullptr}));
  }
  if (route.lane != Lane::Inline) return submit(std::move(bound));
  run_inline(bound);
  return {};
}

Result<std::optional<Outcome>, Refusal> Road::look() {
  const auto& look = endpoint_.route->look;
  if (!look) return std::optional<Outcome>{};
  const auto parameters = look->parameters({*request_, *caller_, values_});
  if (!parameters) return std::optional<Outcome>{};
  auto outcome = run(*endpoint_.looks, *parameters, false);
  if (outcome.error) return failed(outcome, look->refuse);
  return std::optional{std::move(outcome)};
}

Outcome Road::run(const Engine::Prepared& prepared, const Json& parameters, bool sees_all) {
  return surroundings_.engine.run_inline(
      prepared, parameters, caller_->rights,
      {.owner = sees_all ? std::string{} : caller_->owner, .name = caller_->name, .until = until_});
}

Refusal Road::failed(const Outcome& outcome, const std::function<Refusal(Error)>& word) const {
  const auto& route = *endpoint_.route;
  auto error = without_node(outcome);
  const bool is_late = error.code == Code::DeadlineExceeded &&
                       surroundings_.engine.scheduler().clock().steady() >= until_;
  auto refused =
      is_late ? too_late(surroundings_, route, error) : Refusal{.error = std::move(error)};
  if (word && (!is_late || route.asks_database)) return word(std::move(refused.error));
  return refused;
}

void Road::run_inline(const Bound& bound) {
  // An administrator sees the rows of all owners.
  const auto outcome =
      run(*endpoint_.prepared, bound.parameters, caller_->is_admin || bound.sees_all);
  if (outcome.error) return finish_.refuse(failed(outcome, bound.refuse));
  const auto& reply = bound.reply ? bound.reply : endpoint_.route->reply;
  if (reply == nullptr) return finish_.answer({});
  Answered answered{{*request_, *caller_, values_}};
  answered.outcome = &outcome;
  answer_with(surroundings_, finish_, reply(answered));
}

}  // namespace millrace::api
