#include "engine/base/password.hpp"

#include <algorithm>
#include <array>
#include <semaphore>
#include <variant>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sodium/core.h>
#include <sodium/crypto_pwhash.h>

#include "engine/base/stored_password.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

constexpr auto kPasses = crypto_pwhash_OPSLIMIT_INTERACTIVE;
constexpr auto kMemoryBytes = crypto_pwhash_MEMLIMIT_INTERACTIVE;

// libsodium chooses its code for this processor once.
bool sodium_is_ready() {
  static const bool ready = ::sodium_init() >= 0;
  return ready;
}

// libsodium takes no null pointer, which an empty view may hold.
const char* bytes_of(std::string_view password) { return password.empty() ? "" : password.data(); }

// One of the few turns at hashing, for as long as it lives.
class Turn {
 public:
  Turn() { turns().acquire(); }
  ~Turn() { turns().release(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  static std::counting_semaphore<kMostHashesAtOnce>& turns() {
    static std::counting_semaphore<kMostHashesAtOnce> all{kMostHashesAtOnce};
    return all;
  }
};

bool matches_argon2id(std::string_view password, std::string_view stored) {
  std::array<char, crypto_pwhash_STRBYTES> text{};  // what is not written stays zero: its end
  if (stored.size() >= text.size() || !sodium_is_ready()) return false;
  std::copy(stored.begin(), stored.end(), text.begin());
  return ::crypto_pwhash_str_verify(text.data(), bytes_of(password), password.size()) == 0;
}

bool matches_pbkdf2(std::string_view password, const detail::Pbkdf2Sha512& stored) {
  decltype(stored.result) result{};
  return ::PKCS5_PBKDF2_HMAC(bytes_of(password), static_cast<int>(password.size()),
                             stored.salt.data(), static_cast<int>(stored.salt.size()),
                             static_cast<int>(stored.rounds), ::EVP_sha512(),
                             static_cast<int>(result.size()), result.data()) == 1 &&
         ::CRYPTO_memcmp(result.data(), stored.result.data(), result.size()) == 0;
}

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  if (password.size() > kMaxPasswordBytes)
    return Error{Code::InvalidArgument,
                 fmt::format("password: longer than {} bytes", kMaxPasswordBytes)};
  if (!sodium_is_ready())
    return Error{Code::Internal, "password: cannot be hashed here", "sodium_init failed"};
  std::array<char, crypto_pwhash_STRBYTES> text{};
  const Turn turn;
  if (::crypto_pwhash_str_alg(text.data(), bytes_of(password), password.size(), kPasses,
                              kMemoryBytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return Error{Code::Exhausted,
                 fmt::format("password: hashing it takes {} MiB, which are not free: try later",
                             kMemoryBytes >> 20)};
  return std::string{text.data()};
}

bool verify_password(std::string_view password, std::string_view stored) {
  const auto form = detail::read_stored_password(stored);
  if (!form || password.size() > kMaxPasswordBytes) return false;
  const Turn turn;
  if (const auto* pbkdf2 = std::get_if<detail::Pbkdf2Sha512>(&*form))
    return matches_pbkdf2(password, *pbkdf2);
  return matches_argon2id(password, stored);
}

bool needs_rehash(std::string_view stored) {
  const auto form = detail::read_stored_password(stored);
  const auto* cost = form ? std::get_if<detail::Argon2idCost>(&*form) : nullptr;
  return cost == nullptr || cost->memory_kib != kMemoryBytes >> 10 || cost->passes != kPasses;
}

}  // namespace millrace
