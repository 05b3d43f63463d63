#pragma once

#include <optional>
#include <string>

#include "api/route/route.hpp"
#include "engine/base/ids.hpp"

namespace millrace::api {

// Translators and replies of the routes below /jobs: pure functions.

/// POST /jobs takes a pipeline as it is, or {"pipeline": the pipeline or the name of one that the
/// server has, "params": its parameters, "queue", "priority", "idempotencyKey", "maxAttempts",
/// "deadlineSeconds"}. The header Idempotency-Key does as well. Faults stand in the body.
TranslateResult translate_submit(const Call& call);
/// The same, or an array of 1 to kMostSubmissions of them, each with an idempotency key of its own.
/// Faults then stand in the one that they are of.
TranslateResult translate_submissions(const Call& call);
/// The schemas of routes that are translated so.
std::string submit_schema();
std::string submissions_schema();
inline constexpr std::size_t kMostSubmissions = 10'000;
/// Bytes and values of the JSON of such a request: values take 100 MB while it is read.
inline constexpr std::size_t kMostPipelineBytes = 16u << 20, kMostPipelineValues = 1'000'000;
/// {"id": 7}, with "existing": true where the key named an earlier job; of an array, an array of
/// these in the same order, and {"error": {...}} where one was refused.
ReplyResult reply_submitted(const Answered& answered);

/// GET /jobs?limit=&before=&state=&queue=&dialect=, newest first: {"items": [...], "next": id for
/// `before`, or null}.
TranslateResult translate_job_list(const Call& call);
ReplyResult reply_job_list(const Answered& answered);

/// One job by its number: show it, show its pipeline, abort it, retry it.
TranslateResult translate_job(const Call& call);
ReplyResult reply_job(const Answered& answered);
ReplyResult reply_job_pipeline(const Answered& answered);
/// The job that the path names; nothing for what is no number of one.
std::optional<JobId> job_of(const Values& values);
Refusal no_such_job(const Values& values);

}  // namespace millrace::api
