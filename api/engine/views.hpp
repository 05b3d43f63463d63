#pragma once

#include <memory>
#include <string>

#include "api/engine/readiness.hpp"
#include "api/route/mount.hpp"
#include "api/route/route.hpp"

namespace millrace::api {

/// The routes that show the server instead of doing work: operators, pipelines, health, metrics.
/// What they need outlives every request; they block only on the lane. [any thread]
class Views {
 public:
  /// Operators and pipelines are fixed, so their texts are made once.
  explicit Views(const Surroundings& surroundings);

  void operators(DirectCall& call, const http::Reply& reply) const;
  void one_operator(DirectCall& call, const http::Reply& reply) const;
  void pipelines(DirectCall& call, const http::Reply& reply) const;
  void one_pipeline(DirectCall& call, const http::Reply& reply) const;
  /// POST /pipelines/validate: the body of POST /jobs, of one job; 200 with {"valid", "faults",
  /// "plan"}, whatever it finds. [control pool]
  void validate(DirectCall& call, const http::Reply& reply) const;
  void job_events(DirectCall& call, const http::Reply& reply) const;
  /// POST /jobs/{id}/rerun: 202 with the id of a new job that makes the same bytes.
  void rerun(DirectCall& call, const http::Reply& reply) const;

  void alive(DirectCall& call, const http::Reply& reply) const;
  /// Asks catalog and store: 503 when one of them does not answer within two seconds.
  void ready(DirectCall& call, const http::Reply& reply) const;
  void metrics(DirectCall& call, const http::Reply& reply) const;

 private:
  using Request = std::shared_ptr<http::Request>;
  using Answer = Result<http::Response, Refusal>;
  /// Answers with what `work` makes on the lane.
  void later(const Request& request, const http::Reply& reply, std::function<Answer()> work) const;
  [[nodiscard]] Answer validated(const Call& call) const;

  const Surroundings& surroundings_;
  std::string operators_, pipelines_;
  mutable Readiness readiness_;  // locks for itself; last: its threads use what stands above
};

}  // namespace millrace::api
