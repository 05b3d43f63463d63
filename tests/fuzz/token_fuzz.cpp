// Tokens, tickets and Authorization headers as anybody may send them. The first byte says which; a
// token is also signed with the right secret, so that the readers behind the signature see it too.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "api/auth/bearer.hpp"
#include "api/auth/token.hpp"
#include "engine/base/base64.hpp"
#include "engine/base/json.hpp"

namespace {

using namespace millrace;

constexpr std::string_view kSecret = "a secret of thirty-two bytes, ok";
constexpr std::int64_t kNow = 1'700'000'060;

void require(bool holds) {
  if (!holds) std::abort();
}

const auth::TokenIssuer& tokens() {
  static const auto issuer =
      auth::TokenIssuer::make(std::string{kSecret}, std::chrono::seconds{900});
  return *issuer;
}

Clock::Wall now() { return Clock::Wall{std::chrono::seconds{kNow}}; }

std::string with_signature(const std::string& text) {
  return text + '.' + to_base64url(auth::as_text(auth::hmac_sha256(kSecret, text)));
}

// Holds an accepted token to what the library's own, more lenient reader says of it.
void check_accepted(std::string_view token, const auth::TokenClaims& claims) {
  require(token.size() <= auth::TokenVerifier::kMaxTokenBytes);
  const auto first = token.find('.');
  const auto second = token.rfind('.');
  require(with_signature(std::string{token.substr(0, second)}) == token);
  const auto read = [](std::string_view segment) {
    const auto text = from_base64url(segment);
    require(text.has_value() && to_base64url(*text) == segment);
    auto json = Json::parse(*text, nullptr, false);
    require(json.is_object());
    return json;
  };
  const auto header = read(token.substr(0, first));
  require(header.at("alg") == "HS256" && !header.contains("crit"));
  const auto payload = read(token.substr(first + 1, second - first - 1));
  require(payload.at("id") == claims.user_id && claims.user_id > 0);
  require(payload.at("exp") == claims.expires_at && claims.expires_at >= kNow);
  require(payload.at("iat") == claims.issued_at && claims.issued_at >= 0);
  require(payload.at("rf_exp") == claims.refresh_until && claims.refresh_until >= 0);
  require(payload.at("jti") == claims.token_id && !claims.token_id.empty());
  require(!tokens().verify_ticket(token, 42, now()).ok());
}

void verify(const std::string& token) {
  const auto claims = tokens().verify(token, now());
  if (claims.ok()) check_accepted(token, *claims);
}

void read_header(std::string_view value) {
  http::Headers headers;
  headers.add("Authorization", std::string{value});
  const auto answer = auth::read_bearer(headers);
  const auto* token = std::get_if<std::string_view>(&answer);
  if (token == nullptr) return;
  require(!token->empty() && value.starts_with("Bearer"));
  require(token->find_first_not_of(
              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ==
          std::string_view::npos);
}

void verify_ticket(const std::string& text) {
  const auto claims = tokens().verify_ticket(text, 42, now());
  if (!claims.ok()) return;
  // Only the issuer makes them, at some moment of the last five minutes.
  bool is_ours = false;
  for (int ago = 0; ago <= 300; ++ago)
    is_ours = is_ours ||
              tokens().issue_ticket(42, claims->user_id, now() - std::chrono::seconds{ago}) == text;
  require(is_ours);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text{reinterpret_cast<const char*>(data) + 1, size - 1};
  switch (data[0] % 5) {
    case 0:
      verify(text);
      break;
    case 1:
      verify(with_signature(text));
      break;
    case 2: {
      const auto line = text.find('\n');
      const auto header = text.substr(0, line);
      const auto payload = line == std::string::npos ? std::string{} : text.substr(line + 1);
      verify(with_signature(to_base64url(header) + '.' + to_base64url(payload)));
      break;
    }
    case 3:
      verify_ticket(text);
      break;
    default:
      read_header(text);
  }
  return 0;
}
