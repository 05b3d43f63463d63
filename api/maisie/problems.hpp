#pragma once

#include <string_view>

#include "api/http/message.hpp"
#include "api/route/route.hpp"

namespace millrace::maisie {

/// What is said of a field that must be there and is not.
inline constexpr std::string_view kMissing =
    "Missing required parameter in the JSON body or the post body or the query string";

/// Words a refusal as the document does: {"message": ...}, {"error": ...} for a parent that does
/// not exist, {"error", "message", "status_code"} for sign-in.
http::Response refuse(const api::Refusal& refusal, const http::Request& request);

/// A refusal of sign-in. `kind` is a word of the document: "InvalidTokenHeader".
api::Refusal refuse_sign_in(std::string_view kind, std::string message);
/// A good token of a user who was deleted since.
api::Refusal refuse_lost_user();
api::Refusal not_found();

}  // namespace millrace::maisie
