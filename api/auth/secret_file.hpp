#pragma once

#include <filesystem>
#include <string>

#include "engine/base/result.hpp"

namespace millrace::auth {

/// Returns the secret in a file: its text without the line ends behind it. A file that is missing
/// is made, mode 0600, from 32 bytes of the kernel's chance as 64 hexadecimal digits; it appears
/// whole or not at all, and two servers that start at once get the same. Its folder must exist.
///
/// PermissionDenied: others may read or write it, or it is a symbolic link; DataInvalid: it is
/// empty, longer than 4096 bytes, or no file. The message says what helps.
Result<std::string> open_secret_file(const std::filesystem::path& path);

}  // namespace millrace::auth
