#include "api/engine/jobs.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "api/engine/envelope.hpp"
#include "api/engine/row_text.hpp"
#include "api/route/json_text.hpp"
#include "api/route/refusals.hpp"
#include "api/route/request_schema.hpp"
#include "engine/base/json_members.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

constexpr std::int64_t kDefaultLimit = 100;

const std::vector<RowText::Member> kJob{{"id", "id", RowText::As::Number},
                                        {"dialect", "dialect", RowText::As::Text},
                                        {"externalId", "external_id", RowText::As::MaybeText},
                                        {"owner", "owner", RowText::As::Text},
                                        {"queue", "queue", RowText::As::Text},
                                        {"name", "name", RowText::As::Text},
                                        {"priority", "priority", RowText::As::Number},
                                        {"state", "state", RowText::As::Text},
                                        {"stopReason", "stop_reason", RowText::As::Text},
                                        {"created", "created", RowText::As::Time},
                                        {"started", "started", RowText::As::Time},
                                        {"finished", "finished", RowText::As::Time},
                                        {"notBefore", "not_before", RowText::As::Time},
                                        {"attempt", "attempt", RowText::As::Number},
                                        {"maxAttempts", "max_attempts", RowText::As::Number},
                                        {"progress", "progress", RowText::As::Document},
                                        {"counts", "counts", RowText::As::Document},
                                        {"result", "result", RowText::As::Document},
                                        {"error", "error", RowText::As::Document},
                                        {"facts", "facts", RowText::As::Document}};

std::optional<std::int64_t> positive(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}

Json condition(std::string_view column, std::string_view op, Json value) {
  return Json{{"column", column}, {"op", op}, {"value", std::move(value)}};
}

Refusal no_such_job(const http::Request& request) {
  return {.error = {Code::NotFound, fmt::format("no such job: {}", request.path_value("id"))}};
}

// --- submission ---

constexpr std::string_view kEnvelope = R"({"body": {"type": "object", "properties": {
  "pipeline": {"type": "any", "mandatory": true},
  "params": {"type": "object"},
  "queue": {"type": "string", "minLength": 1, "maxLength": 128},
  "priority": {"type": "integer", "minimum": -1000000, "maximum": 1000000},
  "idempotencyKey": {"type": "string", "minLength": 1, "maxLength": 255},
  "maxAttempts": {"type": "integer", "minimum": 1, "maximum": 100},
  "deadlineSeconds": {"type": "integer", "minimum": 1, "maximum": 31536000}}}})";

Refusal faulty(std::vector<Fault> faults) {
  auto made = refusal(Code::InvalidArgument, "schema", "the request does not fit its schema");
  made.faults = std::move(faults);
  return made;
}

std::optional<Refusal> check_envelope(const Json& body) {
  static const auto kSchema = RequestSchema::read(kEnvelope);
  if (!kSchema.ok()) return Refusal{.error = kSchema.error()};
  if (auto faults = kSchema->check_body(body); !faults.empty()) return faulty(std::move(faults));
  const auto& pipeline = body["pipeline"];
  if (!pipeline.is_object() && !pipeline.is_string())
    return faulty(
        {{"parameter_type", "/pipeline",
          "\"pipeline\" must be a pipeline (an object), or the name of one that the server has"}});
  return std::nullopt;
}

std::variant<Bound, Refusal> translate_one(Json body, std::string idempotency_key) {
  if (!body.is_object()) return refusal(Code::DataInvalid, "json", "body must be a JSON object");
  Bound bound;
  bound.job.idempotency_key = std::move(idempotency_key);
  if (body.contains("ops") || !body.contains("pipeline")) {
    bound.job.pipeline = std::move(body);
    return bound;
  }
  if (auto refused = check_envelope(body)) return *std::move(refused);
  Json fields = Json::object();  // null counts as absent
  for (auto& [name, value] : body.items())
    if (!value.is_null()) append_member(fields, name, std::move(value));
  bound.pipeline_at = "/pipeline";
  bound.job.pipeline = std::move(fields["pipeline"]);
  bound.parameters = fields.value("params", Json::object());
  bound.job.queue = fields.value("queue", bound.job.queue);
  bound.job.priority = fields.value("priority", 0);
  bound.job.idempotency_key = fields.value("idempotencyKey", bound.job.idempotency_key);
  bound.job.max_attempts = fields.value("maxAttempts", bound.job.max_attempts);
  if (const auto deadline = fields.find("deadlineSeconds"); deadline != fields.end())
    bound.job.deadline = std::chrono::seconds{deadline->get<std::int64_t>()};
  return bound;
}

TranslateResult translate_many(Json array, std::string_view idempotency_key) {
  if (array.empty() || array.size() > kMostSubmissions) {
    return faulty({{"parameter_range", "",
                    fmt::format("an array holds 1 to {} submissions", kMostSubmissions)}});
  }
  if (!idempotency_key.empty()) {
    return faulty({{"parameter_range", "/header/Idempotency-Key",
                    "of many submissions each has a key of its own: idempotencyKey"}});
  }
  Bound bound;
  bound.each.reserve(array.size());
  for (Json& one : array) bound.each.push_back(translate_one(std::move(one), {}));
  return bound;
}

TranslateResult translate_body(const http::Request& request, bool may_be_many) {
  auto body = read_body(request);
  if (!body.ok())
    return refusal(Code::DataInvalid, "json",
                   fmt::format("body is not valid JSON: {}", body.error().message));
  std::string key{request.headers.get("Idempotency-Key")};
  if (key.size() > 255)
    return faulty({{"parameter_range", "/header/Idempotency-Key", "must have at most 255 bytes"}});
  if (may_be_many && body->is_array()) return translate_many(*std::move(body), key);
  return translate_one(*std::move(body), std::move(key));
}

std::string submitted_text(JobId id, bool is_existing) {
  return fmt::format(R"({{"id":{}{}}})", id.value, is_existing ? R"(,"existing":true)" : "");
}

}  // namespace

TranslateResult translate_submit(const http::Request& request, const Caller&) {
  return translate_body(request, false);
}

TranslateResult translate_submissions(const http::Request& request, const Caller&) {
  return translate_body(request, true);
}

ReplyResult reply_submitted(const Answered& answered) {
  if (answered.each != nullptr) {
    std::string text;
    for (const OneSubmitted& one : *answered.each) {
      text += text.empty() ? '[' : ',';
      text += one.refusal ? to_text(Json{{"error", error_member(*one.refusal)}})
                          : submitted_text(one.id, one.is_existing);
    }
    return http::Response::json(202, text + ']');
  }
  const auto id = answered.job->id;
  auto response = http::Response::json(202, submitted_text(id, answered.is_existing));
  response.headers.emplace_back("Location",
                                fmt::format("{}/jobs/{}", answered.request.base_url(), id.value));
  return response;
}

// --- reading ---

TranslateResult translate_job_list(const http::Request& request, const Caller&) {
  Json where = Json::array();
  for (const std::string_view column : {"dialect", "queue", "state"})
    if (const auto value = request.query_value(column))
      where.push_back(condition(column, "=", *value));
  if (const auto before = request.query_value("before"))
    where.push_back(condition("id", "<", positive(*before).value_or(0)));
  const auto limit = positive(request.query_value("limit").value_or("")).value_or(kDefaultLimit);
  Bound bound;
  // One row more than the page tells whether another page follows.
  bound.parameters = Json{{"where", std::move(where)}, {"limit", limit + 1}};
  return bound;
}

ReplyResult reply_job_list(const Answered& answered) {
  const auto limit =
      positive(answered.request.query_value("limit").value_or("")).value_or(kDefaultLimit);
  std::string text = R"({"items":[)";
  std::int64_t shown = 0, last = 0;
  bool has_more = false;
  for (const auto& [node, rows] : answered.outcome->rows) {
    const RowText writer{rows, kJob};
    const auto ids = rows.column<std::int64_t>("id");
    for (std::int64_t row = 0; row < rows.rows() && !has_more; ++row) {
      if (shown == limit) {
        has_more = true;
        break;
      }
      if (shown++ > 0) text += ',';
      writer.append(text, row);
      last = ids.value(row);
    }
  }
  text += R"(],"next":)";
  text += has_more ? std::to_string(last) : "null";
  text += '}';
  return http::Response::json(200, std::move(text));
}

TranslateResult translate_job(const http::Request& request, const Caller&) {
  const auto id = positive(request.path_value("id"));
  if (!id) return no_such_job(request);
  Bound bound;
  bound.parameters = Json{{"id", *id}};
  return bound;
}

ReplyResult reply_job(const Answered& answered) {
  for (const auto& [node, rows] : answered.outcome->rows) {
    if (rows.empty()) continue;
    std::string text;
    text.reserve(1024);
    RowText{rows, kJob}.append(text, 0);
    return http::Response::json(200, std::move(text));
  }
  return no_such_job(answered.request);
}

ReplyResult reply_job_pipeline(const Answered& answered) {
  for (const auto& [node, rows] : answered.outcome->rows) {
    if (rows.empty()) continue;
    return http::Response::json(
        200, std::string{rows.column<std::string_view>("pipeline").value(0, "null")});
  }
  return no_such_job(answered.request);
}

}  // namespace millrace::api
