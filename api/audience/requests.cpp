#include "api/audience/requests.hpp"

#include <utility>

namespace millrace::audience {

namespace {

// --- fields ---

// Of a type that takes no null.
Json value(const char* type, Json fallback) {
  Json declared{{"type", type}, {"nullable", false}};
  if (!fallback.is_null()) declared["default"] = std::move(fallback);
  return declared;
}

Json text(Json fallback = nullptr) { return value("string", std::move(fallback)); }
Json integer(Json fallback) { return value("integer", std::move(fallback)); }

Json date(const char* fallback) {
  auto declared = text(fallback);
  declared["format"] = "date";
  return declared;
}

Json with_doc(Json declared, const char* doc) {
  declared["doc"] = doc;
  return declared;
}

Json any_of(const char* one, const char* other) {
  return {{"type", "any"}, {"anyOf", Json::array({{{"type", one}}, {{"type", other}}})}};
}

// --- requests ---

constexpr const char* kTaskExample = "8fec5762412c11ec836d04ea56825baa";

Json answers() {
  Json found{{"doc", "Successful Response"}, {"schema", Json::object()}};
  Json lost{{"doc", "Not found"},
            {"schema", {{"type", "object"}, {"properties", {{"detail", {{"type", "string"}}}}}}}};
  return {{"200", std::move(found)}, {"404", std::move(lost)}};
}

Json without_parameters() { return {{"responses", answers()}}; }

Json with_path(const char* name, const char* type, Json example) {
  auto declared = value(type, nullptr);
  declared["example"] = std::move(example);
  return {{"path", {{name, std::move(declared)}}}, {"responses", answers()}};
}

Json with_fields(const char* name, Json fields) {
  return {{"fields", std::move(fields)}, {"named", name}, {"responses", answers()}};
}

Json model_fields() {
  auto info = value("object", nullptr);
  info["additionalProperties"] = any_of("string", "object");
  return {{"QUEUE", text("queue2")},
          {"DATASET_DB", text("audience-toolkit-django")},
          {"DATASET_NO", with_doc(integer(1), "id of the labeling job")},
          {"MODEL_JOB_ID", integer(0)},
          {"PREDICT_TYPE", with_doc(text("CONTENT"), "AUTHOR, CONTENT, S_AREA_ID or TITLE")},
          {"MODEL_TYPE", with_doc(text("RANDOM_FOREST_MODEL"),
                                  "KEYWORD_MODEL, RULE_MODEL, RANDOM_FOREST_MODEL or "
                                  "TERM_WEIGHT_MODEL")},
          {"MODEL_INFO",
           with_doc(std::move(info), "model_path, feature_model and patterns of the model")}};
}

}  // namespace

Json create_task_request(Profile profile) {
  auto queue = text("queue1");
  if (profile == Profile::Document) queue["also"] = Json::array({"queue"});
  auto pattern = any_of("object", "array");
  pattern["as_text"] = true;
  return with_fields(
      "TaskConfig",
      {{"MODEL_TYPE",
        with_doc(text("keyword_model"),
                 "keyword_model, rule_model, random_forest_model or term_weight_model")},
       {"PREDICT_TYPE",
        with_doc(text("author_name"), "author_name, author, content, s_area_id or title")},
       {"START_TIME", with_doc(date("2020-01-01"), "the first day")},
       {"END_TIME", with_doc(date("2021-01-01"), "the day behind the last")},
       {"PATTERN",
        with_doc(std::move(pattern), "a rule set, or a list of one for each model of the task")},
       {"INPUT_SCHEMA", text()},
       {"INPUT_TABLE", text()},
       {"OUTPUT_SCHEMA", text()},
       {"COUNTDOWN",
        with_doc(integer(5), "seconds between the label stage and the production stage")},
       {"QUEUE", std::move(queue)},
       {"MODEL_JOB_LIST",
        {{"type", "array"},
         {"items", {{"type", "integer"}}},
         {"doc", "prepared models to apply, in this order"}}},
       {"SITE_CONFIG",
        {{"type", "object"},
         {"doc", "connection of the input database: host, port, user, password, db, charset"}}}});
}

Json list_tasks_request() { return without_parameters(); }
Json task_request() { return with_path("task_id", "string", kTaskExample); }

Json abort_task_request() { return with_fields("AbortionConfig", {{"TASK_ID", text("string")}}); }

Json dump_tasks_request() {
  // An id of a predicting job, or the 32 digits of a task's.
  Json ids{{"type", "array"}, {"items", any_of("integer", "string")}, {"nullable", false}};
  return with_fields("DumpConfig",
                     {{"ID_LIST", with_doc(std::move(ids), "ids of predicting jobs, or of tasks")},
                      {"OLD_TABLE_DATABASE", text()},
                      {"NEW_TABLE_DATABASE", text()},
                      {"DUMP_DATABASE", text()},
                      {"QUEUE", text("queue1")}});
}

Json prepare_model_request() { return with_fields("ModelingTrainingConfig", model_fields()); }
Json test_model_request() { return with_fields("ModelingTestingConfig", model_fields()); }
Json model_status_request() { return with_path("model_job_id", "integer", 24); }
Json model_report_request() { return with_path("model_job_id", "string", "24"); }

Json abort_model_request() { return with_fields("ModelingAbort", {{"MODEL_JOB_ID", integer(0)}}); }

Json delete_model_request() {
  return with_fields("ModelingDelete", {{"MODEL_JOB_ID", {{"type", "integer"}}}});
}

Json reply_schemas() {
  const Json told{{"type", "string"}};
  return {
      {"HTTPValidationError",
       {{"title", "HTTPValidationError"},
        {"type", "object"},
        {"properties",
         {{"detail",
           {{"title", "Detail"}, {"type", "array"}, {"items", {{"$ref", "ValidationError"}}}}}}}}},
      {"ValidationError",
       {{"title", "ValidationError"},
        {"required", Json::array({"loc", "msg", "type"})},
        {"type", "object"},
        {"properties",
         {{"loc", {{"title", "Location"}, {"type", "array"}, {"items", told}}},
          {"msg", {{"title", "Message"}, {"type", "string"}}},
          {"type", {{"title", "Error Type"}, {"type", "string"}}}}}}}};
}

}  // namespace millrace::audience
