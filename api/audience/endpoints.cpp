#include "api/audience/endpoints.hpp"

#include <string>
#include <utility>

#include "api/audience/requests.hpp"

namespace millrace::audience {

namespace {

using http::Method;

struct Wire {
  Method method;
  const char* path;
  const char* name;
  const char* summary;
  const char* operation;
  Json request;
};

std::vector<Wire> all(Profile profile) {
  return {
      {Method::Post, "/tasks/", "create_task", "Create a labeling task", "create_task_tasks__post",
       create_task_request(profile)},
      {Method::Get, "/tasks/", "list_tasks", "List the newest tasks", "tasks_list_tasks__get",
       list_tasks_request()},
      {Method::Get, "/tasks/{task_id}", "check_status", "Get the state of a task",
       "check_status_tasks__task_id__get", task_request()},
      {Method::Get, "/tasks/{task_id}/sample/", "sample_result", "Get some rows of a task",
       "sample_result_tasks__task_id__sample__get", task_request()},
      {Method::Post, "/tasks/abort/", "abort_task", "Abort a task", "abort_task_tasks_abort__post",
       abort_task_request()},
      {Method::Post, "/tasks/dump/", "dump_tasks", "Merge tasks into the tables of a dump",
       "dump_tasks_tasks_dump__post", dump_tasks_request()},
      {Method::Post, "/models/prepare/", "prepare_model", "Train and evaluate a model",
       "model_preparing_models_prepare__post", prepare_model_request()},
      {Method::Post, "/models/test/", "test_model", "Evaluate a model on the external test set",
       "model_testing_models_test__post", test_model_request()},
      {Method::Get, "/models/{model_job_id}", "model_status", "Get the status of a model",
       "model_status_models__model_job_id__get", model_status_request()},
      {Method::Get, "/models/{model_job_id}/report/", "model_report", "Get the reports of a model",
       "model_report_models__model_job_id__report__get", model_report_request()},
      {Method::Post, "/models/abort/", "abort_model", "Abort the work on a model",
       "model_abort_models_abort__post", abort_model_request()},
      {Method::Delete, "/models/delete/", "delete_model", "Delete a model",
       "model_delete_models_delete__delete", delete_model_request()}};
}

}  // namespace

std::vector<api::Route> endpoints(const Settings& settings) {
  std::vector<api::Route> routes;
  for (auto& wire : all(settings.profile)) {
    const std::string_view path{wire.path};
    api::Route route{.method = wire.method,
                     .path = settings.prefix + wire.path,
                     .name = wire.name,
                     .summary = wire.summary,
                     .auth = api::Auth::Open,
                     .schema = wire.request.dump()};
    route.operation = wire.operation;
    route.tag = path.starts_with("/tasks") ? "tasks" : "models";
    route.values_max = kMostRequestValues;
    route.asks_database = true;
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace millrace::audience
