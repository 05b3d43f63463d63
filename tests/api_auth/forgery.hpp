#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/auth/token.hpp"

namespace millrace::test {

/// A token that must not be accepted, and the same without its one fault, which must be: so a row
/// cannot pass because of something else that is wrong with it.
struct Forgery {
  std::string name;
  std::string forged;
  auth::TokenFault::Kind fault;
  std::string claim;  // of the fault
  std::string genuine;
};

inline constexpr std::string_view kSecret = "a secret of thirty-two bytes, ok";
inline constexpr std::string_view kHeader = R"({"typ":"JWT","alg":"HS256"})";

/// The moment at which all of them are shown.
Clock::Wall forgery_time();

/// Payload of a good token: issued a minute ago, good for 14 more.
std::string good_payload();
/// good_payload() with one member replaced by JSON text, "" takes it away.
std::string payload_with(std::string_view member, std::string_view json);

/// "header.payload" of two texts.
std::string unsigned_token(std::string_view header, std::string_view payload);
/// Puts the signature by `key` behind any text.
std::string signed_text(const std::string& text, std::string_view key = kSecret);
std::string signed_token(std::string_view header, std::string_view payload,
                         std::string_view key = kSecret);

/// Signatures that are missing, damaged, of another key, of another text, of another algorithm.
std::vector<Forgery> forged_signatures();
/// Signed with the right key; the header is at fault.
std::vector<Forgery> forged_headers();
/// Signed with the right key; segments, encoding or JSON are at fault.
std::vector<Forgery> forged_forms();
/// Signed with the right key; the claims are at fault.
std::vector<Forgery> forged_claims();

}  // namespace millrace::test
