#pragma once

#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "api/route/mount.hpp"
#include "api/route/refusals.hpp"
#include "engine/engine.hpp"
#include "tests/fixtures/temporary_folder.hpp"

namespace millrace::test {

/// An engine on a folder of its own, a folder of pipelines, and what mounts need besides.
class Place {
 public:
  /// Requests that ask databases at a time.
  static constexpr std::size_t kDatabaseRequests = 2;

  Place() {
    auto opened =
        Engine::open({.data = folder_ / "data",
                      .plugins = {std::filesystem::path{MR_BINARY_DIR} / "lib/millrace/plugins"},
                      .workers = 1,
                      .control_workers = 2,
                      .database_requests = kDatabaseRequests});
    if (!opened.ok()) FAIL(opened.error().message);
    engine = *std::move(opened);
  }

  void write_pipeline(const std::string& name, std::string_view text) const {
    const auto file = folder_ / ("pipelines/" + name + ".json");
    std::filesystem::create_directories(file.parent_path());
    std::ofstream{file} << text;
  }

  /// Reads the pipelines and makes the surroundings; again, when they have changed.
  Result<void> look(std::size_t room = 100) {
    std::filesystem::create_directories(folder_ / "pipelines");
    MR_TRY(pipelines, api::PipelineLibrary::open(folder_ / "pipelines"));
    surroundings.reset();
    awaited.reset();
    lane = std::make_unique<api::WorkLane>(engine->scheduler(), 2, room);
    passwords = std::make_unique<api::WorkLane>(engine->scheduler(), 2, room, Pool::Hashing);
    databases = std::make_unique<api::WorkLane>(engine->scheduler(), kDatabaseRequests,
                                                kDatabaseRequests, Pool::Databases);
    database_gate = std::make_unique<api::Gate>(kDatabaseRequests);
    awaited = std::make_unique<api::AwaitedJobs>(*engine, *lane, room);
    surroundings.emplace(api::Surroundings{*engine,
                                           pipelines,
                                           metrics,
                                           *lane,
                                           *passwords,
                                           *databases,
                                           *database_gate,
                                           *awaited,
                                           {folder_ / "roots"}});
    return {};
  }

  ~Place() {
    awaited.reset();
    lane.reset();
    passwords.reset();
    databases.reset();
  }

  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;

 public:
  std::unique_ptr<Engine> engine;
  api::Metrics metrics;
  api::PipelineLibrary pipelines;
  std::unique_ptr<api::WorkLane> lane, passwords, databases;
  std::unique_ptr<api::Gate> database_gate;
  std::unique_ptr<api::AwaitedJobs> awaited;
  std::optional<api::Surroundings> surroundings;
};

/// A dialect whose refusals show status, code, error and number of faults.
inline api::Dialect sample_dialect(std::vector<api::Route> routes) {
  api::Dialect dialect;
  dialect.name = "sample";
  dialect.routes = std::move(routes);
  dialect.opens_files = true;
  dialect.refuse = [](const api::Refusal& refusal, const http::Request&) {
    return http::Response::text(api::status_of(refusal),
                                refusal.code + "|" + std::string{to_string(refusal.error.code)} +
                                    "|" + std::to_string(refusal.faults.size()) + "|" +
                                    refusal.error.message);
  };
  dialect.decorate = [](const http::Request&, http::Response& response) {
    response.headers.emplace_back("X-Sample", "1");
  };
  return dialect;
}

/// Sends a request through a mount and waits for its answer.
inline http::Response ask(const api::Mount& mount, http::Method method, std::string path,
                          std::string body = {}) {
  auto request = std::make_shared<http::Request>();
  request->method = method;
  request->target = request->path = std::move(path);
  request->body = std::move(body);
  std::promise<http::Response> promise;
  auto future = promise.get_future();
  mount.handle(std::move(request),
               [&promise](http::Response response) { promise.set_value(std::move(response)); });
  if (future.wait_for(std::chrono::seconds{20}) != std::future_status::ready)
    FAIL("no answer within 20 seconds");
  return future.get();
}

inline const std::string& body_of(const http::Response& response) {
  return std::get<std::string>(response.body);
}

}  // namespace millrace::test
