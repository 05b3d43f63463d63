#include "tools/millrace/program.hpp"

#include <cstdlib>
#include <system_error>

#include "engine/engine.hpp"
#include "engine/plugin/registry.hpp"

namespace millrace::tool {
namespace {

std::filesystem::path program_folder() {
  std::error_code failed;
  return std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
}

std::vector<std::filesystem::path> plugin_folders(const Program& program) {
  std::vector<std::filesystem::path> folders{
      (program_folder() / "../lib/millrace/plugins").lexically_normal()};
  folders.insert(folders.end(), program.plugins.begin(), program.plugins.end());
  return folders;
}

}  // namespace

Result<std::unique_ptr<Registry>> Program::open_registry() const {
  return Registry::open(plugin_folders(*this));
}

EngineSettings Program::engine_settings() const {
  EngineSettings settings;
  settings.data = data;
  settings.plugins = plugin_folders(*this);
  settings.workers = workers;
  settings.control_workers = control_workers;
  settings.database_requests = database_requests;
  settings.waiting_workers = waiting_workers;
  settings.waiting_share = waiting_share;
  settings.declared_threads = declared_threads;
  settings.declared_memory_bytes = static_cast<std::int64_t>(declared_memory_bytes);
  settings.catalog.address = catalog;
  settings.catalog.password_file = catalog_password_file;
  settings.store.max_scratch_bytes = max_scratch_bytes;
  settings.store.max_content_bytes = max_content_bytes;
  return settings;
}

Result<void> Program::find_data_folder() const {
  std::error_code failed;
  if (std::filesystem::is_directory(data, failed)) return {};
  return Error{Code::NotFound, "no such data folder (choose one with --data): " + data.string()};
}

std::filesystem::path default_data_folder() {
  if (const char* folder = std::getenv("XDG_DATA_HOME"); folder != nullptr && *folder != '\0') {
    return std::filesystem::path{folder} / "millrace";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path{home == nullptr ? "." : home} / ".local/share/millrace";
}

std::filesystem::path share_folder() {
  return (program_folder() / "../share/millrace").lexically_normal();
}

}  // namespace millrace::tool
