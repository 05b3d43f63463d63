#include "api/app/limits.hpp"

#include <algorithm>
#include <iterator>

#include "api/app/app.hpp"
#include "api/atflow/authenticator.hpp"
#include "api/atflow/jobs.hpp"
#include "api/atflow/mix.hpp"
#include "api/audience/endpoints.hpp"
#include "api/auth/throttle.hpp"
#include "api/auth/token.hpp"
#include "api/engine/api.hpp"
#include "api/engine/jobs.hpp"
#include "api/engine/readiness.hpp"
#include "api/http/event_stream.hpp"
#include "api/http/incoming_body.hpp"
#include "api/http/multipart.hpp"
#include "api/http/request_reader.hpp"
#include "api/maisie/comparison.hpp"
#include "api/maisie/known_users.hpp"
#include "api/maisie/page.hpp"
#include "api/maisie/upload_metadata.hpp"
#include "api/route/json_text.hpp"
#include "api/route/pydantic.hpp"
#include "engine/limits.hpp"

namespace millrace::api {

namespace {

template <class Rep, class Period>
std::uint64_t seconds(std::chrono::duration<Rep, Period> time) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

Limits http_limits(const AppSettings& settings) {
  const auto& limits = settings.limits;
  const auto& server = settings.server;
  const http::MultipartLimits form;
  return {
      {"http.head_bytes", limits.head_bytes, "bytes", "of a request's head; more is 431"},
      {"http.header_fields", limits.header_count, "fields", "of a request's head; more is 431"},
      {"http.head_s", seconds(limits.head_timeout), "s", "in which a head comes; then 408"},
      {"http.body_bytes", http::kBodyBytes, "bytes",
       "of a body where its route does not say more; more is 413"},
      {"http.body_pause_s", seconds(limits.body_timeout), "s",
       "in which something of a body comes; then 408"},
      {"http.body_rate_bytes", limits.body_rate, "bytes/s",
       "that a body brings on average, at the least; else 408", "--body-rate"},
      {"http.body_grace_s", seconds(limits.body_grace), "s",
       "at the begin of a body, in which it may bring less"},
      {"http.dropped_bytes", http::IncomingBody::kDroppedBytes, "bytes",
       "of a body that nobody wants which are read; with more the connection is closed"},
      {"http.chunk_line_bytes", http::RequestReader::kMaxChunkLine, "bytes",
       "of the line before a chunk, and of trailers; more is 400"},
      {"http.event_bytes", http::EventStream::kMaxBytes, "bytes",
       "of events that wait for their client; with more it is cut, and can come back"},
      {"http.body_memory_bytes", server.body_memory_bytes, "bytes",
       "of bodies in memory, of all requests; more is 503", "--body-memory"},
      {"http.body_file_bytes", server.body_file_bytes, "bytes",
       "of large bodies that wait in files, of all requests; more is 503", "--body-files"},
      {"http.connections", server.connections, "connections",
       "at a time; for one more an idle one is closed, or it is", "--connections"},
      {"http.idle_s", seconds(limits.idle_timeout), "s",
       "between two requests of a connection; then it is closed"},
      {"http.form_parts", form.parts, "parts", "of a form; more is 400"},
      {"http.form_name_bytes", form.name_bytes, "bytes", "of the name of a field; more is 400"}};
}

Limits request_limits() {
  const ApiSettings settings;
  return {{"request.awaited", settings.awaited_requests, "requests",
           "whose answers wait for the end of a job; more is 503"},
          {"request.awaited_s", seconds(kAwaitedTime), "s",
           "for such an answer, where its route does not say otherwise; then 504"},
          {"request.databases", EngineSettings{}.database_requests, "requests",
           "that ask databases of the user at a time; more is 503", "--database-requests"},
          {"request.database_s", seconds(kDatabaseRequestTime), "s",
           "for such a request, where its route does not say otherwise"},
          {"request.json_levels", std::uint64_t{kMostLevels}, "levels",
           "that JSON is nested; more is 400"},
          {"request.json_name_bytes", kMostNameBytes, "bytes", "of a name in JSON; more is 400"},
          {"request.json_values", http::kUsualValues, "values",
           "of JSON or a form, with their names, where its route does not say more; more is 400"},
          {"request.time_s", seconds(settings.request_time), "s",
           "for a request that is answered from the catalog; then 504", "--request-time"},
          {"request.waiting", settings.waiting_requests, "requests",
           "that wait for a worker; more is 503"},
          {"request.waiting_readyz", Readiness::kMostWaiting, "requests",
           "that wait to hear whether the server is ready; more is 503"},
          {"request.waiting_passwords", settings.waiting_passwords, "requests",
           "that wait for a password to be hashed; more is 503"},
          {"request.unfit", kMostUnfit, "faults",
           "of one value as pydantic reads it; what is wrong besides is not told"},
          {"request.shown_json_bytes", kMostShownDocument, "bytes",
           "of broken JSON that come back with its fault"},
          {"request.pipeline_bytes", kMostPipelineBytes, "bytes",
           "of a request that brings pipelines; more is 413"},
          {"request.pipeline_values", kMostPipelineValues, "values", "of its JSON; more is 400"},
          {"request.submissions", kMostSubmissions, "submissions", "of one request; more is 400"}};
}

Limits sign_in_limits() {
  const auth::ThrottleLimits throttle;
  return {{"sign_in.token_bytes", auth::TokenVerifier::kMaxTokenBytes, "bytes",
           "of a token; more is 401"},
          {"sign_in.failures", throttle.failures, "passwords",
           "wrong ones for a login from an address in 15 min; then 429 for a while"},
          {"sign_in.address_failures", throttle.remote_failures, "passwords",
           "wrong ones from an address in 15 min; then 429 for a while"},
          {"sign_in.login_failures", throttle.login_failures, "passwords",
           "wrong ones for a login in 15 min; then new addresses queue"},
          {"sign_in.known_users", maisie::KnownUsers::kMostUsers, "users",
           "who are not looked up for a second; with more all are looked up again"},
          {"sign_in.remembered", throttle.keys, "keys",
           "whose wrong passwords are remembered; the least recently used is forgotten"}};
}

Limits dialect_limits(const AppSettings& settings) {
  const auto& maisie = settings.maisie;
  return {
      {"atflow.body_bytes", atflow::kMostMixBytes, "bytes", "of a mix; more is 400"},
      {"atflow.json_values", atflow::kMostMixValues, "values", "of a mix; more is 400"},
      {"atflow.nodes", atflow::kMostMixNodes, "nodes", "of a mix; more is 400"},
      {"atflow.page_jobs", std::uint64_t{atflow::kMostListed}, "jobs", "of a page; more is this"},
      {"atflow.remembered", atflow::Authenticator::kMostRemembered, "signatures",
       "that the guard against repeats knows; more is 503"},
      {"audience.body_bytes", audience::Settings{}.max_body_bytes, "bytes",
       "of a request; more is 413", "MAX_BODY_MB"},
      {"audience.json_values", audience::kMostRequestValues, "values",
       "of a request, whose pattern is one; more is 400"},
      {"maisie.compared", maisie::kMostCompared, "models", "side by side; more is 400"},
      {"maisie.page_rows", std::uint64_t{maisie::Page::kLargest}, "rows",
       "of a page; more is this"},
      {"maisie.upload_bytes", maisie.max_upload_bytes, "bytes",
       "of a model's file, and of a request that brings one; more is 413", "--max-upload"},
      {"maisie.open_uploads", maisie.max_open_uploads, "uploads",
       "of a user that are not finished or used; more is 429", "--open-uploads"},
      {"maisie.upload_metadata_bytes", maisie::kMostMetadataBytes, "bytes",
       "of Upload-Metadata; more is 400"},
      {"maisie.upload_s", seconds(maisie.upload_lifetime), "s",
       "for which nobody goes on with an upload; then it is removed", "--upload-lifetime"}};
}

}  // namespace

Limits all_limits() {
  const AppSettings settings;
  Limits all;
  for (auto&& some : {engine_limits(), http_limits(settings), request_limits(), sign_in_limits(),
                      dialect_limits(settings)})
    all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end(), [](const Limit& a, const Limit& b) { return a.name < b.name; });
  return all;
}

}  // namespace millrace::api
