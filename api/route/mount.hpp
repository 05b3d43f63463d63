#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "api/http/body_plan.hpp"
#include "api/route/awaited_jobs.hpp"
#include "api/route/gate.hpp"
#include "api/route/metrics.hpp"
#include "api/route/pipeline_library.hpp"
#include "api/route/route.hpp"
#include "api/route/work_lane.hpp"

namespace millrace {
class Engine;
}

namespace millrace::api {

class RequestSchema;

/// How long a request of the inline lane may take, where its route does not say otherwise.
inline constexpr std::chrono::seconds kRequestTime{30};
/// The same of a route that asks a database of the user.
inline constexpr std::chrono::seconds kDatabaseRequestTime{10};
/// Requests that wait for the threads that hash passwords: some three seconds of them.
inline constexpr std::size_t kMostWaitingPasswords = 64;

/// What all mounts of one server share; outlives them.
struct Surroundings {
  Engine& engine;
  const PipelineLibrary& pipelines;
  Metrics& metrics;
  WorkLane& lane;
  WorkLane& passwords;  // for requests that hash one
  WorkLane& databases;  // for requests that ask a database of the user
  Gate& database_gate;  // in front of these
  AwaitedJobs& awaited;
  std::vector<std::filesystem::path>
      roots;  // below which pipelines that came over HTTP may open files
  std::chrono::milliseconds request_time = kRequestTime;
  std::chrono::milliseconds awaited_time = kAwaitedTime;
};

/// A dialect that serves: the road from a request over its route, pipeline and outcome to the
/// answer. It knows no prefix, so the same mount can serve below a name and at the root of another
/// listener. [any thread]
class Mount {
 public:
  /// Reads every route's schema and pipeline and has the pipelines validated. An error names the
  /// route, or the file.
  static Result<std::shared_ptr<Mount>> open(Dialect dialect, const Surroundings& surroundings);
  ~Mount();

  /// Answers a request whose path and prefix have been told apart. [HTTP thread]
  void handle(std::shared_ptr<http::Request> request, http::Reply reply) const;
  /// Words a refusal that came before the road, of the HTTP server or of the site, as the dialect
  /// does, with its headers, and counts it.
  [[nodiscard]] http::Response refuse(const Refusal& refused, const http::Request& request) const;
  /// Answers with that.
  void refuse(const Refusal& refused, const std::shared_ptr<http::Request>& request,
              http::Reply reply) const;

  /// Decides what becomes of the body of a request: one that no route wants, or whose sender is
  /// refused, is not taken in. Fills in the values in its path. [HTTP thread]
  [[nodiscard]] http::BodyPlan plan_body(http::Request& head) const;

  [[nodiscard]] const Dialect& dialect() const;
  /// The schemas of the routes, in their order.
  [[nodiscard]] const RequestSchema& schema(std::size_t route) const;

 private:
  struct State;
  explicit Mount(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace millrace::api
