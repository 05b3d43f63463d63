#pragma once

#include <memory>
#include <string_view>

#include "engine/catalog/database.hpp"

namespace millrace {

/// What the program and the module must agree on, since C++ types cross between them: both are of
/// one build.
inline constexpr std::string_view kMysqlModuleBuild = MILLRACE_BUILD_ID;

/// Fills `opened`. The module exports it as "millrace_open_mysql", and its build as
/// "millrace_mysql_build".
using OpenMysql = void(const DatabaseSettings& settings, Result<std::unique_ptr<Database>>& opened);
using MysqlModuleBuild = const char*();

}  // namespace millrace
