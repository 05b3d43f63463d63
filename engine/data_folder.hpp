#pragma once

#include <filesystem>

#include "engine/base/result.hpp"

namespace millrace {

/// Makes the data folder, or looks at the one that is there: it holds password hashes, tokens and
/// models that are private, so it is for nobody but its user (0700), and made so before it is used
/// for the first time. PermissionDenied: it was used while others could read or write what lies in
/// it; the message has the command that mends it.
Result<void> open_data_folder(const std::filesystem::path& folder);

}  // namespace millrace
