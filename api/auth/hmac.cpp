#include "api/auth/hmac.hpp"

#include <cstdlib>
#include <string>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <spdlog/spdlog.h>

namespace millrace::auth {

Digest hmac_sha256(std::string_view key, std::string_view text) {
  Digest digest{};
  unsigned int size = 0;
  if (::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
             &size) == nullptr ||
      size != digest.size()) {
    // A signature of zeros could be guessed; only an OpenSSL without the algorithm comes here.
    spdlog::critical("hmac failed algorithm=SHA256");
    std::abort();
  }
  return digest;
}

Digest derive_key(std::string_view secret, std::string_view label) {
  const std::string no_salt(Digest{}.size(), '\0');
  const auto extracted = hmac_sha256(no_salt, secret);                  // RFC 5869, section 2.2
  return hmac_sha256(as_text(extracted), std::string{label} + '\x01');  // section 2.3, T(1)
}

bool equal(const Digest& left, const Digest& right) {
  return ::CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string_view as_text(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace millrace::auth
