#pragma once

#include "api/route/route.hpp"

namespace millrace::api {

/// Words a refusal for the engine's own API:
/// {"error": {"code": "invalid_argument", "message": "...", "faults": [{"kind", "pointer",
/// "message"}]}}.
http::Response refuse_with_envelope(const Refusal& refusal, const http::Request& request);

/// The member "error" of such an answer.
Json error_member(const Refusal& refusal);

/// Returns `value` as JSON text; bytes that are no UTF-8 are replaced.
std::string to_text(const Json& value);

Json to_json(const std::vector<RequestFault>& faults);

}  // namespace millrace::api
