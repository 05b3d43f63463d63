#pragma once

#include "api/http/message.hpp"

namespace millrace::http {

/// What the conditions of a request come to (RFC 9110, section 13).
enum class Condition {
  Met,          // answer as if there were none
  NotModified,  // 304: the client has it already
  Failed        // 412: it is not what the client means
};

/// Weighs If-Match, else If-Unmodified-Since, and then If-None-Match, else If-Modified-Since
/// (section 13.2.2) of a request for what an answer with status 200 describes by its ETag and
/// Last-Modified. A date that cannot be read is no condition.
Condition check_conditions(const Request& request, const Response& response);

/// Makes the answer 304 of what was to be sent: without a body, and without what describes one.
void make_not_modified(Response& response);

}  // namespace millrace::http
