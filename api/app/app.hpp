#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/http/server.hpp"
#include "api/maisie/settings.hpp"
#include "api/route/site.hpp"
#include "engine/base/environment_file.hpp"
#include "engine/engine.hpp"

namespace millrace::api {

struct AppSettings {
  EngineSettings engine{};
  /// Reads the databases that pipelines speak of by name, at the start and with reload(); empty:
  /// those of `engine`.
  std::function<Result<NamedConnections>()> read_connections{};
  std::filesystem::path share{};  // pipelines and swagger; empty: beside the program
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: the system chooses
  struct MountAt {
    std::string dialect, address;
    std::uint16_t port = 0;
  };
  std::vector<MountAt> mounts{};  // dialects that also stand at the root of a listener of their own
  Exposure exposure{};
  std::optional<http::TlsSettings> tls{};  // for all listeners
  std::vector<std::string>
      allowed_origins{};  // of pages besides loopback ones: "https://models.example.org"
  std::vector<std::string>
      allowed_hosts{};    // that loopback listeners answer to besides loopback names
  http::Limits limits{};  // the size of bodies is stated by each route
  std::vector<std::filesystem::path>
      roots{};  // below which pipelines that came over HTTP may open files
  std::filesystem::path atflow_settings{};    // empty: DATA/atflow.json
  std::filesystem::path audience_settings{};  // empty: DATA/audience.env
  Environment environment{};                  // of the process; goes before that file
  std::vector<std::string>
      trusted_proxies{};      // addresses and networks of proxies in front of all listeners
  maisie::Settings maisie{};  // require_auth: as `exposure` says
  http::ServerSettings
      server{};  // its folder is in the data folder, and connections are cut to open files
  std::chrono::milliseconds request_time =
      kRequestTime;       // of a request that answers from the catalog
  std::string version{};  // of the program, for OpenAPI
};

/// The server: an engine, every dialect, and their listeners. [one thread, but reload()]
class App {
 public:
  /// Opens everything and binds the ports; nothing is served and no job is started yet.
  static Result<std::unique_ptr<App>> open(AppSettings settings);
  /// Stops.
  ~App();

  /// Starts taking jobs, then serves.
  Result<void> start();
  /// Reads the keys and settings of the dialects and the connections anew. A file that is wrong
  /// leaves all as it was. [any thread]
  Result<void> reload();
  /// Answers what has begun, for `patience` at the most, and closes; then stops running jobs, which
  /// keep their place in the queue. False: an operator does not stop within `patience`, the log
  /// names its node, and the destructor would wait for it; the process may end instead, for what
  /// was accepted is on disk.
  bool stop(std::chrono::milliseconds patience = std::chrono::seconds{10});

  struct Address {
    std::string dialect;  // empty: the main port
    std::string host;
    std::uint16_t port = 0;
    [[nodiscard]] std::string url(bool is_tls) const;
  };
  /// The main port first, then the mounts in the order given.
  [[nodiscard]] const std::vector<Address>& addresses() const;
  [[nodiscard]] Engine& engine();

 private:
  App();
  struct State;
  std::unique_ptr<State> state_;
};

/// How many connections a process may take that may have so many files open: each may need three
/// descriptors (itself, once more while the kernel sends a file, and the file that is sent or taken
/// in), and a quarter, 256 at the least, is left to the store, the catalog and jobs.
std::size_t most_connections(std::size_t open_files);

}  // namespace millrace::api
