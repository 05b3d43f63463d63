#include "engine/base/sha1.hpp"

#include <cstdlib>

#include <openssl/evp.h>
#include <spdlog/spdlog.h>

namespace millrace {
namespace {

template <std::size_t kSize>
std::array<std::uint8_t, kSize> digest(const EVP_MD* kind, std::string_view bytes) {
  std::array<std::uint8_t, kSize> out{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, kind, nullptr) != 1 ||
      size != kSize) {
    // Only an OpenSSL without the algorithm comes here, and no result is better than a wrong one.
    spdlog::critical("digest failed algorithm={}", EVP_MD_get0_name(kind));
    std::abort();
  }
  return out;
}

}  // namespace

std::array<std::uint8_t, 20> sha1(std::string_view bytes) { return digest<20>(EVP_sha1(), bytes); }

std::array<std::uint8_t, 32> sha256(std::string_view bytes) {
  return digest<32>(EVP_sha256(), bytes);
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
