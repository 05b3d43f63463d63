#pragma once

#include <string_view>
#include <variant>

#include "api/http/message.hpp"

namespace millrace::auth {

enum class BearerFault {
  Absent,    // there is no Authorization header
  Malformed  // another scheme, no token, or something behind it
};

/// Takes the token out of "Authorization: Bearer <token>": the word with this capital, white space
/// or none, and one or more of A-Z a-z 0-9 _ . - up to the end. "Bearer: <token>" is taken too,
/// which one known client sends. Whether the token is any good is not looked at. Of a repeated
/// header the first counts. The view is into `headers`.
std::variant<std::string_view, BearerFault> read_bearer(const http::Headers& headers);

}  // namespace millrace::auth
