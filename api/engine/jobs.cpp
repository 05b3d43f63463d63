#include "api/engine/jobs.hpp"

#include <charconv>
#include <utility>

#include "api/engine/envelope.hpp"
#include "api/engine/row_text.hpp"
#include "api/route/json_text.hpp"
#include "api/route/refusals.hpp"
#include "api/route/request_schema.hpp"
#include "engine/base/json_members.hpp"
#include "engine/plugin/parameter_rules.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

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
                                        {"after", "after", RowText::As::After},
                                        {"attempt", "attempt", RowText::As::Number},
                                        {"maxAttempts", "max_attempts", RowText::As::Number},
                                        {"progress", "progress", RowText::As::Document},
                                        {"counts", "counts", RowText::As::Document},
                                        {"result", "result", RowText::As::Document},
                                        {"error", "error", RowText::As::Document},
                                        {"facts", "facts", RowText::As::Document}};

Json condition(std::string_view column, std::string_view op, Json value) {
  return Json{{"column", column}, {"op", op}, {"value", std::move(value)}};
}

// --- submission ---

// A submission that is no bare pipeline.
constexpr std::string_view kEnvelope = R"({"type": "object", "properties": {
  "pipeline": {"type": "any", "mandatory": true, "doc": "the pipeline, or the name of one that the server has, such as examples/augment"},
  "params": {"type": "object", "doc": "values of the pipeline's parameters"},
  "queue": {"type": "string", "default": "default", "minLength": 1, "maxLength": 128, "doc": "the queue that the job waits in; any name"},
  "priority": {"type": "integer", "default": 0, "minimum": -1000000, "maximum": 1000000, "doc": "higher runs first"},
  "idempotencyKey": {"type": "string", "minLength": 1, "maxLength": 255, "doc": "the same key gives the first job again"},
  "maxAttempts": {"type": "integer", "default": 3, "minimum": 1, "maximum": 100, "doc": "tries in all"},
  "after": {"type": "object", "doc": "the job begins behind another one, and is aborted when that one ends otherwise", "properties": {
    "job": {"type": "integer", "mandatory": true, "minimum": 1, "doc": "number of that job"},
    "delay_s": {"type": "integer", "default": 0, "minimum": 0, "maximum": 31536000, "doc": "seconds from its end on"},
    "when": {"type": "string", "default": "finished", "enum": ["finished", "failed", "ended"], "doc": "the end that the job is for; ended: any"}}},
  "deadlineSeconds": {"type": "integer", "minimum": 1, "maximum": 31536000, "doc": "time from the first start, then the job is aborted"}}})";

constexpr std::string_view kExample = R"({"name": "Two rows", "ops": [
  {"name": "rows", "type": "input.values", "preOps": [], "postOps": ["result"], "params": {"columns": {"n": [1, 2]}}},
  {"name": "result", "type": "output.reply", "preOps": ["rows"], "postOps": [], "params": {}}]})";

constexpr std::string_view kResponses = R"({
  "202": {"doc": "The job is on disk; of many, each that has an id."},
  "400": {"doc": "The pipeline is not valid: error.faults lists everything that is wrong."}})";

// What we have written above is JSON.
Json own(std::string_view text) { return read_own(text).value_or(Json{}); }

// The JSON Schemas of one submission, for people: a pipeline as it is, and an envelope.
Json shown_submission() {
  auto envelope = openapi_schema(Json{{"body", own(kEnvelope)}})["properties"]["body"];
  envelope["title"] = "submission";
  return Json::array({Json{{"$ref", "Pipeline"}}, std::move(envelope)});
}

std::vector<RequestFault> check_envelope(Json envelope) {
  static const auto kSchema = RequestSchema::read(fmt::format(R"({{"body": {}}})", kEnvelope));
  return kSchema->check_body(std::move(envelope));
}

// The pipeline is taken out, so that the check copies little.
Result<Json, Refusal> take_pipeline(Json& envelope) {
  auto& given = envelope["pipeline"];
  const bool is_pipeline = given.is_object() || given.is_string();
  auto pipeline = is_pipeline ? std::exchange(given, Json::object()) : Json{};
  if (auto faults = check_envelope(envelope); !faults.empty()) return refusal(std::move(faults));
  if (is_pipeline) return pipeline;
  return refusal({{.path = "/pipeline",
                   .code = "parameter_type",
                   .text = "\"pipeline\" must be a pipeline (an object), or the name of one that "
                           "the server has"}});
}

TranslateResult translate_one(Json body, std::string idempotency_key) {
  if (!body.is_object()) return refusal(Code::DataInvalid, "json", "body must be a JSON object");
  Bound bound;
  bound.job.idempotency_key = std::move(idempotency_key);
  if (body.contains("ops") || !body.contains("pipeline")) {
    bound.job.pipeline = std::move(body);
    return bound;
  }
  MR_TRY(bound.job.pipeline, take_pipeline(body));
  bound.pipeline_at = "/pipeline";
  Json fields = Json::object();  // null counts as absent
  for (auto& [name, value] : body.items())
    if (!value.is_null()) append_member(fields, name, std::move(value));
  bound.parameters = fields.value("params", Json::object());
  bound.job.queue = fields.value("queue", bound.job.queue);
  bound.job.priority = fields.value("priority", bound.job.priority);
  bound.job.idempotency_key = fields.value("idempotencyKey", bound.job.idempotency_key);
  bound.job.max_attempts = fields.value("maxAttempts", bound.job.max_attempts);
  if (const auto after = fields.find("after"); after != fields.end()) {
    bound.job.after.job = JobId{after->at("job").get<std::int64_t>()};
    const auto delay = after->find("delay_s");
    if (delay != after->end() && !delay->is_null())
      bound.job.after.delay = std::chrono::seconds{delay->get<std::int64_t>()};
    const auto when = after->find("when");
    if (when != after->end() && !when->is_null())
      bound.job.after.when = read_after_when(when->get_ref<const std::string&>()).value();
  }
  if (const auto deadline = fields.find("deadlineSeconds"); deadline != fields.end())
    bound.job.deadline = std::chrono::seconds{deadline->get<std::int64_t>()};
  return bound;
}

TranslateResult translate_many(Json array, std::string_view idempotency_key) {
  if (array.empty() || array.size() > kMostSubmissions) {
    return refusal({{.code = "parameter_range",
                     .text = fmt::format("an array holds 1 to {} submissions", kMostSubmissions)}});
  }
  if (!idempotency_key.empty()) {
    return refusal({{.place = Place::Header,
                     .path = "/Idempotency-Key",
                     .code = "parameter_range",
                     .text = "of many submissions each has a key of its own: idempotencyKey"}});
  }
  Bound bound;
  bound.each.reserve(array.size());
  for (Json& one : array) bound.each.push_back(translate_one(std::move(one), {}));
  return bound;
}

std::string submitted_text(JobId id, bool is_existing) {
  return fmt::format(R"({{"id":{}{}}})", id.value, is_existing ? R"(,"existing":true)" : "");
}

}  // namespace

std::string submit_schema() {
  const Json shown{{"oneOf", shown_submission()}};
  return to_text(
      Json{{"body",
            {{"type", "any"}, {"mandatory", true}, {"shown", shown}, {"example", own(kExample)}}}});
}

std::string submissions_schema() {
  auto all = shown_submission();
  Json many{{"title", "submissions"},
            {"description",
             "The answer is an array too: {\"id\": ...} or {\"error\": ...} for each, in the same "
             "order."},
            {"type", "array"},
            {"minItems", 1},
            {"maxItems", kMostSubmissions},
            {"items", {{"oneOf", all}}}};
  all.push_back(std::move(many));
  return to_text(Json{
      {"header",
       {{"Idempotency-Key",
         {{"type", "string"},
          {"maxLength", 255},
          {"doc", "the same key gives the first job again; of many each has idempotencyKey"}}}}},
      {"body",
       {{"type", "any"},
        {"mandatory", true},
        {"shown", {{"oneOf", std::move(all)}}},
        {"example", own(kExample)}}},
      {"responses", own(kResponses)}});
}

TranslateResult translate_submit(const Call& call) {
  return translate_one(call.values.take("body"), {});
}

TranslateResult translate_submissions(const Call& call) {
  auto body = call.values.take("body");
  std::string key{call.values.text("Idempotency-Key")};
  if (body.is_array()) return translate_many(std::move(body), key);
  return translate_one(std::move(body), std::move(key));
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

std::optional<JobId> job_of(const Values& values) {
  const auto text = values.text("id");
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || number < 1) return std::nullopt;
  return JobId{number};
}

Refusal no_such_job(const Values& values) {
  return {.error = {Code::NotFound, fmt::format("no such job: {}", values.text("id"))}};
}

TranslateResult translate_job_list(const Call& call) {
  Json where = Json::array();
  for (const std::string_view column : {"dialect", "queue", "state"})
    if (const Json* value = call.values.find(column))
      where.push_back(condition(column, "=", *value));
  if (const Json* before = call.values.find("before"))
    where.push_back(condition("id", "<", *before));
  Bound bound;
  // One row more than the page tells whether another page follows.
  bound.parameters = Json{{"where", std::move(where)}, {"limit", call.values.integer("limit") + 1}};
  return bound;
}

ReplyResult reply_job_list(const Answered& answered) {
  const auto limit = answered.values.integer("limit");
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

TranslateResult translate_job(const Call& call) {
  const auto id = job_of(call.values);
  if (!id) return no_such_job(call.values);
  Bound bound;
  bound.parameters = Json{{"id", id->value}};
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
  return no_such_job(answered.values);
}

ReplyResult reply_job_pipeline(const Answered& answered) {
  for (const auto& [node, rows] : answered.outcome->rows) {
    if (rows.empty()) continue;
    return http::Response::json(
        200, std::string{rows.column<std::string_view>("pipeline").value(0, "null")});
  }
  return no_such_job(answered.values);
}

}  // namespace millrace::api
