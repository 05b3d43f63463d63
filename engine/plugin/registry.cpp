#include "engine/plugin/registry.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "engine/base/recent_table.hpp"
#include "engine/plugin/host.hpp"
#include "engine/plugin/library.hpp"
#include "engine/plugin/manifest.hpp"
#include "engine/plugin/nearest.hpp"
#include "engine/plugin/text.hpp"

namespace millrace {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kShortNames{{
    {"input", "input.list"},
    {"filter", "filter.label"},
    {"augment", "augment.apply"},
    {"output", "output.list"},
}};

std::string_view full_id(std::string_view id) {
  for (const auto& [word, full] : kShortNames) {
    if (word == id) return full;
  }
  return id;
}

constexpr std::size_t kMostPlanned = 256;

// A shared library and, once one of its operators was used, its table.
struct Library {
  explicit Library(std::filesystem::path its_path) : path{std::move(its_path)} {}

  std::filesystem::path path;
  std::atomic<const mr_plugin*> plugin{nullptr};
  std::mutex loading;  // guards the act of loading
};

struct Entry {
  std::shared_ptr<const OperatorInfo> info;  // shared with the graphs that use it
  Library* library = nullptr;
  std::atomic<const mr_operator*> table{nullptr};
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

Result<const mr_plugin*> load_once(Library& library) {
  if (const auto* plugin = library.plugin.load(std::memory_order_acquire)) return plugin;
  const std::lock_guard lock{library.loading};
  if (const auto* plugin = library.plugin.load(std::memory_order_acquire)) return plugin;
  MR_TRY(const auto* plugin, load_library(library.path, &host_table()));
  library.plugin.store(plugin, std::memory_order_release);
  return plugin;
}

Result<std::vector<std::filesystem::path>> libraries_in(const std::filesystem::path& folder) {
  std::error_code failed;
  std::vector<std::filesystem::path> found;
  std::filesystem::directory_iterator files{folder, failed};
  for (; !failed && files != std::filesystem::directory_iterator{}; files.increment(failed)) {
    std::error_code ignored;
    if (files->path().extension() == ".so" && !files->is_directory(ignored))
      found.push_back(files->path());
  }
  if (failed) return system_error("read plugin folder", folder.string(), failed.value());
  std::sort(found.begin(), found.end());
  return found;
}

std::filesystem::path real_path(const std::filesystem::path& path) {
  std::error_code failed;
  auto real = std::filesystem::canonical(path, failed);
  return failed ? path : real;
}

}  // namespace

struct Registry::State {
  mutable std::shared_mutex
      mutex;  // guards the three below; entries and libraries stay where they are
  std::unordered_map<std::string, std::unique_ptr<Entry>, TextHash, std::equal_to<>> entries;
  std::vector<std::unique_ptr<Library>> libraries;
  std::set<std::filesystem::path> known;  // real paths of the libraries

  std::mutex planning;                                                     // guards planned
  RecentTable<std::shared_ptr<const OperatorInfo>> planned{kMostPlanned};  // by id and traits

  Result<std::vector<std::string>> add(const std::filesystem::path& path);
  Result<std::vector<OperatorInfo>> ask(Library& library);
};

// Returns the operators of a library: from its manifest when that fits, else by loading it.
Result<std::vector<OperatorInfo>> Registry::State::ask(Library& library) {
  if (auto manifest = read_manifest(library.path)) {
    if (manifest->abi_version != MR_ABI_VERSION) {
      return library_error(library.path, "it was built for another ABI",
                           std::to_string(manifest->abi_version));
    }
    return std::move(manifest->operators);
  }
  MR_TRY(const auto* plugin, load_once(library));
  return read_operators(library.path, *plugin);
}

Result<std::vector<std::string>> Registry::State::add(const std::filesystem::path& path) {
  auto library = std::make_unique<Library>(real_path(path));
  std::vector<std::string> ids;
  {
    const std::shared_lock lock{mutex};
    if (known.count(library->path) > 0) {
      for (const auto& [id, entry] : entries) {
        if (entry->library->path == library->path) ids.push_back(id);
      }
      std::sort(ids.begin(), ids.end());
      return ids;
    }
  }
  MR_TRY(auto infos, ask(*library));
  const std::unique_lock lock{mutex};
  std::vector<std::unique_ptr<Entry>> made;
  for (auto& info : infos) {
    const auto twin = entries.find(info.id);
    const bool is_twice = std::any_of(
        made.begin(), made.end(), [&](const auto& entry) { return entry->info->id == info.id; });
    if (twin != entries.end() || is_twice) {
      const auto& other = is_twice ? library->path : twin->second->library->path;
      return Error{Code::Conflict, "operator \"" + info.id +
                                       "\" is in two plugins: " + clean_utf8(other.string()) +
                                       " and " + clean_utf8(library->path.string()) +
                                       ". Take one of them out of the plugin folders"};
    }
    auto entry = std::make_unique<Entry>();
    entry->info = std::make_shared<const OperatorInfo>(std::move(info));
    entry->library = library.get();
    made.push_back(std::move(entry));
  }
  for (auto& entry : made) {
    ids.push_back(entry->info->id);
    entries.emplace(entry->info->id, std::move(entry));
  }
  known.insert(library->path);
  libraries.push_back(std::move(library));
  std::sort(ids.begin(), ids.end());
  return ids;
}

Registry::Registry() : state_{std::make_unique<State>()} {}
Registry::~Registry() = default;

Result<std::unique_ptr<Registry>> Registry::open(
    const std::vector<std::filesystem::path>& folders) {
  std::unique_ptr<Registry> registry{new Registry};
  for (const auto& folder : folders) {
    MR_TRY(const auto libraries, libraries_in(folder));
    for (const auto& library : libraries) MR_CHECK(registry->state_->add(library));
  }
  return registry;
}

Result<std::vector<std::string>> Registry::add(const std::filesystem::path& library) {
  return state_->add(library);
}

const OperatorInfo* Registry::find(std::string_view id) const {
  return share(id).get();  // stays in its entry
}

std::shared_ptr<const OperatorInfo> Registry::share(std::string_view id) const {
  const std::shared_lock lock{state_->mutex};
  const auto found = state_->entries.find(full_id(id));
  return found == state_->entries.end() ? nullptr : found->second->info;
}

Result<std::shared_ptr<const OperatorInfo>> Registry::with_traits(const OperatorInfo& info,
                                                                  const Json& traits) {
  const std::string key =
      info.id + ' ' + traits.dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::lock_guard lock{state_->planning};
  if (const auto* known = state_->planned.find(key)) return *known;
  auto made = std::make_shared<OperatorInfo>(info);
  MR_CHECK(apply_traits(*made, traits));
  return state_->planned.get(key) = std::move(made);
}

std::string Registry::nearest(std::string_view id) const {
  const std::shared_lock lock{state_->mutex};
  std::vector<std::string_view> names;
  names.reserve(state_->entries.size() + kShortNames.size());
  for (const auto& [known, entry] : state_->entries) names.push_back(known);
  for (const auto& [word, full] : kShortNames) {
    if (state_->entries.find(full) != state_->entries.end()) names.push_back(word);
  }
  std::sort(names.begin(), names.end());
  if (const auto near = nearest_name(id, names); !near.empty()) return std::string{near};
  // "flip" is meant for "augment.flip": the name without its role.
  for (const auto name : names) {
    const auto dot = name.find('.');
    if (dot != std::string_view::npos && name.substr(dot + 1) == id) return std::string{name};
  }
  return {};
}

std::vector<const OperatorInfo*> Registry::all() const {
  const std::shared_lock lock{state_->mutex};
  std::vector<const OperatorInfo*> infos;
  infos.reserve(state_->entries.size());
  for (const auto& [id, entry] : state_->entries) infos.push_back(entry->info.get());
  std::sort(infos.begin(), infos.end(),
            [](const auto* left, const auto* right) { return left->id < right->id; });
  return infos;
}

Result<const mr_operator*> Registry::table(const OperatorInfo& info) {
  Entry* entry = nullptr;
  {
    const std::shared_lock lock{state_->mutex};
    const auto found = state_->entries.find(std::string_view{info.id});
    if (found == state_->entries.end())
      return Error{Code::NotFound, "unknown operator: " + info.id};
    entry = found->second.get();
  }
  if (const auto* table = entry->table.load(std::memory_order_acquire)) return table;
  MR_TRY(const auto* plugin, load_once(*entry->library));
  for (std::uint64_t i = 0; i < plugin->operator_count; ++i) {
    if (view(plugin->operators[i]->id) != info.id) continue;
    entry->table.store(plugin->operators[i], std::memory_order_release);
    return plugin->operators[i];
  }
  return Error{Code::Conflict, "operator \"" + info.id + "\" is no longer in its plugin: " +
                                   clean_utf8(entry->library->path.string()) +
                                   ". Write its manifest anew (millrace_manifest)"};
}

}  // namespace millrace
