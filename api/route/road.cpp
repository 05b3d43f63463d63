#include "api/route/road.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "api/http/body_file.hpp"
#include "api/http/response_head.hpp"
#include "api/http/target.hpp"
#include "api/route/refusals.hpp"
#include "engine/catalog/time_limit.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

Refusal faulty(std::vector<Fault> faults, std::string_view word, std::string message) {
  auto made = refusal(Code::InvalidArgument, word, std::move(message));
  made.faults = std::move(faults);
  return made;
}

/// The error of a run, without the name of the node that made it: a client knows no nodes of ours.
Error without_node(const Outcome& outcome) {
  auto error = *outcome.error;
  const auto prefix = outcome.failed_node + ": ";
  if (!outcome.failed_node.empty() && error.message.starts_with(prefix))
    error.message.erase(0, prefix.size());
  return error;
}

/// What the job looks like that was just queued.
Job submitted_job(const JobRequest& request, JobId id) {
  Job job = job_of(request, {});
  job.id = id;
  if (job.external_id.empty()) job.external_id = std::to_string(id.value);
  return job;
}

std::chrono::milliseconds time_of(const Surroundings& surroundings, const Route& route) {
  return route.time.count() > 0 ? route.time : surroundings.request_time;
}

// Who waited for the whole of its time is not served any more; who was served for so long may have
// been served to the end.
Refusal too_late(const Surroundings& surroundings, const Route& route, const Error& error) {
  const std::chrono::duration<double> time = time_of(surroundings, route);
  return refusal(
      Code::DeadlineExceeded, "deadline",
      fmt::format("this has not been done within {} s: {}", time.count(), error.message));
}

Refusal not_submitted(const Error& error) {
  return {.error = error, .word = error.code == Code::Exhausted ? "queue_full" : ""};
}

}  // namespace

// --- the end ---

Finish::Finish(const Dialect& dialect, Metrics::Route& metrics,
               std::shared_ptr<const http::Request> request, http::Reply reply)
    : dialect_{&dialect},
      metrics_{&metrics},
      request_{std::move(request)},
      reply_{std::move(reply)} {}

void Finish::answer(http::Response response) const {
  if (dialect_->decorate) dialect_->decorate(*request_, response);
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
  metrics_->observe(status, took);
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

http::Response worded(const Dialect& dialect, const Refusal& refusal,
                      const http::Request& request) {
  auto response = dialect.refuse(refusal, request);
  if (refusal.retry_after.count() > 0)
    response.headers.emplace_back("Retry-After", std::to_string(refusal.retry_after.count()));
  if (response.status == 401 && !dialect.challenge.empty())
    response.headers.emplace_back("WWW-Authenticate", dialect.challenge);
  return response;
}

// --- the road ---

std::variant<Caller, Refusal> sign_in(const Surroundings& surroundings, const Dialect& dialect,
                                      const Route& route, const http::Request& request) {
  Caller caller;
  if (route.auth != Auth::Open && dialect.authenticator) {
    auto found = dialect.authenticator->authenticate(request);
    if (auto* known = std::get_if<Caller>(&found)) {
      caller = std::move(*known);
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
  return caller;
}

std::optional<Refusal> check_schema(const Endpoint& endpoint, const http::Request& request) {
  if (!endpoint.route->checks_schema) return std::nullopt;
  auto faults = endpoint.schema.check(request);
  if (faults.empty()) return std::nullopt;
  const bool is_json = faults.front().kind == "json";
  auto message =
      is_json ? faults.front().message : std::string{"the request does not fit its schema"};
  return faulty(std::move(faults), is_json ? "json" : "schema", std::move(message));
}

Road::Road(const Surroundings& surroundings, const Dialect& dialect, const Endpoint& endpoint,
           std::shared_ptr<http::Request> request, std::optional<Caller> caller, Finish finish)
    : surroundings_{surroundings},
      dialect_{dialect},
      endpoint_{endpoint},
      request_{std::move(request)},
      has_arrived_{caller.has_value()},
      caller_{std::move(caller).value_or(Caller{})},
      finish_{std::move(finish)},
      until_{surroundings.engine.scheduler().clock().steady() +
             time_of(surroundings, *endpoint.route)} {}

void Road::run() {
  const CatalogTimeLimit limit{until_};
  // Translators are ours, but the JSON library that they use throws where they err.
  try {
    go();
  } catch (const std::exception& thrown) {
    finish_.refuse({.error = {Code::Internal, "internal error", thrown.what()}});
  }
}

bool Road::arrive() {
  if (has_arrived_) return true;
  if (const auto loaded = http::load_body(*request_); !loaded.ok()) {
    Refusal refused{.error = loaded.error()};
    if (refused.error.code == Code::Unavailable) {
      refused.word = "busy";
      refused.retry_after = std::chrono::seconds{1};
    }
    finish_.refuse(refused);
    return false;
  }
  auto found = sign_in(surroundings_, dialect_, *endpoint_.route, *request_);
  if (const auto* refused = std::get_if<Refusal>(&found)) {
    finish_.refuse(*refused);
    return false;
  }
  caller_ = std::get<Caller>(std::move(found));
  return true;
}

bool Road::confirm() {
  const auto* authenticator = dialect_.authenticator.get();
  if (endpoint_.route->auth == Auth::Open || authenticator == nullptr) return true;
  auto refused = authenticator->confirm(caller_);
  if (!refused) return true;
  if (endpoint_.route->auth == Auth::Required || refused->error.code != Code::Unauthenticated) {
    finish_.refuse(*refused);
    return false;
  }
  auto rights = std::move(caller_.rights);
  caller_ = authenticator->anonymous();
  caller_.rights = std::move(rights);
  return true;
}

void Road::go() {
  const auto& route = *endpoint_.route;
  if (!arrive() || !confirm()) return;
  if (const auto refused = check_schema(endpoint_, *request_)) return finish_.refuse(*refused);
  if (route.direct) {
    return route.direct(request_, std::move(caller_), [finish = finish_](http::Response response) {
      finish.answer(std::move(response));
    });
  }
  Bound bound;
  if (route.translate != nullptr) {
    auto translated = route.translate(*request_, caller_);
    if (const auto* refused = std::get_if<Refusal>(&translated)) return finish_.refuse(*refused);
    bound = std::get<Bound>(std::move(translated));
  }
  route.lane == Lane::Inline ? run_inline(bound) : submit(std::move(bound));
}

void Road::run_inline(const Bound& bound) {
  // An administrator sees the rows of all owners.
  const bool sees_all = caller_.is_admin || bound.sees_all;
  auto& engine = surroundings_.engine;
  const auto outcome = engine.run_inline(
      *endpoint_.prepared, bound.parameters, caller_.rights,
      {.owner = sees_all ? std::string{} : caller_.owner, .name = caller_.name, .until = until_});
  if (outcome.error) {
    auto error = without_node(outcome);
    if (error.code == Code::DeadlineExceeded && engine.scheduler().clock().steady() >= until_)
      return finish_.refuse(too_late(surroundings_, *endpoint_.route, error));
    return finish_.refuse({.error = std::move(error)});
  }
  if (endpoint_.route->reply == nullptr) return finish_.answer({});
  auto reply = endpoint_.route->reply(
      {.request = *request_, .caller = caller_, .outcome = &outcome, .held = bound.held.get()});
  if (const auto* refused = std::get_if<Refusal>(&reply)) return finish_.refuse(*refused);
  if (auto* stored = std::get_if<StoredBody>(&reply)) return send(std::move(*stored));
  finish_.answer(std::get<http::Response>(std::move(reply)));
}

void Road::send(StoredBody stored) {
  // Who may see the row that names a content may read it.
  auto& store = surroundings_.engine.store();
  const StoreRights rights{.blobs = true};
  auto uri = store.check(stored.uri, rights, false);
  if (!uri.ok()) return finish_.refuse({.error = std::move(uri).error()});
  const auto stat = store.stat(*uri);
  if (!stat.ok()) return finish_.refuse({.error = stat.error()});
  auto reader = store.open(*uri);
  if (!reader.ok()) return finish_.refuse({.error = std::move(reader).error()});
  if (http::header_of(stored.head, "Last-Modified").empty())
    stored.head.headers.emplace_back("Last-Modified",
                                     http::date_header(stat->modified_us / 1'000'000));
  stored.head.body = http::ObjectBody{.reader = *std::move(reader), .size = stat->size_bytes};
  finish_.answer(std::move(stored.head));
}

std::optional<Refusal> Road::make_ready(Bound& bound) const {
  auto& job = bound.job;
  const Json* document = endpoint_.pipeline != nullptr ? endpoint_.pipeline : &*job.pipeline;
  if (document->is_string()) {
    const auto& name = document->get_ref<const std::string&>();
    const auto* entry = surroundings_.pipelines.find(name);
    if (entry == nullptr)
      return Refusal{.error = {Code::NotFound, fmt::format("no such pipeline: {}", name)}};
    document = &entry->document;
  }
  auto checked =
      surroundings_.engine.validate(*document, bound.parameters, caller_.rights, bound.rules);
  if (!checked.graph) {
    for (auto& fault : checked.faults) fault.pointer.insert(0, bound.pipeline_at);
    return faulty(std::move(checked.faults), {}, "the pipeline is not valid");
  }
  job.dialect = dialect_.name;
  job.owner = caller_.owner;
  job.rules = bound.rules;
  if (job.queue == JobRequest{}.queue) job.queue = checked.graph->queue;
  if (job.priority == 0) job.priority = checked.graph->priority;
  job.pipeline = std::move(checked.document);
  job.graph = std::move(checked.graph);
  return std::nullopt;
}

void Road::submit(Bound bound) {
  if (!bound.each.empty()) return submit_each(std::move(bound));
  if (const auto refused = make_ready(bound)) return finish_.refuse(*refused);
  auto request = bound.job;
  surroundings_.engine.submit(
      std::move(request), caller_.rights,
      [held = surroundings_.lane.hold(), finish = finish_, http_request = request_,
       caller = caller_, reply = endpoint_.route->reply,
       job = std::move(bound.job)](Result<JobStore::Submission> submitted) {
        if (!submitted.ok()) return finish.refuse(not_submitted(submitted.error()));
        if (reply == nullptr) return finish.answer({.status = 202});
        const auto row = submitted_job(job, submitted->id);
        auto answer = reply({.request = *http_request,
                             .caller = caller,
                             .job = &row,
                             .is_existing = !submitted->is_new});
        if (const auto* refused = std::get_if<Refusal>(&answer)) return finish.refuse(*refused);
        finish.answer(std::get<http::Response>(std::move(answer)));
      });
}

// A request for many jobs: one answer, with what became of each.
void Road::submit_each(Bound bound) {
  std::vector<OneSubmitted> each(bound.each.size());
  std::vector<JobRequest> requests;
  std::vector<std::size_t> places;  // of the requests among the answers
  for (std::size_t i = 0; i < each.size(); ++i) {
    auto* one = std::get_if<Bound>(&bound.each[i]);
    each[i].refusal =
        one == nullptr ? std::get<Refusal>(std::move(bound.each[i])) : make_ready(*one);
    if (each[i].refusal) continue;
    requests.push_back(std::move(one->job));
    places.push_back(i);
  }
  surroundings_.engine.submit_all(
      std::move(requests), caller_.rights,
      [held = surroundings_.lane.hold(), finish = finish_, http_request = request_,
       caller = caller_, reply = endpoint_.route->reply, each = std::move(each),
       places = std::move(places)](std::vector<Result<JobStore::Submission>> submitted) mutable {
        for (std::size_t i = 0; i < submitted.size(); ++i) {
          auto& one = each[places[i]];
          if (!submitted[i].ok()) {
            one.refusal = not_submitted(submitted[i].error());
          } else {
            one.id = submitted[i]->id;
            one.is_existing = !submitted[i]->is_new;
          }
        }
        auto answer = reply({.request = *http_request, .caller = caller, .each = &each});
        if (const auto* refused = std::get_if<Refusal>(&answer)) return finish.refuse(*refused);
        finish.answer(std::get<http::Response>(std::move(answer)));
      });
}

}  // namespace millrace::api
