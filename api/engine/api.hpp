#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/server.hpp"
#include "api/route/mount.hpp"
#include "api/route/route.hpp"
#include "api/route/site.hpp"

namespace millrace {
class Engine;
}

namespace millrace::api {

struct ApiSettings {
  std::filesystem::path share;  // share/millrace: pipelines and swagger; empty: beside the program
  std::vector<std::filesystem::path>
      roots;                            // below which pipelines that came over HTTP may open files
  std::size_t waiting_requests = 4096;  // in front of the control pool; more are refused
  std::size_t request_workers = 0;      // threads of the control pool that requests take at a time;
                                        // 0: half of them, so that the life of jobs goes on
  std::chrono::milliseconds request_time = kRequestTime;  // of a request of the inline lane
  std::size_t awaited_requests = kMostAwaited;            // whose answers wait for the end of a job
  std::size_t waiting_passwords = kMostWaitingPasswords;  // more requests that hash one are refused
  std::string version;                                    // of the program, for OpenAPI
};

/// Everything that is served: the engine's own API and the dialects, for any number of listeners.
/// Made after the engine and gone before it; the HTTP server is stopped before either. [any thread]
class Api {
 public:
  /// Opens the token, reads the pipelines, has all of them validated. An error names the file, or
  /// the route.
  static Result<std::unique_ptr<Api>> open(Engine& engine, std::vector<Dialect> dialects,
                                           ApiSettings settings);
  ~Api();

  /// The site of the main port: the engine's own API at the root, each dialect below its name.
  [[nodiscard]] http::Site main_site(BrowserGuard guard = {}) const;
  /// The site of a listener that serves one dialect at its root; NotFound names the dialects that
  /// there are.
  [[nodiscard]] Result<http::Site> site_of(std::string_view dialect, BrowserGuard guard = {}) const;
  [[nodiscard]] Result<const Dialect*> dialect(std::string_view name) const;

  /// Answers, before the HTTP server is stopped, the requests that wait for the end of a job, and
  /// takes no more of them.
  void end_waiting();

  /// Adds the counters of an HTTP server to /metrics; the server outlives the last request.
  void count(const http::Server& server);

 private:
  Api();
  struct State;
  std::unique_ptr<State> state_;
};

/// Returns share/millrace of the prefix or build tree in which the program lies.
std::filesystem::path share_folder();

}  // namespace millrace::api
