#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace millrace {

/// Settings as an environment has them.
using Environment = std::map<std::string, std::string, std::less<>>;

inline constexpr std::size_t kMostEnvironmentFileBytes = 1u << 20;

/// Reads lines NAME=VALUE, with "export " before them or not. Empty lines and those that begin with
/// "#" are passed over; a value may stand in '...', as it is, or in "...", where a backslash
/// stands before '"', "\\", "n" and "$"; without quotes it ends before " #" and its blanks. Of a
/// repeated name the last counts. InvalidArgument names the line and repeats no value.
Result<Environment> parse_environment(std::string_view text);

/// The same of a file, which only its owner may read (read_private_file). One that is missing has
/// no settings.
Result<Environment> read_environment_file(const std::filesystem::path& file);

/// Returns the environment of the process. [before there are other threads]
Environment process_environment();

}  // namespace millrace
