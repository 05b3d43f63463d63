#include "api/route/road.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "api/http/body_file.hpp"
#include "api/http/response_head.hpp"
#include "api/route/refusals.hpp"
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
  return refusal(error.code, error.code == Code::Exhausted ? "queue_full" : "", error.message);
}

}  // namespace

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
  Bound bound;
  if (route.translate != nullptr) {
    MR_TRY(bound, route.translate({*request_, *caller_, values_}));
  }
  route.lane == Lane::Inline ? run_inline(bound) : submit(std::move(bound));
  return {};
}

void Road::run_inline(const Bound& bound) {
  // An administrator sees the rows of all owners.
  const bool sees_all = caller_->is_admin || bound.sees_all;
  auto& engine = surroundings_.engine;
  const auto outcome = engine.run_inline(
      *endpoint_.prepared, bound.parameters, caller_->rights,
      {.owner = sees_all ? std::string{} : caller_->owner, .name = caller_->name, .until = until_});
  if (outcome.error) {
    auto error = without_node(outcome);
    if (error.code == Code::DeadlineExceeded && engine.scheduler().clock().steady() >= until_)
      return finish_.refuse(too_late(surroundings_, *endpoint_.route, error));
    return finish_.refuse(bound.refuse ? bound.refuse(std::move(error))
                                       : Refusal{.error = std::move(error)});
  }
  const auto& reply = bound.reply ? bound.reply : endpoint_.route->reply;
  if (reply == nullptr) return finish_.answer({});
  Answered answered{{*request_, *caller_, values_}};
  answered.outcome = &outcome;
  auto made = reply(answered);
  if (!made.ok()) return finish_.refuse(made.error());
  if (auto* stored = std::get_if<StoredBody>(&*made)) return send(std::move(*stored));
  finish_.answer(std::get<http::Response>(*std::move(made)));
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

Result<void, Refusal> Road::make_ready(Bound& bound) const {
  auto& job = bound.job;
  const Json* document = endpoint_.pipeline != nullptr ? endpoint_.pipeline : &*job.pipeline;
  if (document->is_string()) {
    const auto& name = document->get_ref<const std::string&>();
    const auto* entry = surroundings_.pipelines.find(name);
    if (entry == nullptr) return Error{Code::NotFound, fmt::format("no such pipeline: {}", name)};
    document = &entry->document;
  }
  auto checked =
      surroundings_.engine.validate(*document, bound.parameters, caller_->rights, bound.rules);
  if (!checked.graph) {
    auto refused = refusal(Code::InvalidArgument, "", "the pipeline is not valid");
    refused.faults = faults_in_body(std::move(checked.faults), bound.pipeline_at);
    return refused;
  }
  job.dialect = dialect_.name;
  job.owner = caller_->owner;
  job.rules = bound.rules;
  if (job.queue == JobRequest{}.queue) job.queue = checked.graph->queue;
  if (job.priority == 0) job.priority = checked.graph->priority;
  job.pipeline = std::move(checked.document);
  job.graph = std::move(checked.graph);
  return {};
}

namespace {

/// What the answer to a submission is made from, behind the road.
struct Submitted {
  std::shared_ptr<const void> held;  // the server waits for it when it stops
  Finish finish;
  std::shared_ptr<const http::Request> request;
  Caller caller;
  Values values;
  Reply reply;

  void answer(const std::function<void(Answered&)>& fill) {
    if (reply == nullptr) return finish.answer({.status = 202});
    Answered answered{{*request, caller, values}};
    fill(answered);
    auto made = reply(answered);
    if (!made.ok()) return finish.refuse(made.error());
    finish.answer(std::get<http::Response>(*std::move(made)));
  }
};

}  // namespace

void Road::submit(Bound bound) {
  if (!bound.each.empty()) return submit_each(std::move(bound));
  if (const auto ready = make_ready(bound); !ready.ok()) return finish_.refuse(ready.error());
  auto request = bound.job;
  surroundings_.engine.submit(
      std::move(request), caller_->rights,
      [to = Submitted{surroundings_.lane.hold(), finish_, request_, *caller_, std::move(values_),
                      endpoint_.route->reply},
       job = std::move(bound.job)](Result<JobStore::Submission> submitted) mutable {
        if (!submitted.ok()) return to.finish.refuse(not_submitted(submitted.error()));
        const auto row = submitted_job(job, submitted->id);
        to.answer([&](Answered& answered) {
          answered.job = &row;
          answered.is_existing = !submitted->is_new;
        });
      });
}

// A request for many jobs: one answer, with what became of each.
void Road::submit_each(Bound bound) {
  std::vector<OneSubmitted> each(bound.each.size());
  std::vector<JobRequest> requests;
  std::vector<std::size_t> places;  // of the requests among the answers
  for (std::size_t i = 0; i < each.size(); ++i) {
    auto& one = bound.each[i];
    const auto ready = one.ok() ? make_ready(*one) : Result<void, Refusal>{std::move(one).error()};
    if (!ready.ok()) {
      each[i].refusal = ready.error();
      continue;
    }
    requests.push_back(std::move(one->job));
    places.push_back(i);
  }
  surroundings_.engine.submit_all(
      std::move(requests), caller_->rights,
      [to = Submitted{surroundings_.lane.hold(), finish_, request_, *caller_, std::move(values_),
                      endpoint_.route->reply},
       each = std::move(each),
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
        to.answer([&](Answered& answered) { answered.each = &each; });
      });
}

}  // namespace millrace::api
