#include "api/auth/token_verifier.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/auth/hmac.hpp"
#include "api/auth/unix_seconds.hpp"
#include "engine/base/base64.hpp"

#include <fmt/format.h>

namespace millrace::auth {

namespace {

using Kind = TokenFault::Kind;
using Type = TokenRules::Claim::Type;
using Checked = Result<void, TokenFault>;

constexpr std::string_view kAlgorithm = "HS256";
constexpr std::string_view kType = "JWT";
constexpr std::string_view kAudience = "aud";
constexpr std::string_view kNotBefore = "nbf";

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
      parse_json(*text, JsonLimits{.max_bytes = TokenVerifier::kMaxTokenBytes, .max_depth = 8});
  if (!parsed.ok() || !parsed->is_object()) return std::nullopt;
  return *std::move(parsed);
}

// It was signed with our secret, so the algorithm is ours in truth; a header that says otherwise is
// still not one of ours. "crit" lists extensions that a reader must know (RFC 7515, section
// 4.1.11): we know none.
bool is_our_header(const Json& header) {
  const auto algorithm = header.find("alg");
  const auto type = header.find("typ");
  return algorithm != header.end() && *algorithm == kAlgorithm &&
         (type == header.end() || *type == kType) && !header.contains("crit");
}

// What a claim measures by: an integer itself, a text by its length. Nothing for another type, and
// for an integer of more than 63 bits.
std::optional<std::int64_t> measure(const Json& value, Type type) {
  if (type == Type::Text) {
    if (!value.is_string()) return std::nullopt;
    return static_cast<std::int64_t>(value.get_ref<const std::string&>().size());
  }
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  return value.get<std::int64_t>();
}

Checked check_claim(const TokenRules::Claim& rule, const Json& claims) {
  const auto found = claims.find(rule.name);
  if (found == claims.end()) {
    if (rule.is_required) return TokenFault{Kind::MissingClaim, rule.name};
    return {};
  }
  const auto size = measure(*found, rule.type);
  if (!size || *size < rule.least || *size > rule.most)
    return TokenFault{Kind::BadClaim, rule.name};
  return {};
}

// aud names the readers that a token is meant for (RFC 7519, section 4.1.3).
Checked check_audience(const std::string& wanted, const Json& claims) {
  const auto audience = claims.find(kAudience);
  if (audience == claims.end()) {
    if (wanted.empty()) return {};
    return TokenFault{Kind::MissingClaim, kAudience};
  }
  const bool is_named =
      !wanted.empty() && (audience->is_array() ? std::find(audience->begin(), audience->end(),
                                                           Json(wanted)) != audience->end()
                                               : *audience == Json(wanted));
  if (!is_named) return TokenFault{Kind::BadClaim, kAudience};
  return {};
}

// The time that a claim says, when the rules name it.
std::optional<std::int64_t> time_in(const TokenRules& rules, const Json& claims,
                                    std::string_view name) {
  const bool counts = std::any_of(rules.claims.begin(), rules.claims.end(),
                                  [name](const auto& claim) { return claim.name == name; });
  const auto found = claims.find(name);
  if (!counts || found == claims.end()) return std::nullopt;
  return found->get<std::int64_t>();
}

// In the arithmetic of what is left of the leeway, which does not overflow.
bool is_later(std::int64_t left, std::int64_t right, std::chrono::seconds leeway) {
  return left > right && static_cast<std::uint64_t>(left) - static_cast<std::uint64_t>(right) >
                             static_cast<std::uint64_t>(leeway.count());
}

}  // namespace

TokenVerifier::TokenVerifier(std::string secret, TokenRules rules)
    : secret_{std::move(secret)}, rules_{std::move(rules)} {}

Result<TokenVerifier> TokenVerifier::make(std::string secret, TokenRules rules) {
  const auto least = std::max<std::size_t>(rules.secret_bytes_min, 1);
  if (secret.size() < least)
    return Error{
        Code::InvalidArgument,
        fmt::format("secret of tokens: {} bytes, at least {} are needed", secret.size(), least)};
  return TokenVerifier{std::move(secret), std::move(rules)};
}

Result<Json, TokenFault> TokenVerifier::verify(std::string_view token, Clock::Wall now) const {
  if (token.size() > kMaxTokenBytes) return TokenFault{Kind::NotAToken};
  const auto segments = split(token);
  if (!segments) return TokenFault{Kind::NotAToken};
  if (!is_signed(*segments, secret_)) return TokenFault{Kind::BadSignature};
  const auto header = read_object(segments->header);
  if (!header) return TokenFault{Kind::NotAToken};
  if (!is_our_header(*header)) return TokenFault{Kind::BadHeader};
  auto claims = read_object(segments->payload);
  if (!claims) return TokenFault{Kind::NotAToken};
  for (const auto& rule : rules_.claims) MR_CHECK(check_claim(rule, *claims));
  MR_CHECK(check_audience(rules_.audience, *claims));
  const auto second = unix_seconds(now);
  const auto begins = time_in(rules_, *claims, kNotBefore);
  if (begins && is_later(*begins, second, rules_.leeway))
    return TokenFault{Kind::BadClaim, kNotBefore};
  const auto ends = time_in(rules_, *claims, "exp");
  if (ends && is_later(second, *ends, rules_.leeway)) return TokenFault{Kind::Expired};
  return *std::move(claims);
}

std::string TokenVerifier::sign(const Json& claims) const {
  static const auto header = to_base64url(Json{{"typ", kType}, {"alg", kAlgorithm}}.dump());
  auto token = header + '.' + to_base64url(claims.dump());
  const auto signature = hmac_sha256(secret_, token);
  token += '.';
  token += to_base64url(as_text(signature));
  return token;
}

}  // namespace millrace::auth
