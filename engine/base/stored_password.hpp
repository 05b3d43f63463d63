#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace millrace::detail {

/// The cost of an argon2id text. Salt and result stay in the text, which libsodium reads itself.
struct Argon2idCost {
  std::uint32_t memory_kib = 0;
  std::uint32_t passes = 0;
};

/// All that a PBKDF2-HMAC-SHA512 text says.
struct Pbkdf2Sha512 {
  std::uint32_t rounds = 0;
  std::array<unsigned char, 16> salt{};
  std::array<unsigned char, 64> result{};
};

using StoredPassword = std::variant<Argon2idCost, Pbkdf2Sha512>;

/// Bounds of what a stored text may ask of us: whoever could write one would else decide how long a
/// sign-in computes. libsodium's MODERATE limits (768 MiB filled in all, no more than 256 MiB at
/// once) took 0.6 s, and a million rounds 0.8 s, on one core at 2.6 GHz.
inline constexpr std::uint32_t kMaxMemoryKib = 256u << 10;
inline constexpr std::uint64_t kMaxFilledKib = 3u * kMaxMemoryKib;
inline constexpr std::uint32_t kMaxRounds = 1'000'000;

/// Reads "$argon2id$v=19$m=65536,t=2,p=1$salt$result" as libsodium writes it, or
/// "$pbkdf2-sha512$25000$salt$result" (16 and 64 bytes in unpadded Base64 with '.' for '+').
/// Nothing: another form, or a cost beyond the bounds above.
std::optional<StoredPassword> read_stored_password(std::string_view stored);

}  // namespace millrace::detail
