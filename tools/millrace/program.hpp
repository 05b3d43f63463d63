#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/plugin/connection_settings.hpp"

namespace CLI {
class App;
}

namespace millrace {
class Registry;
struct EngineSettings;
}  // namespace millrace

namespace millrace::tool {

struct NewUser;

/// What every subcommand shares: the options that stand before or behind any of them, and what was
/// chosen. Lives in main().
struct Program {
  std::filesystem::path data;  // data folder; see default_data_folder()
  std::vector<std::filesystem::path>
      plugins;              // folders with plugins, beside the ones of the program
  std::size_t workers = 0;  // compute threads; 0: one a core
  std::size_t control_workers = 8;
  std::size_t database_requests = 8;
  std::size_t waiting_workers = 0, waiting_share = 0;  // 0: see EngineSettings
  std::int64_t declared_threads = 0;
  std::uint64_t declared_memory_bytes = 0;
  std::string catalog;  // address of the database; empty: SQLite in the data folder
  std::string catalog_password_file;
  std::vector<std::string> connections;                // "NAME=ADDRESS"
  std::vector<std::string> connection_password_files;  // "NAME=FILE"
  std::uint64_t max_scratch_bytes = 64ull << 30;       // of one job
  std::uint64_t max_content_bytes = 64ull << 30;       // of one attempt at a job
  bool json = false;                                   // data on stdout as JSON
  bool quiet = false;                                  // no progress and no remarks on stderr
  bool refusals_succeed = false;  // a refusal of the registry's server is exit code 0 too

  std::string log_level = "warn";  // the server's own default is info

  CLI::App* app = nullptr;
  std::function<int()> action;  // set by the subcommand that was chosen; returns an exit code

  /// Opens the registry of operators alone, without a data folder.
  [[nodiscard]] Result<std::unique_ptr<Registry>> open_registry() const;
  [[nodiscard]] EngineSettings engine_settings() const;
  /// Reads the databases that pipelines speak of by name, with their passwords: the first line of a
  /// file, else connection_password_variable(). InvalidArgument, or what read_private_file() says.
  [[nodiscard]] Result<NamedConnections> read_connections() const;
  /// NotFound where the data folder is not there: who only looks at one makes none.
  [[nodiscard]] Result<void> find_data_folder() const;
};

/// Returns the environment variable of a connection's password: of "in-1" it is
/// MILLRACE_PASSWORD_OF_IN_1.
std::string connection_password_variable(std::string_view name);

/// Returns $XDG_DATA_HOME/millrace, else ~/.local/share/millrace.
std::filesystem::path default_data_folder();
/// Returns the folder of shared files of this installation: pipelines, template.
std::filesystem::path share_folder();

/// Each adds its subcommand; the file of the same name holds it.
void add_run(CLI::App& app, Program& program);
void add_validate(CLI::App& app, Program& program);
void add_explain(CLI::App& app, Program& program);
void add_limits(CLI::App& app, Program& program);
void add_operators(CLI::App& app, Program& program);
void add_jobs(CLI::App& app, Program& program);
void add_jobs_submit(CLI::App& jobs, Program& program);
void add_serve(CLI::App& app, Program& program);
void add_user(CLI::App& app, Program& program);
void add_models(CLI::App& app, Program& program);
void add_models_gc(CLI::App& models, Program& program);

/// `add_here` adds a user to the catalog of the data folder; null: only over the API.
using AddUserHere = int (*)(const Program& program, const NewUser& user);
void add_registry(CLI::App& app, Program& program, AddUserHere add_here);
void add_client_config(CLI::App& app, Program& program);
void add_plugin(CLI::App& app, Program& program);
void add_completion(CLI::App& app, Program& program);

}  // namespace millrace::tool
