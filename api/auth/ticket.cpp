// Tickets for downloads: the part of TokenIssuer that is no JSON Web Token. A ticket is the
// Base64url text of 48 bytes: expiry and user as big-endian 64-bit integers, and the signature of
// these and of the model, which the address names.
#include <algorithm>
#include <string>

#include "api/auth/token.hpp"
#include "api/auth/unix_seconds.hpp"
#include "engine/base/base64.hpp"

namespace millrace::auth {

namespace {

using Kind = TokenFault::Kind;

constexpr std::size_t kIntegerBytes = 8;

std::string to_bytes(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>((bits >> shift) & 0xff);
  return bytes;
}

std::int64_t from_bytes(std::string_view bytes) {
  std::uint64_t bits = 0;
  for (const char byte : bytes) bits = bits << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(bits);
}

}  // namespace

std::string TokenIssuer::issue_ticket(std::int64_t model_id, std::int64_t user_id, Clock::Wall now,
                                      std::int64_t earliest) const {
  const auto issued_at = std::max(unix_seconds(now), earliest);
  const auto said = to_bytes(issued_at + kTicketLifetime.count()) + to_bytes(user_id);
  const auto signature = hmac_sha256(as_text(ticket_key_), said + to_bytes(model_id));
  return to_base64url(said + std::string{as_text(signature)});
}

Result<TicketClaims, TokenFault> TokenIssuer::verify_ticket(std::string_view ticket,
                                                            std::int64_t model_id,
                                                            Clock::Wall now) const {
  constexpr std::size_t kBytes = 2 * kIntegerBytes + Digest{}.size();
  if (ticket.size() != kBytes / 3 * 4) return TokenFault{Kind::NotAToken};
  const auto bytes = from_base64url(ticket);
  if (!bytes || bytes->size() != kBytes) return TokenFault{Kind::NotAToken};
  const auto said = bytes->substr(0, 2 * kIntegerBytes);
  Digest signature{};
  std::copy(bytes->begin() + 2 * kIntegerBytes, bytes->end(), signature.begin());
  if (!equal(hmac_sha256(as_text(ticket_key_), said + to_bytes(model_id)), signature))
    return TokenFault{Kind::BadSignature};
  const auto expires_at = from_bytes(said.substr(0, kIntegerBytes));
  if (unix_seconds(now) > expires_at) return TokenFault{Kind::Expired};
  const auto user_id = from_bytes(said.substr(kIntegerBytes));
  if (user_id < 1) return TokenFault{Kind::BadClaim, "id"};
  return TicketClaims{.user_id = user_id, .issued_at = expires_at - kTicketLifetime.count()};
}

}  // namespace millrace::auth
