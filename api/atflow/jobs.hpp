#pragma once

#include <cstdint>

#include "api/route/route.hpp"

namespace millrace::atflow {

/// Jobs on a page.
inline constexpr std::int64_t kMostListed = 500;

/// GET /v1/dataflows: newest first, from behind the marker.
api::TranslateResult translate_list(const http::Request& request, const api::Caller& caller);
api::ReplyResult reply_list(const api::Answered& answered);

/// GET /v1/dataflows/{id}
api::TranslateResult translate_one(const http::Request& request, const api::Caller& caller);
api::ReplyResult reply_one(const api::Answered& answered);

/// POST /v1/dataflows/{id}/abort
api::ReplyResult reply_abort(const api::Answered& answered);

}  // namespace millrace::atflow
