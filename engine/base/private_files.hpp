#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "engine/base/result.hpp"

#include <sys/types.h>

namespace millrace {

/// Modes of what the program keeps for itself: passwords, models, tokens. Whoever makes a file or
/// folder below the data folder says one of them, so that the umask does not decide who reads it.
inline constexpr mode_t kPrivateFile = 0600;
inline constexpr mode_t kPrivateFolder = 0700;

/// Makes a folder, with those above it that are missing, for nobody but its user. One that is there
/// stays as it is.
Result<void> make_private_folder(const std::filesystem::path& folder);

/// Makes an empty file for nobody but its user, and does not open it: for a library that opens
/// files by itself, and would make them as the umask says. One that is there stays as it is.
Result<void> make_private_file(const std::filesystem::path& file);

/// Reads a file that holds secrets. PermissionDenied where others than its owner may read or write
/// it, with the command that mends it; Exhausted where it has more than `max_bytes`;
/// InvalidArgument where it is no regular file.
Result<std::string> read_private_file(const std::filesystem::path& file, std::size_t max_bytes);

}  // namespace millrace
