#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <variant>

#include "api/http/message.hpp"
#include "api/route/endpoint.hpp"
#include "api/route/mount.hpp"
#include "api/route/work_lane.hpp"
#include "engine/base/clock.hpp"

namespace millrace::api {

/// The end of every road: decorates the answer, counts it, logs it, and sends it. Copyable like the
/// reply it holds.
class Finish {
 public:
  Finish(const Dialect& dialect, Metrics::Route& metrics,
         std::shared_ptr<const http::Request> request, http::Reply reply);

  void answer(http::Response response) const;
  void refuse(const Refusal& refusal) const;

 private:
  /// Counts the answer, and logs it.
  void note(int status) const;

  const Dialect* dialect_;
  Metrics::Route* metrics_;
  std::shared_ptr<const http::Request>
      request_;  // shared with the road, and with a handler of a direct route
  http::Reply reply_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

/// Words a refusal as the dialect does, without the headers that every answer carries.
http::Response worded(const Dialect& dialect, const Refusal& refusal, const http::Request& request);

/// Finds out who sent a request; the refusal where nobody good enough for its route did.
std::variant<Caller, Refusal> sign_in(const Surroundings& surroundings, const Dialect& dialect,
                                      const Route& route, const http::Request& request);

/// Checks a request against the schema of its route.
std::optional<Refusal> check_schema(const Endpoint& endpoint, const http::Request& request);

/// One request on its way through the control pool: who it is, schema, translate, pipeline, reply.
class Road final : public WorkLane::Work {
 public:
  /// Without a caller the request's body is to be loaded, and it signs in then.
  Road(const Surroundings& surroundings, const Dialect& dialect, const Endpoint& endpoint,
       std::shared_ptr<http::Request> request, std::optional<Caller> caller, Finish finish);

  void run() override;

  /// For when there was no room for it.
  [[nodiscard]] const Finish& finish() const { return finish_; }

 private:
  void go();
  /// Loads the body and signs in. False: the request was refused, as with confirm().
  bool arrive();
  bool confirm();
  void run_inline(const Bound& bound);
  void send(StoredBody stored);
  void submit(Bound bound);
  void submit_each(Bound bound);
  /// Validates the job of `bound`, whose pipeline is then as it will run.
  std::optional<Refusal> make_ready(Bound& bound) const;

  const Surroundings& surroundings_;
  const Dialect& dialect_;
  const Endpoint& endpoint_;
  std::shared_ptr<http::Request> request_;  // shared with `finish_`
  bool has_arrived_;
  Caller caller_;
  Finish finish_;
  const Clock::Steady until_;  // from when on nobody waits for an answer of the inline lane
};

}  // namespace millrace::api
