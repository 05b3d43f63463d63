#include "api/engine/api.hpp"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "api/engine/dialect.hpp"
#include "api/engine/documents.hpp"
#include "api/engine/envelope.hpp"
#include "api/engine/token.hpp"
#include "api/engine/views.hpp"
#include "engine/base/password.hpp"
#include "engine/engine.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

using Sample = Metrics::Sample;

std::vector<Sample> engine_samples(Engine& engine) {
  const auto jobs = engine.jobs().counters();
  const auto catalog = engine.catalog().counters();
  const auto counter = [](const char* name, const char* help, std::uint64_t value) {
    return Sample{name, help, true, static_cast<double>(value)};
  };
  const auto gauge = [](const char* name, const char* help, std::size_t value) {
    return Sample{name, help, false, static_cast<double>(value)};
  };
  return {counter("millrace_jobs_submitted_total", "Jobs taken in", jobs.submitted),
          counter("millrace_jobs_finished_total", "Jobs that ended well", jobs.finished),
          counter("millrace_jobs_failed_total", "Jobs that failed", jobs.failed),
          counter("millrace_jobs_aborted_total", "Jobs that were stopped", jobs.aborted),
          counter("millrace_jobs_resumed_total", "Jobs that went on after a crash", jobs.resumed),
          gauge("millrace_jobs_queued", "Jobs that wait", jobs.queued),
          gauge("millrace_jobs_running", "Jobs that run", jobs.running),
          counter("millrace_catalog_writes_total", "Writes that were committed", catalog.writes),
          counter("millrace_catalog_commits_total", "Commits that they shared", catalog.commits),
          gauge("millrace_catalog_writes_queued", "Writes that wait", catalog.queued),
          gauge("millrace_catalog_write_bytes",
                "Bytes of the writes that wait or are being written", catalog.queued_bytes)};
}

std::vector<Sample> gate_samples(const Gate& gate) {
  return {{"millrace_database_requests", "Requests under way that ask databases of the user", false,
           static_cast<double>(gate.inside())},
          {"millrace_database_requests_refused_total",
           "Such requests that were refused, as no more may be under way", true,
           static_cast<double>(gate.refused())}};
}

std::size_t request_workers(const Engine& engine, const ApiSettings& settings) {
  if (settings.request_workers > 0) return settings.request_workers;
  return std::max<std::size_t>(engine.settings().control_workers / 2, 1);
}

}  // namespace

struct Api::State {
  State(Engine& given, ApiSettings settings, PipelineLibrary library)
      : engine{given},
        pipelines{std::move(library)},
        lane{given.scheduler(), request_workers(given, settings), settings.waiting_requests},
        passwords{given.scheduler(), kMostHashesAtOnce, settings.waiting_passwords, Pool::Hashing},
        databases{given.scheduler(), given.settings().database_requests,
                  given.settings().database_requests, Pool::Databases},
        database_gate{given.settings().database_requests},
        awaited{given, lane, settings.awaited_requests},
        surroundings{given,     pipelines,     metrics, lane,           passwords,
                     databases, database_gate, awaited, settings.roots, settings.request_time},
        views{surroundings},
        documents{lane, settings.share} {}

  // Destroyed the other way round, but the lane is emptied before anything goes: see ~State.
  Engine& engine;
  Metrics metrics;
  PipelineLibrary pipelines;
  WorkLane lane, passwords, databases;
  Gate database_gate;
  AwaitedJobs awaited;
  Surroundings surroundings;
  Views views;
  Documents documents;
  std::shared_ptr<Mount> root;  // shared with the sites, as are the others
  std::vector<std::shared_ptr<Mount>> named;

  ~State() {
    awaited.close();  // what waits holds the lane
    passwords.close();
    databases.close();
    lane.close();
  }

  [[nodiscard]] Mount* find(std::string_view name) const {
    for (const auto& mount : named)
      if (mount->dialect().name == name) return mount.get();
    return name == root->dialect().name ? root.get() : nullptr;
  }
};

Api::Api() = default;
Api::~Api() = default;

Result<std::unique_ptr<Api>> Api::open(Engine& engine, std::vector<Dialect> dialects,
                                       ApiSettings settings) {
  if (settings.share.empty()) settings.share = share_folder();
  MR_TRY(auto token, open_token(engine.settings().data));
  MR_TRY(auto pipelines, PipelineLibrary::open(settings.share / "pipelines"));
  const auto version = settings.version;
  std::unique_ptr<Api> api{new Api};
  api->state_ = std::make_unique<State>(engine, std::move(settings), std::move(pipelines));
  auto& state = *api->state_;
  auto own = make_engine_dialect(state.views, make_token_authenticator(std::move(token)), version);
  state.documents.add_to(own);
  MR_TRY(state.root, Mount::open(std::move(own), state.surroundings));
  for (auto& dialect : dialects) {
    state.documents.add_to(dialect);
    MR_TRY(auto mount, Mount::open(std::move(dialect), state.surroundings));
    state.named.push_back(std::move(mount));
  }
  state.documents.write(*state.root, state.named, engine.registry().all());
  state.metrics.add_source([&engine] { return engine_samples(engine); });
  state.metrics.add_source([&gate = state.database_gate] { return gate_samples(gate); });
  return api;
}

http::Site Api::main_site(BrowserGuard guard) const {
  return make_site(state_->root, {state_->named.begin(), state_->named.end()}, std::move(guard));
}

Result<http::Site> Api::site_of(std::string_view dialect, BrowserGuard guard) const {
  for (const auto& mount : state_->named)
    if (mount->dialect().name == dialect) return make_site(mount, {}, std::move(guard));
  if (dialect == state_->root->dialect().name) return make_site(state_->root, {}, std::move(guard));
  std::string names{state_->root->dialect().name};
  for (const auto& mount : state_->named) names += ", " + mount->dialect().name;
  return Error{Code::NotFound, fmt::format("no such dialect: {} (there are: {})", dialect, names)};
}

Result<const Dialect*> Api::dialect(std::string_view name) const {
  if (const auto* mount = state_->find(name)) return &mount->dialect();
  return Error{Code::NotFound, fmt::format("no such dialect: {}", name)};
}

void Api::end_waiting() { state_->awaited.close(); }

void Api::count(const http::Server& server) {
  state_->metrics.add_source([&server]() -> std::vector<Sample> {
    const auto counters = server.counters();
    return {{"millrace_http_connections_total", "Connections accepted", true,
             static_cast<double>(counters.connections)},
            {"millrace_http_connections", "Connections open", false,
             static_cast<double>(counters.open)},
            {"millrace_http_body_bytes", "Bytes of request bodies in memory", false,
             static_cast<double>(counters.body_bytes)},
            {"millrace_http_body_file_bytes", "Bytes of request bodies that wait in files", false,
             static_cast<double>(counters.body_file_bytes)}};
  });
}

std::filesystem::path share_folder() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path() / "../share/millrace").lexically_normal();
}

}  // namespace millrace::api
