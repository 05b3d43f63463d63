#pragma once

#include <memory>
#include <string_view>

#include "api/audience/settings.hpp"
#include "api/audience/task.hpp"
#include "api/audience/task_id.hpp"
#include "api/audience/task_models.hpp"
#include "api/route/route.hpp"
#include "engine/base/json.hpp"

namespace millrace::audience {

/// What the routes that submit tasks share.
struct TaskParts {
  std::shared_ptr<const SharedSettings> settings;  // with whoever reads them anew
  std::shared_ptr<TaskIds> ids;                    // with the routes of models
  std::shared_ptr<const Json>
      source_tables;  // pipelines/maps/audience_tables.json; shared by tasks
};

/// Makes the route POST /tasks/ of its declaration.
api::Route create_task_route(api::Route declared, TaskParts parts);

/// The jobs of a task, each with its pipeline in pipelines/audience: create_task, whose end is the
/// answer, and behind it label_task, produce_task, and what tells of the failure of either; or
/// refuse_task, for a task that fails before any of its rows is read.
api::Bound task_jobs(const Task& task, const Result<LabelNodes>& nodes, const Settings& settings,
                     const Json& source_tables, std::string_view create_time);

/// External ids of jobs begin with that of their task; the label stage has no more.
inline constexpr std::string_view kCreationSuffix = ".create", kProductionSuffix = ".production";

}  // namespace millrace::audience
