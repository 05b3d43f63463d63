#include "api/auth/token.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "api/auth/unix_seconds.hpp"
#include "engine/base/base64.hpp"
#include "engine/base/json.hpp"
#include "engine/base/random.hpp"

#include <fmt/format.h>

namespace millrace::auth {

namespace {

using Kind = TokenFault::Kind;

constexpr std::string_view kAlgorithm = "HS256";
constexpr std::string_view kType = "JWT";
constexpr std::int64_t kLastSecond = 253'402'300'799;  // the end of the year 9999
constexpr std::size_t kMaxTokenIdBytes = 128;

// The three segments of RFC 7515, section 3.1, and what the third signs.
struct Segments {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_text;
};

std::optional<Segments> split(std::string_view token) {
  const auto first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return std::nullopt;
  return Segments{token.substr(0, first), token.substr(first + 1, second - first - 1),
                  token.substr(second + 1), token.substr(0, second)};
}

bool is_signed(const Segments& segments, std::string_view secret) {
  const auto given = from_base64url(segments.signature);
  Digest signature{};
  if (!given || given->size() != signature.size()) return false;
  std::copy(given->begin(), given->end(), signature.begin());
  return equal(hmac_sha256(secret, segments.signed_text), signature);
}

// Returns the JSON object in a segment. Members that come twice are an error of parse_json().
std::optional<Json> read_object(std::string_view segment) {
  const auto text = from_base64url(segment);
  if (!text) return std::nullopt;
  auto parsed =
      parse_json(*text, JsonLimits{.max_bytes = TokenIssuer::kMaxTokenBytes, .max_depth = 8});
  if (!parsed.ok() || !parsed->is_object()) return std::nullopt;
  return *std::move(parsed);
}

// We signed it, so the algorithm is ours in truth; a header that says otherwise is still not one of
// ours. "crit" lists extensions that a reader must know (RFC 7515, section 4.1.11): we know none.
bool is_our_header(const Json& header) {
  const auto algorithm = header.find("alg");
  const auto type = header.find("typ");
  return algorithm != header.end() && *algorithm == kAlgorithm &&
         (type == header.end() || *type == kType) && !header.contains("crit");
}

// Reads one integer claim between `least` (not negative) and `most`.
std::optional<TokenFault> read_integer(const Json& claims, std::string_view name,
                                       std::int64_t least, std::int64_t most, std::int64_t& value) {
  const auto found = claims.find(name);
  if (found == claims.end()) return TokenFault{Kind::MissingClaim, name};
  const TokenFault bad{Kind::BadClaim, name};
  if (!found->is_number_unsigned()) return bad;  // a fraction, a negative number, no number
  const auto number = found->get<std::uint64_t>();
  if (number < static_cast<std::uint64_t>(least) || number > static_cast<std::uint64_t>(most))
    return bad;
  value = static_cast<std::int64_t>(number);
  return std::nullopt;
}

std::optional<TokenFault> read_token_id(const Json& claims, std::string& value) {
  constexpr std::string_view kName = "jti";
  const auto found = claims.find(kName);
  if (found == claims.end()) return TokenFault{Kind::MissingClaim, kName};
  if (!found->is_string()) return TokenFault{Kind::BadClaim, kName};
  value = found->get<std::string>();
  if (value.empty() || value.size() > kMaxTokenIdBytes) return TokenFault{Kind::BadClaim, kName};
  return std::nullopt;
}

// Claims that we never write and that another program with our secret may: "aud" names another
// reader, "nbf" a time to come (RFC 7519, sections 4.1.3 and 4.1.5).
std::optional<TokenFault> check_restrictions(const Json& claims, std::int64_t now) {
  if (claims.contains("aud")) return TokenFault{Kind::BadClaim, "aud"};
  std::int64_t not_before = 0;
  if (!claims.contains("nbf")) return std::nullopt;
  if (auto fault = read_integer(claims, "nbf", 0, kLastSecond, not_before)) return fault;
  if (now < not_before) return TokenFault{Kind::BadClaim, "nbf"};
  return std::nullopt;
}

std::variant<TokenClaims, TokenFault> read_claims(const Json& claims, std::int64_t now) {
  TokenClaims read;
  constexpr auto kLastId = std::numeric_limits<std::int64_t>::max();
  if (auto fault = read_token_id(claims, read.token_id)) return *fault;
  if (auto fault = read_integer(claims, "id", 1, kLastId, read.user_id)) return *fault;
  if (auto fault = read_integer(claims, "exp", 0, kLastSecond, read.expires_at)) return *fault;
  if (auto fault = read_integer(claims, "rf_exp", 0, kLastSecond, read.refresh_until))
    return *fault;
  if (auto fault = read_integer(claims, "iat", 0, kLastSecond, read.issued_at)) return *fault;
  if (auto fault = check_restrictions(claims, now)) return *fault;
  if (now > read.expires_at) return TokenFault{Kind::Expired};
  return read;
}

}  // namespace

TokenIssuer::TokenIssuer(std::string secret, std::chrono::seconds lifetime)
    : secret_{std::move(secret)},
      ticket_key_{derive_key(secret_, "millrace download ticket")},
      lifetime_{lifetime} {}

Result<TokenIssuer> TokenIssuer::make(std::string secret, std::chrono::seconds lifetime) {
  if (secret.size() < kMinSecretBytes)
    return Error{Code::InvalidArgument,
                 fmt::format("secret of tokens: {} bytes, at least {} are needed", secret.size(),
                             kMinSecretBytes)};
  if (lifetime < std::chrono::seconds{1} || lifetime > kRefreshWindow)
    return Error{Code::InvalidArgument, fmt::format("lifetime of tokens: {} s, must be 1 to {} s",
                                                    lifetime.count(), kRefreshWindow.count())};
  return TokenIssuer{std::move(secret), lifetime};
}

std::string TokenIssuer::issue(std::int64_t user_id, Clock::Wall now, std::int64_t earliest) const {
  const auto issued_at = std::max(unix_seconds(now), earliest);
  return sign({.user_id = user_id,
               .issued_at = issued_at,
               .expires_at = issued_at + lifetime_.count(),
               .refresh_until = issued_at + kRefreshWindow.count(),
               .token_id = system_random().uuid()});
}

std::variant<RenewedToken, TokenFault> TokenIssuer::renew(const TokenClaims& old,
                                                          Clock::Wall now) const {
  // One that was issued for a second to come is as good as it will be then.
  const auto issued_at = std::max(unix_seconds(now), old.issued_at);
  if (issued_at > old.refresh_until) return TokenFault{Kind::RefreshExpired};
  const auto expires_at = std::min(issued_at + lifetime_.count(), old.refresh_until);
  return RenewedToken{sign({.user_id = old.user_id,
                            .issued_at = issued_at,
                            .expires_at = expires_at,
                            .refresh_until = old.refresh_until,
                            .token_id = system_random().uuid()}),
                      std::chrono::seconds{expires_at - issued_at}};
}

std::string TokenIssuer::sign(const TokenClaims& claims) const {
  static const auto header = to_base64url(Json{{"typ", kType}, {"alg", kAlgorithm}}.dump());
  const Json payload{{"iat", claims.issued_at},        {"exp", claims.expires_at},
                     {"rf_exp", claims.refresh_until}, {"jti", claims.token_id},
                     {"id", claims.user_id},           {"rls", "admin,test"}};
  auto token = header + '.' + to_base64url(payload.dump());
  const auto signature = hmac_sha256(secret_, token);
  token += '.';
  token += to_base64url(as_text(signature));
  return token;
}

std::variant<TokenClaims, TokenFault> TokenIssuer::verify(std::string_view token,
                                                          Clock::Wall now) const {
  if (token.size() > kMaxTokenBytes) return TokenFault{Kind::NotAToken};
  const auto segments = split(token);
  if (!segments) return TokenFault{Kind::NotAToken};
  if (!is_signed(*segments, secret_)) return TokenFault{Kind::BadSignature};
  const auto header = read_object(segments->header);
  if (!header) return TokenFault{Kind::NotAToken};
  if (!is_our_header(*header)) return TokenFault{Kind::BadHeader};
  const auto claims = read_object(segments->payload);
  if (!claims) return TokenFault{Kind::NotAToken};
  return read_claims(*claims, unix_seconds(now));
}

}  // namespace millrace::auth
