#pragma once

#include <string>

#include "api/http/message.hpp"
#include "api/route/refusals.hpp"
#include "engine/base/json.hpp"

namespace millrace::audience {

/// Words a refusal as FastAPI 0.68 does: {"detail": text}, for wrong values with 422 a list of
/// {"loc", "msg", "type"}, for a failure of ours "Internal Server Error" as a text.
http::Response refuse(const api::Refusal& refusal, const http::Request& request);

/// Refuses in the envelope of tasks: {"error_code": code, "error_message": message}, with the
/// status 200 as long as nobody sets another.
api::Refusal refuse_with(int code, std::string message);

/// Refuses with this body and the status 200, as endpoints do that have words of their own for a
/// failure; `why` is for the log.
api::Refusal refuse_as(Json body, const Error& why);

/// A JSON text as the dialect writes it: compact, UTF-8, other letters as they are.
std::string to_text(const Json& value);

/// The answer of an endpoint, 200.
http::Response answer(const Json& body);

/// Answers {"error_code": code, "error_message": message} with 200.
http::Response envelope(int code, Json message);

}  // namespace millrace::audience
