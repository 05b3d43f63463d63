#pragma once

#include "api/route/route.hpp"

namespace millrace::atflow {

/// POST /v1/dataflows/mix: the body is the pipeline.
api::TranslateResult translate_mix(const http::Request& request, const api::Caller& caller);
/// The answer to every accepted job: its id.
api::ReplyResult reply_accepted(const api::Answered& answered);

}  // namespace millrace::atflow
