#pragma once

#include <filesystem>

#include "engine/catalog/database.hpp"

namespace millrace {

/// Opens the SQLite file, which is made when it is missing: WAL, full sync, foreign keys, bytewise
/// comparison.
Result<std::unique_ptr<Database>> open_sqlite(const std::filesystem::path& path,
                                              std::chrono::milliseconds busy_timeout);

}  // namespace millrace
