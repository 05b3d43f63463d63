#include "engine/plugin/manifest.hpp"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include "engine/plugin/library.hpp"
#include "engine/plugin/library_identity.hpp"
#include "engine/plugin/registry.hpp"
#include "engine/plugin/text.hpp"

namespace millrace {
namespace {

constexpr int kFormat = 1;

std::string text_member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

// Reads an element of "operators": a declaration with the four members that do not come from it.
Result<OperatorInfo> read_element(const Json& element, const Manifest& manifest) {
  if (!element.is_object()) return Error{Code::DataInvalid, "an operator must be an object"};
  Json declaration = element;
  for (const char* name : {"id", "role", "plugin", "version"}) declaration.erase(name);
  MR_TRY(auto info,
         info_from_json(text_member(element, "id"), text_member(element, "role"), declaration));
  info.plugin = manifest.plugin;
  info.version = manifest.version;
  return info;
}

Result<Manifest> parse_manifest(const std::string& text) {
  MR_TRY(const auto document, parse_json(text));
  if (!document.is_object() || !document.contains("operators") ||
      document.value("manifest", Json{}) != kFormat) {
    return Error{Code::DataInvalid, "not a manifest of this format"};
  }
  const auto abi = document.value("abi_version", Json{});
  if (!abi.is_number_unsigned() || !document["operators"].is_array())
    return Error{Code::DataInvalid, "not a manifest"};
  Manifest manifest;
  manifest.abi_version = abi.get<std::uint32_t>();
  manifest.plugin = text_member(document, "plugin");
  manifest.version = text_member(document, "version");
  manifest.identity = text_member(document, "identity");
  for (const auto& element : document["operators"]) {
    MR_TRY(auto info, read_element(element, manifest));
    manifest.operators.push_back(std::move(info));
  }
  return manifest;
}

Result<void> write_file(const std::filesystem::path& path, const std::string& text) {
  auto partial = path;
  partial += ".partial";
  std::ofstream file{partial, std::ios::binary | std::ios::trunc};
  file << text;
  file.close();
  if (!file) return system_error("write manifest", partial.string(), errno);
  std::error_code failed;
  std::filesystem::rename(partial, path, failed);
  if (failed) return system_error("write manifest", path.string(), failed.value());
  return {};
}

}  // namespace

std::filesystem::path manifest_path(const std::filesystem::path& library) {
  auto path = library;
  return path.replace_extension(".json");
}

std::optional<Manifest> read_manifest(const std::filesystem::path& library) {
  std::ifstream file{manifest_path(library), std::ios::binary};
  if (!file) return {};
  const std::string text{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  auto manifest = parse_manifest(text);
  if (!manifest.ok()) return {};
  const auto identity = library_identity(library);
  if (!identity.ok() || *identity != manifest->identity) return {};
  return *std::move(manifest);
}

Result<void> write_manifest(const std::filesystem::path& library) {
  MR_TRY(const auto* plugin, load_library(library, nullptr));
  MR_TRY(const auto infos, read_operators(library, *plugin));
  MR_TRY(const auto identity, library_identity(library));
  Json document = Json::object();
  document["manifest"] = kFormat;
  document["abi_version"] = plugin->abi_version;
  document["plugin"] = clean_utf8(view(plugin->name));
  document["version"] = clean_utf8(view(plugin->version));
  document["identity"] = identity;
  document["operators"] = Json::array();
  for (const auto& info : infos) document["operators"].push_back(to_json(info));
  return write_file(manifest_path(library), document.dump(2) + "\n");
}

}  // namespace millrace
