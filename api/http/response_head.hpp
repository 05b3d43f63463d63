#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/http/message.hpp"

namespace millrace::http {

/// How the end of a body is told.
enum class Framing { Length, Chunked, UntilClose };

struct HeadSettings {
  bool is_http_1_0 = false;
  bool keep_alive = true;
  Framing framing = Framing::Length;
  std::uint64_t length = 0;  // with Framing::Length
  std::string_view date;     // as date_header() gives it
};

/// Appends the status line and the header fields of `response`, with the empty line. The server
/// alone says Date, Connection, Content-Length and Transfer-Encoding; what a handler says of them
/// is left out. Line breaks in values become spaces, so that no value can start a header of its
/// own.
void append_head(std::string& out, const Response& response, const HeadSettings& settings);

/// Returns the present time as the header Date wants it: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string date_header(std::int64_t seconds_since_1970);

/// Returns the first value of a header of `response`, empty when there is none.
std::string_view header_of(const Response& response, std::string_view name);

}  // namespace millrace::http
