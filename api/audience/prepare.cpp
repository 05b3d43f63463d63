// Models: what is queued.
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <millrace/batch.hpp>

#include "api/audience/model_jobs.hpp"
#include "api/audience/model_routes.hpp"
#include "api/audience/refusals.hpp"
#include "api/audience/task_models.hpp"
#include "engine/base/clock.hpp"
#include "engine/base/private_files.hpp"
#include "engine/job/job.hpp"

#include <fmt/format.h>

namespace millrace::audience {

namespace {

using RefuseSince = std::function<api::Refusal(const Error&)>;

// Refuses as the document does what cannot be queued.
RefuseSince not_added(std::string_view what) {
  return [begin = fmt::format("failed to add {} task info to modeling_status since ", what)](
             const Error& why) { return refuse_as(begin + why.message, why); };
}

Result<void, api::Refusal> check_queue(const std::string& queue, const RefuseSince& refuse) {
  auto checked = check_queue_name(queue);
  if (checked.ok() && queue == kPromptQueue) {
    checked = Error{
        Code::InvalidArgument,
        fmt::format("QUEUE must be another than {}, which is the server's own", kPromptQueue)};
  }
  if (checked.ok()) return {};
  return refuse(checked.error());
}

api::Bound with_answer(api::Bound bound, Json told, RefuseSince refuse) {
  bound.refuse = std::move(refuse);
  bound.reply = [told = std::move(told)](const api::Answered&) -> api::ReplyResult {
    return answer(told);
  };
  return bound;
}

// The folder of all models is made with the first one, where nobody has made it.
Result<void, api::Refusal> make_folder(const std::filesystem::path& folder,
                                       const RefuseSince& refuse) {
  auto made = make_private_folder(folder);
  if (made.ok()) return {};
  return refuse(std::move(made).error().within("MODEL_PATH_FIELD_DIRECTORY"));
}

api::TranslateResult translate_prepare(const api::Call& call, const ModelParts& parts) {
  const auto settings = parts.settings->get();
  const auto refuse = not_added("training");
  const auto request = read_model_request(call.values, ModelWork::Prepare);
  MR_CHECK(check_queue(request.queue, refuse));
  const auto task = parts.ids->next();
  auto told = request.shown();
  told["task_id"] = task;
  auto jobs = preparing_jobs(request, task, *settings, local_time(system_clock().now()));
  if (!jobs.then.empty()) MR_CHECK(make_folder(settings->model_folder, refuse));
  return with_answer(std::move(jobs), std::move(told), refuse);
}

// The task_id of the model's row; empty: it was never prepared.
std::string task_of(const Outcome* found) {
  if (found == nullptr) return {};
  const auto* rows = api::rows_of(*found, "found");
  if (rows == nullptr || rows->empty()) return {};
  return std::string{rows->column<std::string_view>("task_id").value(0)};
}

api::TranslateResult translate_test(const api::Call& call, const ModelParts& parts) {
  const auto settings = parts.settings->get();
  const auto refuse = not_added("testing");
  const auto request = read_model_request(call.values, ModelWork::Test);
  MR_CHECK(check_queue(request.queue, refuse));
  const auto task = task_of(call.found);
  auto told = request.shown();
  if (!task.empty() && settings->profile == Profile::Document) told["task_id"] = task;
  if (task.empty()) return refuse_as(std::move(told), {Code::NotFound, "never prepared"});
  return with_answer(
      testing_jobs(request, task, parts.ids->next(), *settings, local_time(system_clock().now())),
      std::move(told), refuse);
}

// The row of the model that is tested tells by which id its reports go.
api::Look look_for_model(const ModelParts& parts) {
  return {.pipeline = "audience/model_of_job",
          .parameters = [parts](const api::Call& call) -> std::optional<Json> {
            return Json{{"state_schema", parts.settings->get()->output_schema},
                        {"job_id", call.values.integer("MODEL_JOB_ID")}};
          },
          .refuse = not_added("testing")};
}

// Two models that are the first ones would both make the project at the ends of their jobs.
api::Look make_registry() {
  return {.pipeline = "audience/registry_of_models",
          .parameters = [](const api::Call& call) -> std::optional<Json> {
            const auto kind = model_kind(call.values.text("MODEL_TYPE"));
            const bool is_trained = kind == ModelKind::TermWeight || kind == ModelKind::Forest;
            return is_trained ? std::optional{Json::object()} : std::nullopt;
          },
          .refuse = not_added("training")};
}

}  // namespace

api::Route prepare_model_route(api::Route declared, ModelParts parts) {
  declared.lane = api::Lane::Awaited;
  declared.look = make_registry();
  // What is written then goes on: its jobs are there with it.
  declared.stops_with_client = false;
  declared.translate = [parts = std::move(parts)](const api::Call& call) {
    return translate_prepare(call, parts);
  };
  return declared;
}

api::Route test_model_route(api::Route declared, ModelParts parts) {
  declared.lane = api::Lane::Awaited;
  declared.stops_with_client = false;
  declared.look = look_for_model(parts);
  declared.translate = [parts = std::move(parts)](const api::Call& call) {
    return translate_test(call, parts);
  };
  return declared;
}

}  // namespace millrace::audience
