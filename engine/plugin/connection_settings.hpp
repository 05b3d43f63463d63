#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace {

/// How to reach a database. No text that anybody sees is made of the password.
struct ConnectionSettings {
  std::string address;  // "mysql://user@host:port/schema" or "sqlite:PATH", as sql reads it
  std::string password{};

  bool operator==(const ConnectionSettings&) const = default;
};

/// By the names under which a pipeline speaks of them.
using NamedConnections = std::map<std::string, ConnectionSettings, std::less<>>;

inline constexpr std::size_t kMostConnections = 1'000;
inline constexpr std::size_t kMostConnectionNameBytes = 64;
inline constexpr std::size_t kMostPasswordBytesOfConnection = 4'096;

/// InvalidArgument says what is wrong with the name of a connection, its address or its password,
/// which it does not repeat.
Result<void> check_connection(std::string_view name, const ConnectionSettings& connection);

/// Reads {"address", "password"}, or for MySQL and MariaDB {"host", "port", "user", "schema",
/// "password"}, of which user and schema are needed. InvalidArgument repeats no value.
Result<ConnectionSettings> read_connection(std::string_view name, const Json& json);

/// NotFound: no connection has that name.
Error no_connection(std::string_view name);

/// Returns the file of an SQLite address; empty: it is no such address.
std::string_view sqlite_path(std::string_view address);

}  // namespace millrace
