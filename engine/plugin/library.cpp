#define BOOST_DLL_USE_STD_FS
#include "engine/plugin/library.hpp"

#include <array>
#include <cstddef>
#include <dlfcn.h>
#include <list>
#include <string>
#include <system_error>

#include <boost/dll/shared_library.hpp>

#include "engine/plugin/abi_sizes.hpp"
#include "engine/plugin/text.hpp"

namespace millrace {
namespace {

constexpr const char* kSymbol = "mr_plugin_v1";
constexpr std::array<const char*, 4> kLaterSymbols{"mr_plugin_v2", "mr_plugin_v3", "mr_plugin_v4",
                                                   "mr_plugin_v5"};

// Keeps a library for ever, since a batch may outlive whoever loaded its maker.
void keep(boost::dll::shared_library library) {
  static auto& kept =
      *new std::list<boost::dll::shared_library>;  // never destroyed: no dlclose at exit
  kept.push_back(std::move(library));
}

// Returns why the system could not load `path`, which stands in front of the text already. Boost
// keeps no text.
std::string loader_text(const std::filesystem::path& path) {
  const char* text = ::dlerror();
  std::string reason = text == nullptr ? "unknown reason" : text;
  const auto prefix = path.string() + ": ";
  return reason.starts_with(prefix) ? reason.substr(prefix.size()) : reason;
}

std::string describe(std::string_view what, std::size_t found, std::size_t wanted) {
  return std::string{what} + " is too small: " + std::to_string(found) + " bytes, of " +
         std::to_string(wanted);
}

// Returns what is wrong with an operator of a plugin, empty when nothing is.
std::string operator_flaw(const mr_operator* table) {
  if (table == nullptr) return "an operator is null";
  if (!is_whole(table))
    return describe("struct mr_operator", table->struct_size, kFirstSize<mr_operator>);
  const auto id = clean_utf8(view(table->id));
  if (table->create == nullptr || table->destroy == nullptr)
    return "operator \"" + id + "\" lacks create or destroy";
  const bool is_input = view(table->role) == "input";
  if (is_input && (table->produce == nullptr || table->process != nullptr)) {
    return "operator \"" + id + "\" is an input and must have produce, and no process";
  }
  if (!is_input && (table->process == nullptr || table->produce != nullptr)) {
    return "operator \"" + id + "\" is no input and must have process, and no produce";
  }
  if ((table->snapshot == nullptr) != (table->restore == nullptr)) {
    return "operator \"" + id + "\" must have both of snapshot and restore, or neither";
  }
  return {};
}

Result<const mr_plugin*> check_plugin(const std::filesystem::path& path, const mr_plugin* plugin) {
  if (plugin == nullptr) return library_error(path, "it refused to describe itself", "unknown");
  const auto too_small = describe("struct mr_plugin", plugin->struct_size, kFirstSize<mr_plugin>);
  if (!MR_HAS(plugin, abi_version)) return library_error(path, too_small, "unknown");
  const auto found = std::to_string(plugin->abi_version);
  if (plugin->abi_version != MR_ABI_VERSION)
    return library_error(path, "it was built for another ABI", found);
  if (!is_whole(plugin)) return library_error(path, too_small, found);
  if (plugin->operator_count > 0 && plugin->operators == nullptr)
    return library_error(path, "its table of operators is null", found);
  for (std::uint64_t i = 0; i < plugin->operator_count; ++i) {
    if (const auto flaw = operator_flaw(plugin->operators[i]); !flaw.empty())
      return library_error(path, flaw, found);
  }
  return plugin;
}

}  // namespace

Error library_error(const std::filesystem::path& library, std::string_view reason,
                    std::string_view found) {
  return Error{
      Code::DataInvalid,
      "load plugin: " + clean_utf8(reason) + ": " + clean_utf8(library.string()) +
          " (ABI wanted: " + std::to_string(MR_ABI_VERSION) + ", found: " + std::string{found} +
          "). Build it against the SDK of this engine, or take it out of the plugin folder"};
}

Result<const mr_plugin*> load_library(const std::filesystem::path& library, const mr_host* host) {
  std::error_code failed;
  const auto path = std::filesystem::absolute(library, failed);
  if (failed || !std::filesystem::exists(path, failed)) {
    return Error{Code::NotFound, "load plugin: no such file: " + clean_utf8(library.string())};
  }
  try {
    boost::dll::shared_library loaded;
    boost::dll::fs::error_code error;
    loaded.load(path, error, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    if (error) {
      return library_error(path, "the system cannot load it: " + loader_text(path), "unknown");
    }
    if (!loaded.has(kSymbol)) {
      std::string found = "none";
      for (const char* later : kLaterSymbols) {
        if (loaded.has(later)) found = std::string_view{later}.substr(11);
      }
      return library_error(path, std::string{"it does not export "} + kSymbol, found);
    }
    auto& describe_plugin = loaded.get<const mr_plugin*(const mr_host*)>(kSymbol);
    keep(loaded);
    return check_plugin(path, describe_plugin(host));
  } catch (const std::exception& caught) {
    return library_error(path, caught.what(), "unknown");
  } catch (...) {
    return library_error(path, "it threw an exception of an unknown type", "unknown");
  }
}

Result<std::vector<OperatorInfo>> read_operators(const std::filesystem::path& library,
                                                 const mr_plugin& plugin) {
  std::vector<OperatorInfo> infos;
  for (std::uint64_t i = 0; i < plugin.operator_count; ++i) {
    const mr_operator& table = *plugin.operators[i];
    auto info = read_declaration(view(table.id), view(table.role), view(table.declaration));
    if (!info.ok()) return info.error().within("load plugin: " + clean_utf8(library.string()));
    info->plugin = clean_utf8(view(plugin.name));
    info->version = clean_utf8(view(plugin.version));
    infos.push_back(*std::move(info));
  }
  return infos;
}

}  // namespace millrace
