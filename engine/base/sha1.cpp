#include "engine/base/sha1.hpp"

#include <cstdlib>

#include <openssl/evp.h>
#include <spdlog/spdlog.h>

namespace millrace {
namespace {

// Only an OpenSSL without the algorithm, or without memory, comes here, and no result is better
// than a wrong one.
[[noreturn]] void fail(const EVP_MD* kind) {
  spdlog::critical("digest failed algorithm={}", EVP_MD_get0_name(kind));
  std::abort();
}

template <std::size_t kSize>
std::array<std::uint8_t, kSize> digest(const EVP_MD* kind, std::string_view bytes) {
  std::array<std::uint8_t, kSize> out{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, kind, nullptr) != 1 ||
      size != kSize) {
    fail(kind);
  }
  return out;
}

}  // namespace

std::array<std::uint8_t, 20> sha1(std::string_view bytes) { return digest<20>(EVP_sha1(), bytes); }

std::array<std::uint8_t, 32> sha256(std::string_view bytes) {
  return digest<32>(EVP_sha256(), bytes);
}

void Digest::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Digest::Digest(const evp_md_st* kind) : context_{EVP_MD_CTX_new()} {
  if (!context_ || EVP_DigestInit_ex(context_.get(), kind, nullptr) != 1) fail(kind);
}

void Digest::update(std::string_view bytes) {
  if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1)
    fail(EVP_MD_CTX_get0_md(context_.get()));
}

void Digest::finish(std::span<std::uint8_t> out) {
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context_.get(), out.data(), &size) != 1 || size != out.size())
    fail(EVP_MD_CTX_get0_md(context_.get()));
}

Sha1::Sha1() : Digest{EVP_sha1()} {}

std::array<std::uint8_t, 20> Sha1::finish() && {
  std::array<std::uint8_t, 20> out{};
  Digest::finish(out);
  return out;
}

Sha256::Sha256() : Digest{EVP_sha256()} {}

std::array<std::uint8_t, 32> Sha256::finish() && {
  std::array<std::uint8_t, 32> out{};
  Digest::finish(out);
  return out;
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const auto byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace millrace
