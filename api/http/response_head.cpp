#include "api/http/response_head.hpp"

#include <array>
#include <charconv>
#include <ctime>
#include <strings.h>

#include "api/http/status.hpp"
#include "engine/base/ascii.hpp"

#include <fmt/format.h>

namespace millrace::http {

namespace {

bool is_ours(std::string_view name) {
  return equal_without_case(name, "Content-Length") || equal_without_case(name, "Connection") ||
         equal_without_case(name, "Transfer-Encoding") || equal_without_case(name, "Date") ||
         equal_without_case(name, "Keep-Alive");
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out += (byte < 0x20 && c != '\t') || byte == 0x7f ? ' ' : c;
  }
}

bool is_token(std::string_view name) {
  if (name.empty()) return false;
  for (const char c : name)
    if (c <= ' ' || c >= 0x7f || c == ':') return false;
  return true;
}

}  // namespace

void append_head(std::string& out, const Response& response, const HeadSettings& settings) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(response.status));
  out += ' ';
  response.reason.empty() ? out += reason_phrase(response.status)
                          : (append_value(out, response.reason), out);
  out += "\r\nDate: ";
  out += settings.date;
  for (const auto& [name, value] : response.headers) {
    if (!is_token(name) || is_ours(name)) continue;
    out += "\r\n";
    out += name;
    out += ": ";
    append_value(out, value);
  }
  const bool has_no_body =
      response.status == 204 || response.status == 304 || response.status < 200;
  if (settings.framing == Framing::Chunked) {
    out += "\r\nTransfer-Encoding: chunked";
  } else if (settings.framing == Framing::Length && !has_no_body) {
    out += "\r\nContent-Length: ";
    append_number(out, settings.length);
  }
  if (!settings.keep_alive) {
    out += "\r\nConnection: close";
  } else if (settings.is_http_1_0) {
    out += "\r\nConnection: keep-alive";
  }
  out += "\r\n\r\n";
}

std::string date_header(std::int64_t seconds_since_1970) {
  static constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed",
                                                         "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = seconds_since_1970;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                     kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string_view header_of(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (equal_without_case(key, name)) return value;
  return {};
}

}  // namespace millrace::http
