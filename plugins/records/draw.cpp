#include "plugins/records/draw.hpp"

#include <cstddef>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>

namespace millrace::records {

namespace {

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
};

// Fetching the digest and making its context cost more than hashing a short text, so a thread does
// both once.
struct Hasher {
  std::unique_ptr<EVP_MD, Free> digest{EVP_MD_fetch(nullptr, "SHA1", nullptr)};
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

}  // namespace

Sha1Digest sha1(std::string_view bytes) {
  thread_local const Hasher hasher;
  Sha1Digest digest{};
  unsigned size = 0;
  if (!hasher.digest || !hasher.context ||
      EVP_DigestInit_ex2(hasher.context.get(), hasher.digest.get(), nullptr) != 1 ||
      EVP_DigestUpdate(hasher.context.get(), bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(hasher.context.get(), digest.data(), &size) != 1) {
    throw std::runtime_error{
        "SHA-1 is not available in this OpenSSL: its default provider is missing"};
  }
  return digest;
}

std::uint64_t first_bytes(const Sha1Digest& digest) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | digest[i];
  return value;
}

}  // namespace millrace::records
