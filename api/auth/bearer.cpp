#include "api/auth/bearer.hpp"

namespace millrace::auth {

std::variant<std::string_view, BearerFault> read_bearer(const http::Headers& headers) {
  constexpr std::string_view kScheme = "Bearer";
  constexpr std::string_view kBlanks = " \t";
  constexpr std::string_view kTokenLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  const auto header = headers.find("Authorization");
  if (!header) return BearerFault::Absent;
  auto text = *header;
  if (text.substr(0, kScheme.size()) != kScheme) return BearerFault::Malformed;
  text.remove_prefix(kScheme.size());
  if (text.starts_with(':')) text.remove_prefix(1);
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return BearerFault::Malformed;
  text = text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
  if (text.find_first_not_of(kTokenLetters) != std::string_view::npos)
    return BearerFault::Malformed;
  return text;
}

}  // namespace millrace::auth
