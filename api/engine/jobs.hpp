#pragma once

#include "api/route/route.hpp"

namespace millrace::api {

// Translators and replies of the routes below /jobs: pure functions.

/// POST /jobs takes a pipeline as it is, or {"pipeline": the pipeline or the name of one that the
/// server has, "params": its parameters, "queue", "priority", "idempotencyKey", "maxAttempts",
/// "deadlineSeconds"}. The header Idempotency-Key does as well. Pointers of faults lead into the
/// body.
TranslateResult translate_submit(const http::Request& request, const Caller& caller);
ReplyResult reply_submitted(const Answered& answered);

/// GET /jobs?limit=&before=&state=&queue=&dialect=, newest first: {"items": [...], "next": id for
/// `before`, or null}.
TranslateResult translate_job_list(const http::Request& request, const Caller& caller);
ReplyResult reply_job_list(const Answered& answered);

/// One job by its number: show it, show its pipeline, abort it, retry it.
TranslateResult translate_job(const http::Request& request, const Caller& caller);
ReplyResult reply_job(const Answered& answered);
ReplyResult reply_job_pipeline(const Answered& answered);

}  // namespace millrace::api
