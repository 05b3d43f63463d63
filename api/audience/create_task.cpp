#include "api/audience/create_task.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <millrace/batch.hpp>

#include "api/audience/checks.hpp"
#include "api/audience/refusals.hpp"
#include "api/audience/routes.hpp"
#include "api/route/json_text.hpp"
#include "engine/base/clock.hpp"
#include "engine/job/job.hpp"

#include <fmt/format.h>

namespace millrace::audience {

namespace {

api::Refusal not_started(std::string_view why) {
  return refuse_with(
      500, fmt::format("failed to start a labeling task, additional error message: {}", why));
}

// The database of the states that cannot be reached, or what else stands in the way.
api::Refusal not_created(const Error& error) {
  const bool is_away = error.code == Code::Unavailable || error.code == Code::Io ||
                       error.code == Code::NotFound || error.code == Code::PermissionDenied ||
                       error.code == Code::DeadlineExceeded;
  if (!is_away) return not_started(error.message);
  return refuse_with(503,
                     "cannot connect to output schema, additional error message: " + error.message);
}

// What keeps a task from becoming jobs.
Result<void, api::Refusal> check_jobs(const Task& task) {
  if (task.input_schema.empty())
    return not_started("INPUT_SCHEMA must be given, since the server has none");
  if (auto checked = check_queue_name(task.queue); !checked.ok())
    return not_started(checked.error().message);
  if (task.queue == kPromptQueue)
    return not_started(
        fmt::format("QUEUE must be another than {}, which is the server's own", kPromptQueue));
  if (task.countdown_s > kLongestDelay.count())
    return not_started(fmt::format("COUNTDOWN must be {} seconds, a year, at the most: {}",
                                   kLongestDelay.count(), task.countdown_s));
  return {};
}

Json described(const Task& task) {
  return {{"model_type", task.model_type},
          {"predict_type", task.predicted()},
          {"start_time", task.start},
          {"end_time", task.end},
          {"target_schema", task.input_schema},
          {"target_table", task.input_table},
          {"output_schema", task.output_schema},
          {"countdown", task.countdown_s},
          {"queue", task.queue},
          {"date_range", task.date_range()},
          {"task_id", task.id}};
}

std::vector<PreparedModel> read_models(const Outcome& found) {
  std::vector<PreparedModel> models;
  for (const auto& [node, batch] : found.rows) {
    if (batch.rows() == 0) continue;
    const auto jobs = batch.column<std::int64_t>("job_id");
    const auto names = batch.column<std::string_view>("model_name");
    const auto paths = batch.column<std::string_view>("model_path");
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (jobs[row])
        models.push_back({*jobs[row], std::string{names[row].value_or("")},
                          std::string{paths[row].value_or("")}});
    }
  }
  return models;
}

// A body that has the id of a task and nothing else: the path that the document prints for an abort
// is that of a new task.
std::optional<std::string> task_to_abort(const http::Request& request, Profile profile) {
  constexpr std::size_t kLongest = 4'096;
  if (profile != Profile::Document || request.body.size() > kLongest) return std::nullopt;
  const auto body = api::read_python_body(request);
  if (!body.ok() || !body->is_object() || body->size() != 1) return std::nullopt;
  const auto id = body->find("TASK_ID");
  if (id == body->end()) return std::nullopt;
  return id->is_string() ? id->get<std::string>() : id->dump();
}

api::TranslateResult translate_abort(const std::string& task, Profile profile) {
  MR_TRY(auto bound, bind_abort(task, profile));
  bound.pipeline = "audience/abort_task";
  bound.job.queue = kPromptQueue;
  bound.job.max_attempts = 1;
  bound.reply = [task](const api::Answered&) -> api::ReplyResult { return abort_reply(task); };
  return bound;
}

api::TranslateResult translate(const api::Call& call, const TaskParts& parts) {
  const auto settings = parts.settings->get();
  if (const auto aborted = task_to_abort(call.request, settings->profile))
    return translate_abort(*aborted, settings->profile);
  MR_CHECK(check_days(call.values.text("START_TIME"), call.values.text("END_TIME")));
  auto task = read_task(call.values, *settings);
  MR_CHECK(check_jobs(task));
  task.id = parts.ids->next();
  const auto models =
      call.found != nullptr ? read_models(*call.found) : std::vector<PreparedModel>{};
  auto bound = task_jobs(task, label_nodes(task, models, *settings), *settings,
                         *parts.source_tables, local_time(system_clock().now()));
  bound.refuse = [](const Error& error) { return not_created(error); };
  const bool is_reference = settings->profile == Profile::Reference;
  bound.reply = [told = is_reference ? Json(task.id) : described(task)](
                    const api::Answered&) -> api::ReplyResult { return envelope(200, told); };
  return bound;
}

// Prepared models of a task are looked for in the table where they are kept.
api::Look look_for_models(const TaskParts& parts) {
  return {.pipeline = "audience/models_of_task",
          .parameters = [parts](const api::Call& call) -> std::optional<Json> {
            const auto* jobs = call.values.list("MODEL_JOB_LIST");
            if (jobs == nullptr || jobs->empty()) return std::nullopt;
            if (!check_days(call.values.text("START_TIME"), call.values.text("END_TIME")).ok())
              return std::nullopt;
            return Json{{"state_schema", parts.settings->get()->output_schema}, {"job_ids", *jobs}};
          },
          .refuse = [](const Error& error) { return not_created(error); }};
}

}  // namespace

api::Route create_task_route(api::Route declared, TaskParts parts) {
  declared.lane = api::Lane::Awaited;
  // What is written then goes on: its jobs are there with it.
  declared.stops_with_client = false;
  declared.look = look_for_models(parts);
  declared.translate = [parts = std::move(parts)](const api::Call& call) {
    return translate(call, parts);
  };
  return declared;
}

}  // namespace millrace::audience
