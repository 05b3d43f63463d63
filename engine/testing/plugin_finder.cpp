#define BOOST_DLL_USE_STD_FS
#include "engine/testing/plugin_finder.hpp"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <sstream>
#include <utility>
#include <vector>

#include <boost/dll/runtime_symbol_info.hpp>

namespace millrace::testing {
namespace {

std::vector<std::filesystem::path> plugin_folders(const HarnessOptions& options) {
  std::vector<std::filesystem::path> folders(options.plugin_folders.begin(),
                                             options.plugin_folders.end());
  if (!folders.empty()) return folders;
  if (const char* listed = std::getenv("MILLRACE_PLUGINS"); listed != nullptr) {
    std::istringstream text{listed};
    for (std::string folder; std::getline(text, folder, ':');) {
      if (!folder.empty()) folders.emplace_back(folder);
    }
    return folders;
  }
  // Beside the library (or the program) that holds this code.
  const auto self = std::filesystem::absolute(boost::dll::this_line_location()).parent_path();
  for (const auto& folder : {self / "millrace/plugins", self / "../lib/millrace/plugins"}) {
    if (std::filesystem::is_directory(folder)) return {folder.lexically_normal()};
  }
  return folders;
}

Result<std::unique_ptr<Registry>> open_registry(const std::vector<std::filesystem::path>& folders,
                                                const std::string& library) {
  if (library.empty()) return Registry::open(folders);
  MR_TRY(auto registry, Registry::open({}));
  MR_CHECK(registry->add(library));
  return registry;
}

}  // namespace

Result<Registry*> find_plugins(const HarnessOptions& options) {
  using Key = std::pair<std::vector<std::filesystem::path>, std::string>;
  static std::mutex mutex;
  static auto& registries =
      *new std::map<Key, std::unique_ptr<Registry>>;  // operators outlive static destruction
  Key key;
  if (options.library.empty()) {
    key.first = plugin_folders(options);
  } else {
    key.second = options.library;
  }
  const std::lock_guard lock{mutex};
  if (const auto found = registries.find(key); found != registries.end())
    return found->second.get();
  MR_TRY(auto registry, open_registry(key.first, key.second));
  return registries.emplace(std::move(key), std::move(registry)).first->second.get();
}

Result<FoundOperator> find_operator(std::string_view id, const HarnessOptions& options) {
  MR_TRY(auto* registry, find_plugins(options));
  const auto* info = registry->find(id);
  if (info == nullptr) {
    const auto nearest = registry->nearest(id);
    return Error{Code::NotFound,
                 "unknown operator: " + std::string{id} +
                     (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?")};
  }
  MR_TRY(const auto* table, registry->table(*info));
  return FoundOperator{info, table};
}

}  // namespace millrace::testing
