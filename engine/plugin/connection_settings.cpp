#include "engine/plugin/connection_settings.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <millrace/sql/address.hpp>
#include <millrace/sql/failure.hpp>

#include "engine/base/json_numbers.hpp"
#include "engine/base/utf8.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace millrace {

namespace {

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMostConnectionNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '.';
         });
}

// Returns the text of a member; empty where there is none.
Result<std::string> text_of(const Json& json, const char* member) {
  const auto found = json.find(member);
  if (found == json.end() || found->is_null()) return std::string{};
  if (!found->is_string())
    return Error{Code::InvalidArgument, fmt::format("\"{}\" is a string", member)};
  return found->get<std::string>();
}

Result<std::string> address_of(const Json& json) {
  constexpr std::int64_t kLastPort = 65'535;
  sql::Address parts;
  parts.dialect = sql::Dialect::MySql;
  MR_TRY(const std::string host, text_of(json, "host"));
  MR_TRY(parts.user, text_of(json, "user"));
  MR_TRY(parts.schema, text_of(json, "schema"));
  if (!host.empty()) parts.host = host;
  if (const auto port = json.find("port"); port != json.end() && !port->is_null()) {
    const auto number = whole_number(*port);
    if (!number || *number < 1 || *number > kLastPort)
      return Error{Code::InvalidArgument, "\"port\" is a number from 1 to 65535"};
    parts.port = static_cast<int>(*number);
  }
  if (parts.user.empty() || parts.schema.empty())
    return Error{Code::InvalidArgument, "it needs \"address\", or \"user\" and \"schema\""};
  return parts.describe();
}

Result<ConnectionSettings> read_members(const Json& json) {
  constexpr std::array<std::string_view, 6> kMembers{"address", "host",   "port",
                                                     "user",    "schema", "password"};
  if (!json.is_object()) return Error{Code::InvalidArgument, "it is an object"};
  for (const auto& [key, value] : json.items()) {
    if (std::find(kMembers.begin(), kMembers.end(), key) == kMembers.end()) {
      return Error{Code::InvalidArgument,
                   fmt::format("unknown key \"{}\"; there are {}", printable(key, 60),
                               fmt::join(kMembers, ", "))};
    }
  }
  ConnectionSettings read;
  MR_TRY(read.password, text_of(json, "password"));
  MR_TRY(read.address, text_of(json, "address"));
  if (read.address.empty()) {
    MR_TRY(read.address, address_of(json));
  } else if (json.contains("host") || json.contains("port") || json.contains("user") ||
             json.contains("schema")) {
    return Error{Code::InvalidArgument, "\"address\" stands alone or with \"password\""};
  }
  return read;
}

}  // namespace

Result<ConnectionSettings> read_connection(std::string_view name, const Json& json) {
  auto read = read_members(json);
  if (!read.ok())
    return std::move(read).error().within(fmt::format("connection {}", printable(name, 80)));
  MR_CHECK(check_connection(name, *read));
  return read;
}

Error no_connection(std::string_view name) {
  return {Code::NotFound,
          fmt::format("connection: none has this name; give it to the server or the command with "
                      "--connection NAME=ADDRESS: {}",
                      printable(name, 80))};
}

std::string_view sqlite_path(std::string_view address) {
  constexpr std::string_view kScheme = "sqlite:";
  return address.starts_with(kScheme) ? address.substr(kScheme.size()) : std::string_view{};
}

Result<void> check_connection(std::string_view name, const ConnectionSettings& connection) {
  if (!is_name(name)) {
    return Error{Code::InvalidArgument,
                 fmt::format("connection: a name has 1 to {} letters, digits and \"_-.\": {}",
                             kMostConnectionNameBytes, printable(name, 80))};
  }
  const auto within = fmt::format("connection {}", name);
  if (connection.password.size() > kMostPasswordBytesOfConnection ||
      connection.password.find('\0') != std::string::npos) {
    return Error{Code::InvalidArgument,
                 fmt::format("{}: the password is longer than {} bytes, or has a zero byte", within,
                             kMostPasswordBytesOfConnection)};
  }
  try {
    sql::parse_address(connection.address);
  } catch (const sql::Failure& failure) {
    return Error{Code::InvalidArgument, fmt::format("{}: {}", within, failure.what())};
  }
  return {};
}

}  // namespace millrace
