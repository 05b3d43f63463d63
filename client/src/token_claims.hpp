#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::client::detail {

/// What a client wants to know of a JSON Web Token (RFC 7519). The signature is not looked at:
/// only the server can verify it.
struct TokenClaims {
  std::optional<std::int64_t> user_id, issued, expires;  // the latter two: seconds since 1970
};

/// Tells whether a text may stand behind "Bearer " in a header: letters, digits, "_", ".", "-".
bool is_token_text(std::string_view token);

/// Returns the claims `id`, `iat` and `exp`, as far as they can be read.
TokenClaims read_claims(std::string_view token);

}  // namespace millrace::client::detail
