// Models: what answers at once, with a bare object, a bare array, or a bare text.
#include <charconv>
#include <optional>
#include <utility>

#include "api/audience/refusals.hpp"
#include "api/audience/routes.hpp"
#include "api/audience/row_values.hpp"

#include <fmt/format.h>

namespace millrace::audience {

namespace {

using api::Answered;
using api::Call;

http::Response no_such_model(std::string_view job) {
  return answer(fmt::format("model_job task: {} is not exists", job));
}

// Refuses with a text in which {} is what went wrong.
std::function<api::Refusal(Error)> refuse_since(std::string begin) {
  return
      [begin = std::move(begin)](const Error& why) { return refuse_as(begin + why.message, why); };
}

Json shown(const Batch& rows, std::int64_t row, std::initializer_list<const char*> columns) {
  Json members = Json::object();
  for (const auto* column : columns)
    members[column] = value_of(rows, column, row, TimeSpelling::WithSpace);
  return members;
}

// --- status ---

api::TranslateResult bind_status(const Call& call) {
  api::Bound bound{.parameters = {{"job_id", call.values.integer("model_job_id")}}};
  bound.refuse = refuse_since("failed to get status since ");
  return bound;
}

api::ReplyResult reply_status(const Answered& answered) {
  const auto* models = api::rows_of(*answered.outcome, "shown");
  if (models == nullptr || models->empty())
    return no_such_model(std::to_string(answered.values.integer("model_job_id")));
  return answer(shown(*models, 0,
                      {"task_id", "model_name", "training_status", "ext_status", "feature",
                       "model_path", "error_message", "create_time", "job_id"}));
}

// --- report ---

// The path takes any text; one that is no number names no model.
std::optional<std::int64_t> job_number(std::string_view text) {
  std::int64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stop == end ? std::optional{number} : std::nullopt;
}

api::TranslateResult bind_report(const Call& call) {
  const auto given = call.values.text("model_job_id");
  const auto job = job_number(given);
  if (!job) {
    return refuse_as(fmt::format("model_job task: {} is not exists", given),
                     {Code::NotFound, "no number of a model's job"});
  }
  api::Bound bound{.parameters = {{"job_id", *job}}};
  bound.refuse = refuse_since("failed to get report since ");
  return bound;
}

api::ReplyResult reply_report(const Answered& answered) {
  const auto* models = api::rows_of(*answered.outcome, "shown");
  if (models == nullptr || models->empty())
    return no_such_model(answered.values.text("model_job_id"));
  Json reports = Json::array();
  if (const auto* rows = api::rows_of(*answered.outcome, "reports"); rows != nullptr)
    for (std::int64_t row = 0; row < rows->rows(); ++row)
      reports.push_back(shown(
          *rows, row, {"id", "dataset_type", "accuracy", "report", "create_time", "task_id"}));
  return answer(reports);
}

// --- abort and deletion ---

api::TranslateResult bind_abort_model(const Call& call) {
  const auto job = call.values.integer("MODEL_JOB_ID");
  api::Bound bound{.parameters = {{"job_id", job}}};
  bound.refuse = refuse_since(fmt::format("{} abortion is failed since ", job));
  return bound;
}

api::ReplyResult reply_abort_model(const Answered& answered) {
  const auto job = answered.values.integer("MODEL_JOB_ID");
  return answer(fmt::format(
      "{0} is successfully aborted, additional message: {0} break by the external user", job));
}

// Models without a job's number are those whose number is null, as Python calls it: None.
std::string deleted_job(const api::Values& values) {
  const auto* job = values.find("MODEL_JOB_ID");
  return job == nullptr || job->is_null() ? "None" : job->dump();
}

api::TranslateResult bind_delete(const Call& call) {
  const auto* job = call.values.find("MODEL_JOB_ID");
  api::Bound bound{.parameters = {{"models", {{"job_id", job == nullptr ? Json{} : *job}}}}};
  bound.refuse =
      refuse_since(fmt::format("{} deletion is failed since ", deleted_job(call.values)));
  return bound;
}

api::ReplyResult reply_delete(const Answered& answered) {
  return answer(fmt::format("{0} is successfully deleted, additional message: {0} is deleted",
                            deleted_job(answered.values)));
}

}  // namespace

std::vector<Work> model_work() {
  return {{.endpoint = "model_status", .translate = bind_status, .reply = reply_status},
          {.endpoint = "model_report", .translate = bind_report, .reply = reply_report},
          {.endpoint = "abort_model", .translate = bind_abort_model, .reply = reply_abort_model},
          {.endpoint = "delete_model", .translate = bind_delete, .reply = reply_delete}};
}

}  // namespace millrace::audience
