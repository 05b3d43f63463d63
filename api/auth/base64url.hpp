#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace::auth {

/// Returns URL-safe Base64 without padding (RFC 4648 section 5): '-' and '_', no '='.
std::string to_base64url(std::string_view bytes);

/// Returns the bytes, or nothing for a text that to_base64url() does not write: other alphabets,
/// padding, white space, and left-over bits that are not zero.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace millrace::auth
