// Of a road: what submits jobs, and answers when they are on disk, or when they have ended.
#include <algorithm>
#include <exception>
#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "api/route/awaited_jobs.hpp"
#include "api/route/refusals.hpp"
#include "api/route/road.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

/// What the job looks like that was just queued.
Job submitted_job(const JobRequest& request, JobId id) {
  Job job = job_of(request, {});
  job.id = id;
  if (job.external_id.empty()) job.external_id = std::to_string(id.value);
  return job;
}

Refusal not_submitted(const Error& error) {
  return refusal(error.code, error.code == Code::Exhausted ? "queue_full" : "", error.message);
}

/// The same in the words of a route that has some.
Refusal not_taken(const Error& error, const std::function<Refusal(Error)>& word) {
  return word ? word(error) : not_submitted(error);
}

/// Whether a parameter has no good value: the document has a hole there, with which it must not
/// run.
bool is_unbound(const std::vector<Fault>& faults) {
  return std::any_of(faults.begin(), faults.end(),
                     [](const Fault& fault) { return fault.kind.starts_with("param_"); });
}

/// Makes an answer on a thread that is not the road's: what is thrown there ends here.
void guarded(const Finish& finish, const std::function<void()>& answer) {
  try {
    answer();
  } catch (const std::exception& thrown) {
    finish.refuse({.error = {Code::Internal, "internal error", thrown.what()}});
  }
}

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
    guarded(finish, [&] {
      Answered answered{{*request, caller, values}};
      fill(answered);
      auto made = reply(answered);
      if (!made.ok()) return finish.refuse(made.error());
      finish.answer(std::get<http::Response>(*std::move(made)));
    });
  }

  // [control pool]
  void answer_ended(const Surroundings& surroundings, const Job& job, bool is_existing) {
    if (reply == nullptr) return finish.answer({});
    Answered answered{{*request, caller, values}};
    answered.job = &job;
    answered.is_existing = is_existing;
    answer_with(surroundings, finish, reply(answered));
  }
};

}  // namespace

std::vector<Fault> Road::validate(JobRequest& job, const Json& document, const Json& parameters,
                                  const PipelineRules& rules) const {
  auto checked = surroundings_.engine.validate(document, parameters, caller_->rights, rules);
  job.dialect = dialect_.name;
  job.owner = caller_->owner;
  job.rules = rules;
  if (!checked.graph) {
    job.pipeline = std::move(checked.document);
    job.sealed = std::move(checked.sealed);
    return std::move(checked.faults);
  }
  if (job.queue == JobRequest{}.queue) job.queue = checked.graph->queue;
  if (job.priority == 0) job.priority = checked.graph->priority;
  job.pipeline = std::move(checked.document);
  job.sealed = std::move(checked.sealed);
  job.graph = std::move(checked.graph);
  return {};
}

Result<void, Refusal> Road::make_ready(Bound& bound) const {
  const Json* document = endpoint_.pipeline != nullptr ? endpoint_.pipeline : &*bound.job.pipeline;
  auto name = bound.pipeline;
  if (name.empty() && document->is_string()) name = document->get_ref<const std::string&>();
  if (!name.empty()) {
    const auto* entry = surroundings_.pipelines.find(name);
    if (entry == nullptr) return Error{Code::NotFound, fmt::format("no such pipeline: {}", name)};
    document = &entry->document;
  }
  auto faults = validate(bound.job, *document, bound.parameters, bound.rules);
  if (faults.empty()) return {};
  auto refused = refusal(Code::InvalidArgument, "", "the pipeline is not valid");
  refused.faults = faults_in_body(std::move(faults), bound.pipeline_at);
  return refused;
}

Result<JobChain, Refusal> Road::make_chain(Bound& bound) const {
  MR_CHECK(make_ready(bound));
  JobChain chain{std::move(bound.job)};
  for (Follower& follower : bound.then) {
    const auto* entry = surroundings_.pipelines.find(follower.pipeline);
    if (entry == nullptr)
      return Error{Code::Internal, fmt::format("no such pipeline: {}", follower.pipeline)};
    const auto faults =
        validate(follower.job, entry->document, follower.parameters, chain.first.rules);
    if (!faults.empty() && (!follower.fails_alone || is_unbound(faults))) {
      return not_taken({Code::InvalidArgument,
                        fmt::format("the pipeline {} is not valid: {}: {}", follower.pipeline,
                                    faults.front().pointer, faults.front().message)},
                       bound.refuse);
    }
    chain.followers.push_back({std::move(follower.job), follower.after});
  }
  return chain;
}

Result<void, Refusal> Road::submit(Bound bound) {
  const auto lane = endpoint_.route->lane;
  if (lane == Lane::Queued && !bound.each.empty()) {
    submit_each(std::move(bound));
    return {};
  }
  MR_TRY(auto chain, make_chain(bound));
  if (lane == Lane::Awaited) return submit_awaited(std::move(bound), std::move(chain));
  submit_queued(std::move(bound), std::move(chain));
  return {};
}

void Road::submit_queued(Bound bound, JobChain chain) {
  auto job = chain.first;
  surroundings_.engine.submit_chain(
      std::move(chain), caller_->rights,
      [to = Submitted{surroundings_.lane.hold(), finish_, request_, *caller_, std::move(values_),
                      bound.reply ? std::move(bound.reply) : endpoint_.route->reply},
       refuse = std::move(bound.refuse),
       job = std::move(job)](Result<std::vector<JobStore::Submission>> submitted) mutable {
        if (!submitted.ok()) return to.finish.refuse(not_taken(submitted.error(), refuse));
        const auto& first = submitted->front();
        const auto row = submitted_job(job, first.id);
        to.answer([&](Answered& answered) {
          answered.job = &row;
          answered.is_existing = !first.is_new;
        });
      });
}

Result<void, Refusal> Road::submit_awaited(Bound bound, JobChain chain) {
  const auto& route = *endpoint_.route;
  auto& awaited = surroundings_.awaited;
  AwaitedJobs::Wait wait{.stops_with_client = route.stops_with_client,
                         .departure = request_->departure};
  if (wait.departure && wait.departure->has_left() && wait.stops_with_client) return client_left();
  MR_TRY(wait.place, awaited.enter());
  wait.time = route.time.count() > 0 ? route.time : surroundings_.awaited_time;
  surroundings_.engine.submit_chain(
      std::move(chain), caller_->rights,
      [to = Submitted{surroundings_.lane.hold(), finish_, request_, *caller_, std::move(values_),
                      bound.reply ? std::move(bound.reply) : route.reply},
       refuse = std::move(bound.refuse), wait = std::move(wait), &surroundings = surroundings_,
       &awaited](Result<std::vector<JobStore::Submission>> submitted) mutable {
        if (!submitted.ok()) return to.finish.refuse(not_taken(submitted.error(), refuse));
        const auto& first = submitted->front();
        wait.ended = [to = std::move(to), refuse = std::move(refuse), &surroundings,
                      is_existing = !first.is_new](Result<Job, Refusal> ended) mutable {
          if (!ended.ok()) return to.finish.refuse(ended.error());
          guarded(to.finish, [&] {
            const auto finished = check_finished(*ended);
            if (finished.ok()) return to.answer_ended(surroundings, *ended, is_existing);
            const bool is_worded = refuse && ended->state == JobState::Failed;
            to.finish.refuse(is_worded ? refuse(finished.error().error) : finished.error());
          });
        };
        awaited.wait(first.id, std::move(wait));
      });
  return {};
}

// A request for many jobs: one answer, with what became of each.
void Road::submit_each(Bound bound) {
  std::vector<OneSubmitted> each(bound.each.size());
  std::vector<JobRequest> requests;
  std::vector<std::size_t> places;  // of the requests among the answers
  for (std::size_t i = 0; i < each.size(); ++i) {
    auto& one = bound.each[i];
    auto ready = one.ok() ? make_ready(*one) : Result<void, Refusal>{std::move(one).error()};
    if (ready.ok() && !one->then.empty()) {
      ready = Error{Code::Internal, "internal error", "one of many jobs has followers"};
    }
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
