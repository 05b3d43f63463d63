#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace {

/// Returns the bytes of Base64 with padding (RFC 4648 section 4), or nothing for what is not that:
/// other alphabets, missing padding, white space, and left-over bits that are not zero.
std::optional<std::string> from_base64(std::string_view text);

/// Returns Base64 with padding.
std::string to_base64(std::string_view bytes);

/// Returns URL-safe Base64 without padding (RFC 4648 section 5): '-' and '_', no '='.
std::string to_base64url(std::string_view bytes);

/// Returns the bytes, or nothing for a text that to_base64url() does not write.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace millrace
