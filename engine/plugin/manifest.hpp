#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/plugin/operator_info.hpp"

namespace millrace {

/// What `NAME.json` beside `NAME.so` says of a plugin, so that nobody needs to load it to know its
/// operators.
struct Manifest {
  std::uint32_t abi_version = 0;
  std::string plugin;
  std::string version;
  std::string identity;  // of the library it was written for: library_identity()
  std::vector<OperatorInfo> operators;
};

/// Returns where the manifest of a library lies.
std::filesystem::path manifest_path(const std::filesystem::path& library);

/// Reads the manifest of a library. Empty when there is none, when it cannot be read as one, or
/// when it was written for another build of the library: the library itself must then be asked.
std::optional<Manifest> read_manifest(const std::filesystem::path& library);

}  // namespace millrace
