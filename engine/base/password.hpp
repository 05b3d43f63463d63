#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace millrace {

/// More bytes than this are no password; hashing them would only be work for us.
inline constexpr std::size_t kMaxPasswordBytes = 4096;

/// Passwords that this process hashes at a time, of whoever; further ones wait for their turn. Each
/// takes 64 MiB.
inline constexpr int kMostHashesAtOnce = 2;

/// Returns the text to store for a password: argon2id (RFC 9106) with a salt of its own, as
/// "$argon2id$v=19$m=65536,t=2,p=1$salt$result". An empty password is one like any other; more
/// than kMaxPasswordBytes are InvalidArgument; too little memory is Exhausted.
///
/// The cost is that of libsodium's INTERACTIVE limits, 64 MiB and two passes, about 0.1 s on one
/// core: OWASP asks for 19 MiB and two passes. The next step up, MODERATE, takes 256 MiB for each
/// sign-in under way, so that eight people who arrive together could exhaust a small machine.
///
/// [any thread, never an HTTP thread: it computes]
Result<std::string> hash_password(std::string_view password);

/// Tells whether `stored` was made from `password`, for texts of hash_password() and for
/// "$pbkdf2-sha512$25000$salt$result" of an older database. Anything else in `stored`, and one
/// that asks for more work than detail::read_stored_password() allows, matches no password.
/// Compares in constant time. [any thread, never an HTTP thread: it computes]
bool verify_password(std::string_view password, std::string_view stored);

/// Tells whether hash_password() would make another kind of text now: after a good
/// verify_password(), store a new one then. True for what is no stored password at all.
bool needs_rehash(std::string_view stored);

}  // namespace millrace
