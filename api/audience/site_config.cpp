#include "api/audience/site_config.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "engine/base/ascii.hpp"
#include "engine/base/json_numbers.hpp"

#include <fmt/format.h>

namespace millrace::audience {

namespace {

constexpr std::int64_t kLastPort = 65'535;

Error wrong(std::string_view member, std::string_view what) {
  return {Code::InvalidArgument, fmt::format("SITE_CONFIG: {} must be {}", member, what)};
}

Result<std::string> text_of(const Json& site, const char* member, std::string fallback) {
  const auto found = site.find(member);
  if (found == site.end() || found->is_null()) return fallback;
  if (!found->is_string()) return wrong(member, "a text");
  return found->get<std::string>();
}

Result<std::uint16_t> port_of(const Json& site, std::uint16_t fallback) {
  const auto found = site.find("port");
  if (found == site.end() || found->is_null()) return fallback;
  auto number = whole_number(*found);
  if (found->is_string()) {
    const auto& text = found->get_ref<const std::string&>();
    std::int64_t read = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
    if (error == std::errc{} && end == text.data() + text.size()) number = read;
  }
  if (!number || *number < 1 || *number > kLastPort)
    return wrong("port", "a number from 1 to 65535");
  return static_cast<std::uint16_t>(*number);
}

// Names of hosts have no case. Another spelling of an address is another host: who lists hosts
// lists them as they are to be written.
bool is_allowed(const std::string& host, const std::vector<std::string>& allowed) {
  return allowed.empty() || std::any_of(allowed.begin(), allowed.end(), [&](const auto& one) {
           return lower_case(one) == lower_case(host);
         });
}

}  // namespace

Result<ConnectionSettings> read_site(const Json& site, const std::string& schema,
                                     const Settings& settings) {
  DatabaseServer server;
  MR_TRY(server.host, text_of(site, "host", server.host));
  MR_TRY(server.port, port_of(site, server.port));
  MR_TRY(server.user, text_of(site, "user", {}));
  MR_TRY(server.password, text_of(site, "password", {}));
  MR_TRY(const auto database, text_of(site, "db", schema));
  if (server.host.empty()) return wrong("host", "the name or the address of a server");
  if (!is_allowed(server.host, settings.site_hosts))
    return Error{Code::InvalidArgument, "host is not allowed"};
  if (server.user.empty()) return wrong("user", "given");
  if (database.empty()) return wrong("db", "given");
  return server.connection("site", database);
}

}  // namespace millrace::audience
