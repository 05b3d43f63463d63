#include "engine/store/http_uri.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "engine/base/utf8.hpp"

namespace millrace::detail {
namespace {

struct Host {
  std::string_view name;  // "[::1]" with its brackets
  std::string_view port;  // digits, or empty
  bool has_port = false;
};

Host split_host(std::string_view host) {
  auto colon = host.rfind(':');
  const auto bracket = host.rfind(']');
  if (colon != std::string_view::npos && bracket != std::string_view::npos && colon < bracket) {
    colon = std::string_view::npos;
  }
  if (colon == std::string_view::npos) return {host, {}, false};
  return {host.substr(0, colon), host.substr(colon + 1), true};
}

bool is_port(std::string_view digits) {
  unsigned value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return fault == std::errc{} && end == digits.data() + digits.size() && value >= 1 &&
         value <= 65535;
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  if (name.front() == '[') {
    if (name.size() < 4 || name.back() != ']') return false;
    const auto inside = name.substr(1, name.size() - 2);
    return inside.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
  }
  return name.front() != '.' && std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_');
         });
}

}  // namespace

std::string_view http_fault(std::string_view text, std::string& host) {
  if (!is_utf8(text)) return "not UTF-8";
  if (has_control_character(text)) return "control character";
  if (text.find_first_of(" \\") != std::string_view::npos) return "space or backslash";
  auto rest = text.substr(text.find(':') + 1);
  if (rest.substr(0, 2) != "//") return "two slashes must follow the scheme";
  rest.remove_prefix(2);
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) return "user names are not allowed in it";
  const auto parts = split_host(authority);
  if (parts.has_port && !is_port(parts.port)) return "the port is not a number from 1 to 65535";
  if (!is_host_name(parts.name)) return "bad host name";
  host = authority;
  return {};
}

std::string host_and_port(std::string_view host, bool is_https) {
  const auto parts = split_host(host);
  std::string out{parts.name};
  if (out.size() > 1 && out.back() == '.') out.pop_back();
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  out += ':';
  auto digits = parts.port;
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  out += digits.empty() ? std::string_view{is_https ? "443" : "80"} : digits;
  return out;
}

std::string ascii_uri(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

}  // namespace millrace::detail
