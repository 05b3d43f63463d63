#pragma once

#include <string>
#include <string_view>

namespace millrace::detail {

/// Returns what is wrong with an http(s) address, or nothing, and then its host as written
/// ("example.com:8080", "[::1]"). The text begins with "http:" or "https:".
std::string_view http_fault(std::string_view text, std::string& host);

/// Returns "host:port" in lower case with the scheme's own port where none is written, and without
/// a dot at the end of the name: two ways to write one host become equal.
std::string host_and_port(std::string_view host, bool is_https);

/// Percent-encodes what is not ASCII; the rest stays as written.
std::string ascii_uri(std::string_view text);

}  // namespace millrace::detail
