#pragma once

#include <array>
#include <string_view>

namespace millrace::auth {

using Digest = std::array<unsigned char, 32>;

/// Returns HMAC-SHA256 (RFC 2104, FIPS 180-4) of `text`.
Digest hmac_sha256(std::string_view key, std::string_view text);

/// Returns a key made from `secret` for one purpose, which `label` names: the first 32 bytes of
/// HKDF-SHA256 (RFC 5869) without salt. Who knows the keys of other labels learns nothing of it.
Digest derive_key(std::string_view secret, std::string_view label);

/// Compares in time that does not depend on what differs.
bool equal(const Digest& left, const Digest& right);

/// The bytes, for functions that take text.
std::string_view as_text(const Digest& digest);

}  // namespace millrace::auth
