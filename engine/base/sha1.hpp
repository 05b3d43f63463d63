#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;
struct evp_md_st;

namespace millrace {

/// SHA-1 (FIPS 180-4) of `bytes`. Used where a format asks for it, never to protect anything.
std::array<std::uint8_t, 20> sha1(std::string_view bytes);

/// SHA-256 (FIPS 180-4) of `bytes`: keys of reuse, content addresses.
std::array<std::uint8_t, 32> sha256(std::string_view bytes);

/// A digest of bytes that come in pieces. [one thread at a time]
class Digest {
 public:
  void update(std::string_view bytes);

 protected:
  explicit Digest(const evp_md_st* kind);
  ~Digest() = default;
  Digest(Digest&&) noexcept = default;
  Digest& operator=(Digest&&) noexcept = default;
  void finish(std::span<std::uint8_t> out);

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

class Sha1 : public Digest {
 public:
  Sha1();
  /// Returns the digest of all that came. The object is spent.
  std::array<std::uint8_t, 20> finish() &&;
};

class Sha256 : public Digest {
 public:
  Sha256();
  /// Returns the digest of all that came. The object is spent.
  std::array<std::uint8_t, 32> finish() &&;
};

/// Returns lower-case hexadecimal digits, two for a byte.
std::string to_hex(std::span<const std::uint8_t> bytes);

}  // namespace millrace
