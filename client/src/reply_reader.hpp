#pragma once

#include <millrace/client/reply.hpp>

#include "client/src/http_session.hpp"

namespace millrace::client::detail {

/// Reads an answer of the registry: JSON of at most 100 levels. It is a success when its status is
/// 2xx and its body an object with "data" or "status".
Reply read_reply(const HttpAnswer& answer);

}  // namespace millrace::client::detail
