#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "api/http/message.hpp"
#include "api/route/endpoint.hpp"
#include "api/route/finish.hpp"
#include "api/route/mount.hpp"
#include "api/route/work_lane.hpp"
#include "engine/base/clock.hpp"

namespace millrace::api {

/// Answers with what a reply has made. [control pool]
void answer_with(const Surroundings& surroundings, const Finish& finish, ReplyResult made);

/// Finds out who sent a request; the refusal where nobody good enough for its route did. `token` is
/// the field that the dialect signs in by, if it has one.
Result<Caller, Refusal> sign_in(const Surroundings& surroundings, const Dialect& dialect,
                                const Route& route, const http::Request& request,
                                std::string_view token = {});

/// Whether whoever uses a route signs in by one of its fields.
bool signs_in_by_fields(const Dialect& dialect, const Route& route);

/// One request on its way through the control pool: who it is, its values, translate, pipeline,
/// reply.
class Road final : public WorkLane::Work {
 public:
  /// Without a caller the request's body is to be loaded, or its fields are to be read, and it
  /// signs in then.
  Road(const Surroundings& surroundings, const Dialect& dialect, const Endpoint& endpoint,
       std::shared_ptr<http::Request> request, std::optional<Caller> caller, Finish finish);

  void run() override;

  /// For when there was no room for it.
  [[nodiscard]] const Finish& finish() const { return finish_; }

 private:
  Result<void, Refusal> go();
  Result<void, Refusal> load_body();
  /// Reads the parameters and signs in, in the order that the dialect has.
  Result<void, Refusal> arrive();
  Result<void, Refusal> sign_in_with(std::string_view token);
  Result<void, Refusal> confirm();
  /// Asks what the route looks at before it translates; nothing where this request need not.
  Result<std::optional<Outcome>, Refusal> look();
  Outcome run(const Engine::Prepared& prepared, const Json& parameters, bool sees_all);
  /// Why a run has failed.
  Refusal failed(const Outcome& outcome, const std::function<Refusal(Error)>& word) const;
  void run_inline(const Bound& bound);
  // Jobs: road_jobs.cpp.
  Result<void, Refusal> submit(Bound bound);
  void submit_queued(Bound bound, JobChain chain);
  Result<void, Refusal> submit_awaited(Bound bound, JobChain chain);
  void submit_each(Bound bound);
  /// Validates the job of `bound`, whose pipeline is then as it will run.
  Result<void, Refusal> make_ready(Bound& bound) const;
  /// The same of its followers; takes them and the job out. A fault is told with the name of its
  /// pipeline.
  Result<JobChain, Refusal> make_chain(Bound& bound) const;
  /// Validates a job whose pipeline is known. Gives the faults; none: it is ready.
  [[nodiscard]] std::vector<Fault> validate(JobRequest& job, const Json& document,
                                            const Json& parameters,
                                            const PipelineRules& rules) const;

  const Surroundings& surroundings_;
  const Dialect& dialect_;
  const Endpoint& endpoint_;
  std::shared_ptr<http::Request> request_;  // shared with `finish_`
  std::optional<Caller> caller_;            // from arrive() on there is one
  Values values_;
  Finish finish_;
  const Clock::Steady until_;  // from when on nobody waits for an answer of the inline lane
};

}  // namespace millrace::api
