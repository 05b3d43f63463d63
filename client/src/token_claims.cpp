#include "client/src/token_claims.hpp"

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

namespace millrace::client::detail {
namespace {

// Returns the value of a base64url digit (RFC 4648, section 5), or -1.
int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string bytes;
  unsigned buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const int digit = digit_of(c);
    if (digit < 0) return std::nullopt;
    buffer = (buffer << 6 | static_cast<unsigned>(digit)) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(buffer >> bits & 0xff);
    }
  }
  return bytes;
}

std::optional<std::int64_t> number(const nlohmann::json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

}  // namespace

bool is_token_text(std::string_view token) {
  return !token.empty() && std::all_of(token.begin(), token.end(),
                                       [](char c) { return digit_of(c) >= 0 || c == '.'; });
}

TokenClaims read_claims(std::string_view token) {
  constexpr std::size_t kMaxBytes = 16384;
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos ||
      token.size() > kMaxBytes) {
    return {};
  }
  const auto text = decode_base64url(token.substr(first + 1, second - first - 1));
  if (!text) return {};
  const auto claims = nlohmann::json::parse(*text, nullptr, false);
  if (!claims.is_object()) return {};
  return {number(claims, "id"), number(claims, "iat"), number(claims, "exp")};
}

}  // namespace millrace::client::detail
