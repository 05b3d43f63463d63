#pragma once

#include <filesystem>
#include <string>

#include "engine/base/result.hpp"

namespace millrace {

/// Returns what tells one build of a shared library from another: "build-id:HEX", the GNU build id
/// that the linker computes from the contents, which stripping, installing and copying leave as it
/// is; or, for a library without one, "sha256:HEX" of the whole file. Reading a build id touches
/// only the head of the file.
Result<std::string> library_identity(const std::filesystem::path& library);

}  // namespace millrace
