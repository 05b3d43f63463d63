// Tasks: what answers at once.
#include <optional>
#include <string>
#include <utility>

#include "api/audience/checks.hpp"
#include "api/audience/refusals.hpp"
#include "api/audience/routes.hpp"
#include "api/audience/row_values.hpp"
#include "api/audience/state_view.hpp"
#include "api/route/json_text.hpp"

#include <fmt/format.h>

namespace millrace::audience {

namespace {

using api::Answered;
using api::Call;

// --- list ---

api::TranslateResult bind_list(const Call&) {
  api::Bound bound;
  bound.refuse = [](const Error& why) {
    return refuse_as({{"error_code", 500},
                      {"error_message", "cannot connect to state table"},
                      {"content", Json::object()}},
                     why);
  };
  return bound;
}

api::ReplyResult reply_list(const Answered& answered, Profile profile) {
  Json content = Json::array();
  if (const auto* states = api::rows_of(*answered.outcome, "shown"); states != nullptr)
    for (std::int64_t row = 0; row < states->rows(); ++row)
      content.push_back(show_state(*states, row, profile));
  return answer({{"error_code", 200}, {"error_message", "OK"}, {"content", std::move(content)}});
}

// --- status ---

// The document has one text for a task that is not there and for a state that cannot be read.
api::Refusal no_status(std::string_view task, const Error& why, Profile profile) {
  const bool is_document = profile == Profile::Document;
  auto text = is_document
                  ? fmt::format(
                        "task id is not exist, plz re-check the task id. Addition error "
                        "message: {}",
                        why.message)
                  : fmt::format("{} is not found in the state table, additional error message: {}",
                                task, why.message);
  return refuse_as({{"error_code", is_document ? 400 : 404}, {"error_message", std::move(text)}},
                   why);
}

api::TranslateResult bind_status(const Call& call, Profile profile) {
  const auto task = call.values.text("task_id");
  if (profile == Profile::Reference) MR_CHECK(check_task_id(task, profile));
  api::Bound bound{.parameters = {{"task_id", task}}};
  bound.refuse = [task = std::string{task}, profile](const Error& why) {
    return no_status(task, why, profile);
  };
  return bound;
}

api::ReplyResult reply_status(const Answered& answered, Profile profile) {
  const auto* states = api::rows_of(*answered.outcome, "shown");
  if (states != nullptr && states->rows() > 0)
    return envelope(200, show_state(*states, 0, profile));
  const auto task = answered.values.text("task_id");
  return no_status(task, {Code::NotFound, fmt::format("no row of state has task_id {}", task)},
                   profile);
}

// --- sample ---

api::Refusal no_sample(const Error& why, Profile profile) {
  return refuse_as(
      {{"error_code", 500},
       {"error_message",
        fmt::format("{}annot scrape data from result tables. Additional error message: {}",
                    profile == Profile::Document ? 'c' : 'C', why.message)}},
      why);
}

// The job of a task remembers which schema its results are in.
api::Look look_for_job(Profile profile) {
  return {.pipeline = "audience/job_of_task",
          .parameters = [](const Call& call) -> std::optional<Json> {
            return Json{{"task_id", call.values.text("task_id")}};
          },
          .refuse = [profile](const Error& why) { return no_sample(why, profile); }};
}

// Empty where no job is remembered: then they are where the states are.
std::string output_schema(const Outcome* found) {
  const auto* jobs = found == nullptr ? nullptr : api::rows_of(*found, "shown");
  if (jobs == nullptr || jobs->empty()) return {};
  const Json facts = api::read_row(jobs->column<std::string_view>("facts").value(0, "{}"));
  const auto schema = facts.find("output_schema");
  return schema != facts.end() && schema->is_string() ? schema->get<std::string>() : std::string{};
}

api::TranslateResult bind_sample(const Call& call, Profile profile) {
  const auto task = call.values.text("task_id");
  MR_CHECK(check_task_id(task, profile));
  api::Bound bound{.parameters = {{"task_id", task}, {"output_schema", output_schema(call.found)}}};
  bound.refuse = [profile](const Error& why) { return no_sample(why, profile); };
  return bound;
}

Json sample_row(const Batch& rows, std::int64_t row) {
  Json shown = Json::object();
  for (const auto* column :
       {"id", "task_id", "source_author", "panel", "create_time", "field_content", "match_content"})
    shown[column] = value_of(rows, column, row);
  return shown;
}

// Why a task has no tables to look into; nothing where it has some.
Result<void, api::Refusal> check_results(const Batch* state, std::string_view task,
                                         Profile profile) {
  const bool is_known = state != nullptr && state->rows() > 0;
  const auto in_state = [&](const char* column) {
    const auto value = is_known ? value_of(*state, column, 0) : Json{};
    return value.is_string() ? value.get<std::string>() : std::string{};
  };
  const bool has_no_data = in_state("prod_stat") == "no_data";
  if (!has_no_data && !in_state("result").empty()) return {};
  if (profile == Profile::Reference)
    return no_sample({Code::NotFound, fmt::format("task {} has no result tables", task)}, profile);
  if (has_no_data)
    return refuse_with(404, fmt::format("there is no data processed in task {}", task));
  return refuse_with(404, "result table is not found, plz wait for awhile to retry it");
}

api::ReplyResult reply_sample(const Answered& answered, Profile profile) {
  const auto* state = api::rows_of(*answered.outcome, "shown");
  MR_CHECK(check_results(state, answered.values.text("task_id"), profile));
  Json sample = Json::array();
  if (const auto* rows = api::rows_of(*answered.outcome, "sample"); rows != nullptr)
    for (std::int64_t row = 0; row < rows->rows(); ++row) sample.push_back(sample_row(*rows, row));
  if (!sample.empty()) return envelope(200, std::move(sample));
  // The braces are part of the text.
  return refuse_with(404,
                     "empty result, probably wrong combination of task_id and table_name, please "
                     "check table state or use /api/tasks/{task_id} first");
}

}  // namespace

// --- abort ---

api::TranslateResult bind_abort(std::string_view task, Profile profile) {
  MR_CHECK(check_task_id(task, profile));
  api::Bound bound{.parameters = {{"task_id", task}}};
  bound.refuse = [profile](const Error& why) {
    const auto* text = profile == Profile::Document
                           ? "failed to send break status to task,. Additional error message: "
                           : "failed to send break status to task, additional error message: ";
    return refuse_as({{"error_code", 500}, {"error_message", text + why.message}}, why);
  };
  return bound;
}

http::Response abort_reply(std::string_view task) {
  return envelope(200, fmt::format("successfully send break status to task {} in state", task));
}

std::vector<Work> task_work(Profile profile) {
  return {
      {.endpoint = "list_tasks",
       .translate = bind_list,
       .reply = [profile](const Answered& answered) { return reply_list(answered, profile); }},
      {.endpoint = "check_status",
       .translate = [profile](const Call& call) { return bind_status(call, profile); },
       .reply = [profile](const Answered& answered) { return reply_status(answered, profile); }},
      {.endpoint = "sample_result",
       .look = look_for_job(profile),
       .translate = [profile](const Call& call) { return bind_sample(call, profile); },
       .reply = [profile](const Answered& answered) { return reply_sample(answered, profile); }},
      {.endpoint = "abort_task",
       .translate =
           [profile](const Call& call) { return bind_abort(call.values.text("TASK_ID"), profile); },
       .reply = [](const Answered& answered) -> api::ReplyResult {
         return abort_reply(answered.values.text("TASK_ID"));
       }}};
}

}  // namespace millrace::audience
