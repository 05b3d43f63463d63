#pragma once

#include <memory>

#include "api/audience/settings.hpp"
#include "api/audience/task_id.hpp"
#include "api/route/route.hpp"

namespace millrace::audience {

/// What the routes share that submit the work on models, and dumps.
struct ModelParts {
  std::shared_ptr<const SharedSettings> settings;  // with whoever reads them anew
  std::shared_ptr<TaskIds> ids;                    // with the routes of tasks
};

/// Make the routes POST /models/prepare/, POST /models/test/ and POST /tasks/dump/ of their
/// declarations.
api::Route prepare_model_route(api::Route declared, ModelParts parts);
api::Route test_model_route(api::Route declared, ModelParts parts);
api::Route dump_tasks_route(api::Route declared, ModelParts parts);

}  // namespace millrace::audience
