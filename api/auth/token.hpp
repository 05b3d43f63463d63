#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/auth/hmac.hpp"
#include "api/auth/token_verifier.hpp"
#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"

namespace millrace::auth {

/// What a good token says. Times are seconds since 1970.
struct TokenClaims {
  std::int64_t user_id = 0;        // id
  std::int64_t issued_at = 0;      // iat
  std::int64_t expires_at = 0;     // exp: the last second in which it is good
  std::int64_t refresh_until = 0;  // rf_exp
  std::string token_id;            // jti
};

/// What a good ticket says.
struct TicketClaims {
  std::int64_t user_id = 0;
  std::int64_t issued_at = 0;  // seconds since 1970
};

/// A new token, and for how long it is good.
struct RenewedToken {
  std::string text;
  std::chrono::seconds lifetime;
};

/// Makes and checks the tokens of one server that knows its users, and tickets for downloads.
/// Nothing is kept: a token is good until it expires, or until whoever knows the users says that
/// what was issued before some second is not. [any thread]
class TokenIssuer {
 public:
  static constexpr std::chrono::seconds kRefreshWindow = std::chrono::days{30};
  static constexpr std::chrono::seconds kTicketLifetime{300};

  /// InvalidArgument: a secret of fewer than 32 bytes, or a lifetime that is not between one second
  /// and the refresh window.
  static Result<TokenIssuer> make(std::string secret, std::chrono::seconds lifetime);

  /// Returns a new token for a user (ids begin at 1), issued at `now`, or at the second `earliest`
  /// where that is still to come.
  [[nodiscard]] std::string issue(std::int64_t user_id, Clock::Wall now,
                                  std::int64_t earliest = 0) const;
  /// Returns a token in the place of a good one, whose last second of refreshing it takes over and
  /// does not outlive.
  [[nodiscard]] Result<RenewedToken, TokenFault> renew(const TokenClaims& old,
                                                       Clock::Wall now) const;
  [[nodiscard]] Result<TokenClaims, TokenFault> verify(std::string_view token,
                                                       Clock::Wall now) const;

  /// Returns a text for the query of one model's download address, 64 characters that need no
  /// escaping: lets `user_id` fetch that model for 300 s from `now` on, or from `earliest`. Its key
  /// is not that of tokens, so neither stands for the other.
  [[nodiscard]] std::string issue_ticket(std::int64_t model_id, std::int64_t user_id,
                                         Clock::Wall now, std::int64_t earliest = 0) const;
  /// Returns the user whom the ticket lets fetch `model_id`; whether that user still may is for the
  /// caller to ask.
  [[nodiscard]] Result<TicketClaims, TokenFault> verify_ticket(std::string_view ticket,
                                                               std::int64_t model_id,
                                                               Clock::Wall now) const;

  [[nodiscard]] std::chrono::seconds lifetime() const { return lifetime_; }

 private:
  TokenIssuer(TokenVerifier tokens, Digest ticket_key, std::chrono::seconds lifetime);
  [[nodiscard]] std::string sign(const TokenClaims& claims) const;

  TokenVerifier tokens_;
  Digest ticket_key_;
  std::chrono::seconds lifetime_;
};

}  // namespace millrace::auth
