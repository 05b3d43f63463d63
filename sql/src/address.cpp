#include <charconv>
#include <utility>

#include <millrace/sql/address.hpp>
#include <millrace/sql/failure.hpp>

namespace millrace::sql {

namespace {

constexpr std::string_view kSqlite = "sqlite:";
constexpr std::string_view kMysql = "mysql://";

[[noreturn]] void refuse(const std::string& what) {
  throw Failure{
      Code::InvalidArgument,
      "database address: " + what + "; wanted is sqlite:PATH or mysql://user@host:port/schema"};
}

// Reads %XX (RFC 3986, section 2.1), by which a part may hold what ends it.
std::string decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned byte = 0;
    const auto digits = text.substr(i + 1, 2);
    const auto [end, fault] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || fault != std::errc{} || end != digits.data() + 2 || byte == 0)
      refuse("a percent sign stands before two hexadecimal digits, which are not 00");
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

std::string encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kReserved = "%/?#[]@:&=";
  std::string encoded;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte >= 0x20 && byte != 0x7F && kReserved.find(letter) == std::string_view::npos) {
      encoded += letter;
    } else {
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 0xF]};
    }
  }
  return encoded;
}

// A path stays readable.
std::string encode_path(std::string_view path) {
  std::string encoded;
  while (true) {
    const auto slash = path.find('/');
    encoded += encode(path.substr(0, slash));
    if (slash == std::string_view::npos) return encoded;
    encoded += '/';
    path.remove_prefix(slash + 1);
  }
}

void read_settings(std::string_view text, Address& address) {
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto setting = text.substr(0, end);
    const auto equals = setting.find('=');
    const std::string key{setting.substr(0, equals)};
    const auto value =
        decode(equals == std::string_view::npos ? std::string_view{} : setting.substr(equals + 1));
    if (value.empty()) refuse("setting without a value: " + key);
    if (key == "socket") {
      address.socket = value;
    } else if (key == "ssl_ca") {
      address.ssl_ca = value;
    } else {
      refuse("unknown setting: " + key + " (there are socket and ssl_ca)");
    }
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
}

// "[::1]:3306" holds colons in the host.
void read_host(std::string_view text, Address& address) {
  const auto bracket = text.rfind(']');
  const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    constexpr int kLastPort = 65'535;
    const auto digits = text.substr(colon + 1);
    const auto* const last = digits.data() + digits.size();
    const auto [end, fault] = std::from_chars(digits.data(), last, address.port);
    if (fault != std::errc{} || end != last || address.port < 1 || address.port > kLastPort)
      refuse("not a port: " + std::string{digits});
  }
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host.empty()) refuse("no host before the port");
  address.host = decode(host);
}

Address read_mysql(std::string_view text) {
  Address address;
  address.dialect = Dialect::MySql;
  if (const auto question = text.find('?'); question != std::string_view::npos) {
    read_settings(text.substr(question + 1), address);
    text = text.substr(0, question);
  }
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) refuse("no schema named");
  const auto schema = text.substr(slash + 1);
  if (schema.find('/') != std::string_view::npos) refuse("the schema holds a slash");
  address.schema = decode(schema);
  const auto authority = text.substr(0, slash);
  const auto at = authority.rfind('@');
  if (at == std::string_view::npos || at == 0) refuse("no user named");
  const auto user = authority.substr(0, at);
  if (user.find(':') != std::string_view::npos)
    refuse("a password does not belong into it, but is given apart");
  address.user = decode(user);
  if (at + 1 < authority.size()) read_host(authority.substr(at + 1), address);
  return address;
}

}  // namespace

std::string Address::describe() const {
  if (dialect == Dialect::Sqlite) return std::string{kSqlite} + path;
  std::string text = std::string{kMysql} + encode(user) + "@";
  if (socket.empty()) {
    const bool is_ipv6 = host.find(':') != std::string::npos &&
                         host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string::npos;
    text += (is_ipv6 ? "[" + host + "]" : encode(host)) + ":" + std::to_string(port);
  }
  text += "/" + encode(schema);
  if (!socket.empty()) text += "?socket=" + encode_path(socket);
  if (!ssl_ca.empty()) text += (socket.empty() ? "?ssl_ca=" : "&ssl_ca=") + encode_path(ssl_ca);
  return text;
}

Address parse_address(std::string_view text) {
  if (text.substr(0, kMysql.size()) == kMysql) return read_mysql(text.substr(kMysql.size()));
  if (text.substr(0, kSqlite.size()) != kSqlite)
    refuse("unknown kind of database: " + std::string{text.substr(0, text.find(':'))});
  Address address;
  address.path = text.substr(kSqlite.size());
  if (address.path.empty()) refuse("no file named");
  return address;
}

std::string quote_name(Dialect dialect, std::string_view name) {
  const char quote = dialect == Dialect::MySql ? '`' : '"';
  if (name.empty()) throw Failure{Code::InvalidArgument, "database: a name is empty"};
  if (name.find('\0') != std::string_view::npos)
    throw Failure{Code::InvalidArgument, "database: a name holds a NUL"};
  std::string quoted{quote};
  quoted.reserve(name.size() + 2);
  for (const char letter : name) {
    if (letter == quote) quoted += quote;
    quoted += letter;
  }
  return quoted += quote;
}

std::string quote_table(Dialect dialect, const TableName& name) {
  const std::string table = quote_name(dialect, name.table);
  return name.schema.empty() ? table : quote_name(dialect, name.schema) + "." + table;
}

}  // namespace millrace::sql
