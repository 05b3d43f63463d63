#include "engine/catalog/mysql/mysql_address.hpp"

#include <charconv>

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::string_view kScheme = "mysql://";

Error wrong(std::string_view what) {
  return {Code::InvalidArgument,
          fmt::format("catalog address: {}; wanted is mysql://user@host:port/database", what)};
}

Result<void> read_settings(std::string_view text, MysqlAddress& address) {
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto setting = text.substr(0, end);
    const auto equals = setting.find('=');
    const auto key = setting.substr(0, equals);
    const std::string value{equals == std::string_view::npos ? std::string_view{}
                                                             : setting.substr(equals + 1)};
    if (value.empty()) return wrong(fmt::format("setting without a value: {}", key));
    if (key == "socket") {
      address.socket = value;
    } else if (key == "ssl_ca") {
      address.ssl_ca = value;
    } else {
      return wrong(fmt::format("unknown setting: {} (there are socket and ssl_ca)", key));
    }
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return {};
}

}  // namespace

std::string MysqlAddress::describe() const {
  return socket.empty() ? fmt::format("mysql://{}@{}:{}/{}", user, host, port, database)
                        : fmt::format("mysql://{}@localhost/{}?socket={}", user, database, socket);
}

Result<MysqlAddress> parse_mysql_address(std::string_view text) {
  if (!text.starts_with(kScheme)) return wrong("another scheme");
  text.remove_prefix(kScheme.size());
  MysqlAddress address;
  if (const auto question = text.find('?'); question != std::string_view::npos) {
    MR_CHECK(read_settings(text.substr(question + 1), address));
    text = text.substr(0, question);
  }
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size())
    return wrong("no database named");
  address.database = text.substr(slash + 1);
  if (address.database.find('/') != std::string::npos) return wrong("the database holds a slash");
  auto authority = text.substr(0, slash);
  const auto at = authority.rfind('@');
  if (at == std::string_view::npos || at == 0) return wrong("no user named");
  address.user = authority.substr(0, at);
  if (address.user.find(':') != std::string::npos) {
    return wrong(
        "a password does not belong here, but into a file (password_file) or "
        "MILLRACE_CATALOG_PASSWORD");
  }
  authority.remove_prefix(at + 1);
  if (authority.empty()) return address;
  // "[::1]:3306" holds colons in the host.
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const auto digits = authority.substr(colon + 1);
    const auto [end, fault] =
        std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
    if (fault != std::errc{} || end != digits.data() + digits.size() || address.port < 1 ||
        address.port > 65535) {
      return wrong(fmt::format("not a port: {}", digits));
    }
  }
  auto host = authority.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host.empty()) return wrong("no host before the port");
  address.host = host;
  return address;
}

}  // namespace millrace
