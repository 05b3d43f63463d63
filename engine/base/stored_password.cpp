#include "engine/base/stored_password.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <string>

#include <sodium/utils.h>

namespace millrace::detail {
namespace {

// Takes `word` off the front of `text`; false where something else stands there.
bool take(std::string_view& text, std::string_view word) {
  if (text.substr(0, word.size()) != word) return false;
  text.remove_prefix(word.size());
  return true;
}

// Takes a decimal number off the front: no sign, no leading zero, so 0 is none either.
std::optional<std::uint32_t> take_number(std::string_view& text) {
  if (text.empty() || text.front() == '0') return std::nullopt;
  std::uint32_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// Decodes standard Base64 without padding that fills `bytes` exactly. Bits left over must be zero,
// so that a value has one spelling.
bool decode(std::string_view text, std::span<unsigned char> bytes) {
  std::size_t size = 0;
  return sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size,
                           nullptr, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
         size == bytes.size();
}

// The same with '.' for '+', the alphabet of passlib.
bool decode_dotted(std::string_view text, std::span<unsigned char> bytes) {
  if (text.find('+') != std::string_view::npos) return false;
  std::string plain{text};
  std::replace(plain.begin(), plain.end(), '.', '+');
  return decode(plain, bytes);
}

std::optional<StoredPassword> read_argon2id(std::string_view text) {
  Argon2idCost cost;
  const auto memory = take_number(text);
  if (!memory || !take(text, ",t=")) return std::nullopt;
  const auto passes = take_number(text);
  if (!passes || !take(text, ",p=1$")) return std::nullopt;
  cost.memory_kib = *memory;
  cost.passes = *passes;
  constexpr std::uint32_t kMinMemoryKib = 8;  // RFC 9106, section 3.1, for one lane
  const auto filled_kib = std::uint64_t{cost.memory_kib} * cost.passes;
  if (cost.memory_kib < kMinMemoryKib || cost.memory_kib > kMaxMemoryKib ||
      filled_kib > kMaxFilledKib)
    return std::nullopt;
  std::array<unsigned char, 16> salt{};
  std::array<unsigned char, 32> result{};
  const auto dollar = text.find('$');
  if (dollar == std::string_view::npos || !decode(text.substr(0, dollar), salt) ||
      !decode(text.substr(dollar + 1), result))
    return std::nullopt;
  return cost;
}

std::optional<StoredPassword> read_pbkdf2(std::string_view text) {
  Pbkdf2Sha512 stored;
  const auto rounds = take_number(text);
  if (!rounds || *rounds > kMaxRounds || !take(text, "$")) return std::nullopt;
  stored.rounds = *rounds;
  const auto dollar = text.find('$');
  if (dollar == std::string_view::npos || !decode_dotted(text.substr(0, dollar), stored.salt) ||
      !decode_dotted(text.substr(dollar + 1), stored.result))
    return std::nullopt;
  return stored;
}

}  // namespace

std::optional<StoredPassword> read_stored_password(std::string_view stored) {
  if (take(stored, "$argon2id$v=19$m=")) return read_argon2id(stored);
  if (take(stored, "$pbkdf2-sha512$")) return read_pbkdf2(stored);
  return std::nullopt;
}

}  // namespace millrace::detail
