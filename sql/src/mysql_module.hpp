#pragma once

#include <memory>

#include <millrace/sql/connection.hpp>

namespace millrace::sql {

/// Sets `opened`. The module exports it as "millrace_sql_connect_mysql", and the id of its build as
/// "millrace_sql_mysql_build": C++ types cross between the module and whoever loads it, so both are
/// of one build.
using ConnectMysql = void(const Settings& settings, std::unique_ptr<Connection>& opened);
using MysqlModuleBuild = const char*();

}  // namespace millrace::sql
