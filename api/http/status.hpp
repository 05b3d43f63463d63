#pragma once

#include <string_view>

namespace millrace::http {

/// Returns the usual phrase of a status (RFC 9110, section 15), or "Status".
std::string_view reason_phrase(int status);

}  // namespace millrace::http
