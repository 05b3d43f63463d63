#pragma once

#include <cstdint>

#include "api/atflow/settings.hpp"
#include "api/route/route.hpp"

namespace millrace::atflow {

/// Jobs on a page; who asks for more gets this many.
inline constexpr std::int64_t kMostListed = 500;

/// GET /v1/dataflows: newest first, from behind the marker.
api::TranslateResult translate_list(const api::Call& call);
api::ReplyResult reply_list(const api::Answered& answered, const Settings& settings);

/// GET /v1/dataflows/{id}
api::TranslateResult translate_one(const api::Call& call);
api::ReplyResult reply_one(const api::Answered& answered, const Settings& settings);

/// POST /v1/dataflows/{id}/abort
api::TranslateResult translate_abort(const api::Call& call);
api::ReplyResult reply_abort(const api::Answered& answered);

}  // namespace millrace::atflow
