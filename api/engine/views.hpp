#pragma once

#include <memory>
#include <string>

#include "api/engine/assets.hpp"
#include "api/engine/readiness.hpp"
#include "api/route/mount.hpp"
#include "api/route/route.hpp"

namespace millrace::api {

/// The routes that show the server instead of doing work: operators, pipelines, health, metrics,
/// documentation. What they need outlives every request; they block only on the lane. [any thread]
class Views {
 public:
  /// Operators and pipelines are fixed, so their texts are made once. `share` is the folder
  /// share/millrace.
  Views(const Surroundings& surroundings, const std::filesystem::path& share);

  /// The document is made when all dialects are there, before the first request.
  void set_openapi(std::string text) { openapi_ = std::move(text); }

  using Request = std::shared_ptr<http::Request>;
  void operators(const Request& request, const http::Reply& reply) const;
  void one_operator(const Request& request, const http::Reply& reply) const;
  void pipelines(const Request& request, const http::Reply& reply) const;
  void one_pipeline(const Request& request, const http::Reply& reply) const;
  /// POST /pipelines/validate: the body of POST /jobs; 200 with {"valid", "faults", "plan"},
  /// whatever it finds.
  void validate(const Request& request, const Caller& caller, const http::Reply& reply) const;
  void job_events(const Request& request, const http::Reply& reply) const;
  /// POST /jobs/{id}/rerun: 202 with the id of a new job that makes the same bytes.
  void rerun(const Request& request, const http::Reply& reply) const;

  void alive(const http::Reply& reply) const;
  /// Asks catalog and store: 503 when one of them does not answer within two seconds.
  void ready(const http::Reply& reply) const;
  void metrics(const http::Reply& reply) const;
  void openapi(const http::Reply& reply) const;
  void docs(const Request& request, const http::Reply& reply) const;

 private:
  void later(const Request& request, const http::Reply& reply,
             std::function<http::Response()> work) const;

  const Surroundings& surroundings_;
  const Assets assets_;
  std::string operators_, pipelines_, openapi_;
  mutable Readiness readiness_;  // locks for itself; last: its threads use what stands above
};

}  // namespace millrace::api
