// The protocol tus 1.0.0 (https://tus.io/protocols/resumable-upload): files that come in pieces.
// Its core, and of its extensions creation, termination, checksum and expiration.
#include <optional>
#include <utility>

#include "api/http/response_head.hpp"
#include "api/maisie/problems.hpp"
#include "api/maisie/routes.hpp"
#include "api/maisie/upload_headers.hpp"
#include "api/maisie/upload_metadata.hpp"
#include "api/maisie/upload_sink.hpp"
#include "api/route/refusals.hpp"
#include "engine/job/content_collector.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

using api::Call;
using api::Caller;
using http::Method;
using http::Request;
using http::Response;

// What the routes declare, for people: the headers are read by the words of the protocol.
constexpr std::string_view kPath =
    R"("path": {"id": {"type": "string", "doc": "id of the upload", "example": "0f6c1c1e6a1d4a5f9b3e2d7c8a9b0c1d"}})";
constexpr std::string_view kVersionHeader =
    R"("Tus-Resumable": {"type": "string", "doc": "version of the protocol", "example": "1.0.0"})";
constexpr std::string_view kPieceHeaders =
    R"("Upload-Offset": {"type": "string", "doc": "where the piece begins", "example": "0"},
       "Upload-Checksum": {"type": "string", "doc": "sha1 or sha256, a blank, and the digest in Base64"})";
constexpr std::string_view kPlaceHeaders =
    R"("Upload-Offset": {"type": "integer", "doc": "bytes that are there"},
       "Upload-Expires": {"type": "string", "doc": "when it is removed, if nobody goes on with it"})";
constexpr std::string_view kOtherVersion =
    R"("412": {"doc": "Tus-Resumable says another version."})";
constexpr std::string_view kPieceRefusals =
    R"("409": {"doc": "The upload stands elsewhere, or another request uses it."},
       "415": {"doc": "A piece is application/offset+octet-stream."},
       "460": {"doc": "The piece does not have the checksum that was announced."})";

std::string create_schema() {
  return fmt::format(
      R"({{"header": {{{}, "Upload-Length": {{"type": "string", "doc": "bytes of the file", "example": "7"}},
  "Upload-Metadata": {{"type": "string", "doc": "keys, each with a value in Base64"}}}},
  "responses": {{"201": {{"doc": "It has begun.", "headers": {{
      "Location": {{"type": "string", "doc": "where pieces go"}}, {}}}}},
    {}, "413": {{"doc": "A file may not be so large."}}, "429": {{"doc": "Too many uploads are open."}}}}}})",
      kVersionHeader, kPlaceHeaders, kOtherVersion);
}

std::string look_schema() {
  return fmt::format(
      R"({{{}, "header": {{{}}}, "responses": {{"200": {{"doc": "How far it has come.", "headers": {{{},
  "Upload-Length": {{"type": "integer", "doc": "bytes of the file"}}}}}}, {}}}}})",
      kPath, kVersionHeader, kPlaceHeaders, kOtherVersion);
}

std::string append_schema() {
  return fmt::format(
      R"({{{}, "header": {{{}, {}}}, "type": "application/offset+octet-stream",
  "responses": {{"204": {{"doc": "The piece is there.", "headers": {{{}}}}}, {}, {}}}}})",
      kPath, kVersionHeader, kPieceHeaders, kPlaceHeaders, kOtherVersion, kPieceRefusals);
}

std::string delete_schema() {
  return fmt::format(
      R"({{{}, "header": {{{}}}, "responses": {{"204": {{"doc": "It is gone."}}, {}}}}})", kPath,
      kVersionHeader, kOtherVersion);
}

std::string override_schema() {
  return fmt::format(
      R"({{{}, "header": {{{}, {},
  "X-HTTP-Method-Override": {{"type": "string", "doc": "PATCH, DELETE or HEAD", "example": "HEAD"}}}},
  "type": "application/offset+octet-stream",
  "responses": {{"200": {{"doc": "As to HEAD."}}, "204": {{"doc": "As to PATCH or DELETE."}},
    "405": {{"doc": "It is none of these."}}, {}, {}}}}})",
      kPath, kVersionHeader, kPieceHeaders, kOtherVersion, kPieceRefusals);
}

Response message(int status, std::string_view text) {
  const Json body{{"message", text}};
  return Response::json(status, body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

Response refused(const Error& error, const Request& request) {
  const bool is_disk = error.detail.starts_with("errno");
  return refuse(
      is_disk ? api::refusal(error.code, "disk_full", error.message) : api::Refusal{.error = error},
      request);
}

std::string expires(const Registry& registry, const UploadStat& stat) {
  const auto lifetime = std::chrono::seconds{registry.settings.upload_lifetime};
  return http::date_header(stat.touched_us / 1'000'000 + lifetime.count());
}

// What was refused in the words of the protocol, or nothing.
std::optional<Response> check_version(const Request& request) {
  if (request.headers.get("Tus-Resumable") == kTusVersion) return std::nullopt;
  auto response = message(412, "this server speaks tus 1.0.0, and Tus-Resumable says another");
  response.headers.emplace_back("Tus-Version", kTusVersion);
  return response;
}

Response create(const SharedRegistry& registry, const Call& call) {
  const auto& request = call.request;
  const auto length = read_size(request.headers.get("Upload-Length"));
  if (!length) return message(400, "Upload-Length says in decimal digits how long the file is");
  if (*length > registry->settings.max_upload_bytes) {
    return message(413,
                   fmt::format("a file may have {} bytes at the most (--max-upload of the server)",
                               registry->settings.max_upload_bytes));
  }
  const auto metadata = request.headers.get("Upload-Metadata");
  if (metadata.size() > kMostMetadataBytes || !is_upload_metadata(metadata)) {
    return message(
        400,
        "Upload-Metadata holds keys, each once, with values in Base64, 4096 bytes at the most");
  }
  const auto made =
      registry->blobs.uploads().create({.owner = upload_owner(call.caller),
                                        .length_bytes = *length,
                                        .note = std::string{metadata},
                                        .most_open = registry->settings.max_open_uploads});
  if (!made.ok() && made.error().code == Code::PermissionDenied)
    return message(429, made.error().message);
  if (!made.ok()) return refused(made.error(), request);
  const auto& base = registry->settings.public_base;
  Response response{.status = 201};
  response.headers = {{"Location", fmt::format("{}/api/v1/uploads/{}/",
                                               base.empty() ? request.base_url() : base, made->id)},
                      {"Upload-Offset", "0"},
                      {"Upload-Expires", expires(*registry, *made)}};
  return response;
}

Response look(const SharedRegistry& registry, const Call& call) {
  const auto stat =
      registry->blobs.uploads().stat(call.values.text("id"), upload_owner(call.caller));
  if (!stat.ok()) return refused(stat.error(), call.request);
  Response response;
  response.headers = {{"Upload-Offset", std::to_string(stat->offset_bytes)},
                      {"Upload-Length", std::to_string(stat->length_bytes)},
                      {"Upload-Expires", expires(*registry, *stat)},
                      {"Cache-Control", "no-store"}};
  if (!stat->note.empty()) response.headers.emplace_back("Upload-Metadata", stat->note);
  return response;
}

Response append(const SharedRegistry& registry, const Call& call) {
  // A piece without bytes had no need of a sink.
  UploadSink empty{registry, call.request, call.caller};
  auto* sink = static_cast<UploadSink*>(call.request.upload.get());  // as sink_of() made it
  if (sink == nullptr) {
    sink = &empty;
    if (const auto done = empty.finish(); !done.ok()) return refused(done.error(), call.request);
  }
  if (const auto& refusal = sink->refusal()) return refuse(*refusal, call.request);
  if (const auto& fault = sink->fault()) return message(fault->status, fault->why);
  Response response{.status = 204};
  response.headers = {{"Upload-Offset", std::to_string(sink->stat().offset_bytes)},
                      {"Upload-Expires", expires(*registry, sink->stat())}};
  return response;
}

Response remove(const SharedRegistry& registry, const Call& call) {
  const auto content =
      registry->blobs.uploads().remove(call.values.text("id"), upload_owner(call.caller));
  if (!content.ok()) return refused(content.error(), call.request);
  if (!content->empty()) {
    const auto removed = remove_unreferred(registry->blobs, registry->catalog, *content);
    if (!removed.ok()) return refused(removed.error(), call.request);
  }
  return {.status = 204};
}

std::optional<Method> other_name(const Request& request) {
  return http::read_method(request.headers.get("X-HTTP-Method-Override"));
}

// A POST that says it is another method, for where no other gets through.
Response by_other_name(const SharedRegistry& registry, const Call& call) {
  const auto method = other_name(call.request);
  if (method == Method::Patch) return append(registry, call);
  if (method == Method::Delete) return remove(registry, call);
  if (method == Method::Head) return look(registry, call);
  auto response = refuse(
      api::refusal(Code::NotFound, "method", "POST is not a method of an upload"), call.request);
  response.headers.emplace_back("Allow", "DELETE, HEAD, OPTIONS, PATCH");
  return response;
}

// A body that means nothing: it is read, so that the answer can be.
class Passed final : public http::BodySink {
 public:
  Result<void> write(std::string_view) override { return {}; }
  Result<void> finish() override { return {}; }
};

// Only a piece is written, by whatever name it comes.
std::unique_ptr<http::BodySink> sink_of(const SharedRegistry& registry, const Request& head,
                                        const Caller& caller) {
  const bool is_piece = head.method == Method::Patch || other_name(head) == Method::Patch;
  if (!is_piece) return std::make_unique<Passed>();
  return std::make_unique<UploadSink>(registry, head, caller);
}

using Work = Response (*)(const SharedRegistry&, const Call&);

api::Route route(const SharedRegistry& registry, Method method, bool has_id, std::string name,
                 std::string summary, std::string schema, Work work) {
  api::Route made{.method = method,
                  .path = has_id ? "/api/v1/uploads/{id}/" : "/api/v1/uploads/",
                  .name = std::move(name),
                  .summary = std::move(summary),
                  .schema = std::move(schema)};
  // The dialect's sign-in looks a user up, so this is called on the control pool.
  made.direct = [registry, work](api::DirectCall call, const http::Reply& reply) {
    auto refused_version = check_version(*call.request);
    reply(refused_version ? *std::move(refused_version) : work(registry, call.view()));
  };
  if (method == Method::Patch || (has_id && method == Method::Post)) {
    made.body_sink = [registry](const Request& head, const Caller& caller) {
      return sink_of(registry, head, caller);
    };
  }
  return made;
}

}  // namespace

std::vector<api::Route> upload_routes(const SharedRegistry& registry) {
  return {route(registry, Method::Post, false, "create_upload", "Begin an upload in pieces (tus)",
                create_schema(), create),
          route(registry, Method::Head, true, "look_at_upload", "How far an upload has come",
                look_schema(), look),
          route(registry, Method::Patch, true, "append_to_upload", "Send the next piece",
                append_schema(), append),
          route(registry, Method::Delete, true, "delete_upload", "Drop an upload", delete_schema(),
                remove),
          route(registry, Method::Post, true, "override_upload",
                "The same with X-HTTP-Method-Override", override_schema(), by_other_name)};
}

}  // namespace millrace::maisie
