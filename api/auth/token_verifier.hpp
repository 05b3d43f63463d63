#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace::auth {

/// Why a token or ticket is not accepted. A dialect words it.
struct TokenFault {
  enum class Kind {
    NotAToken,     // another form: segments, encoding, JSON, size
    BadSignature,  // not made with our secret, or changed since
    BadHeader,     // signed with it, but says another algorithm, or asks for what we do not do
    MissingClaim,
    BadClaim,  // of another type, out of range, too early, or meant for somebody else
    Expired,
    RefreshExpired,  // still good, and not renewed any more
  };
  Kind kind = Kind::NotAToken;
  std::string_view claim{};  // MissingClaim, BadClaim: "exp"; that of the rules, or a literal
};

/// What a dialect wants of a token besides a good signature. What is not named here is not looked
/// at, but for aud.
struct TokenRules {
  struct Claim {
    enum class Type { Integer, Text };
    std::string_view name;  // a literal
    Type type = Type::Integer;
    bool is_required = true;
    // Of an integer; of the length of a text.
    std::int64_t least = std::numeric_limits<std::int64_t>::min();
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
  };
  /// Looked at in this order. exp and nbf are integers, and count only when they are named: a token
  /// is good from nbf on and through exp, seconds since 1970 (RFC 7519, section 4.1).
  std::vector<Claim> claims;
  /// Who aud must name, alone or in a list; empty: aud names somebody else, whoever it is.
  std::string audience{};
  std::chrono::seconds leeway{0};     // by which clocks may differ
  std::size_t secret_bytes_min = 32;  // RFC 7518, section 3.2
};

/// Checks JSON Web Tokens (RFC 7519) that were signed with one secret. The algorithm is
/// HMAC-SHA256, whatever a token says of itself, and nothing of a token is parsed before its
/// signature is known to be ours. [any thread]
class TokenVerifier {
 public:
  static constexpr std::size_t kMaxTokenBytes = 8192;

  /// InvalidArgument: a secret of fewer bytes than the rules want, or of none.
  static Result<TokenVerifier> make(std::string secret, TokenRules rules);

  /// Returns the claims, each as the rules want it.
  [[nodiscard]] Result<Json, TokenFault> verify(std::string_view token, Clock::Wall now) const;
  /// Returns a token of these claims.
  [[nodiscard]] std::string sign(const Json& claims) const;

 private:
  TokenVerifier(std::string secret, TokenRules rules);

  std::string secret_;
  TokenRules rules_;
};

}  // namespace millrace::auth
