#pragma once

#include <string_view>

#include "api/route/route.hpp"

namespace millrace::api {

/// The one mapping from what went wrong to an HTTP status, for dialects without statuses of their
/// own: by the refusal's word where the road or the server gave one, else by its code.
int status_of(const Refusal& refusal);

/// Returns the refusal for an answer that the HTTP server gives by itself. Words: malformed,
/// conflict, timeout, body_size, head_size, range, expectation, server, method_unknown (501),
/// http_version, disk_full (507).
Refusal server_refusal(int status, std::string_view why);

/// Words that the road gives: no_route, method, json, schema, queue_full, busy, deadline.
Refusal refusal(Code code, std::string_view word, std::string message);

}  // namespace millrace::api
