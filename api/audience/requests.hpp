#pragma once

#include "api/audience/settings.hpp"
#include "engine/base/json.hpp"

namespace millrace::audience {

// What each endpoint takes, as RequestSchema reads it, with the answers that its operation lists. A
// field whose default is one of the settings has none here: it is filled in when a request comes,
// so that settings read anew count, and no name of a schema stands in the OpenAPI document.

/// Remarks of the document write its queue in lower case, so that is read as well.
Json create_task_request(Profile profile);
Json list_tasks_request();
/// Of a task by its id: its status, and a sample of its rows.
Json task_request();
Json abort_task_request();
Json dump_tasks_request();
Json prepare_model_request();
Json test_model_request();
Json model_status_request();
Json model_report_request();
Json abort_model_request();
Json delete_model_request();

/// The schemas of the OpenAPI document besides those of bodies.
Json reply_schemas();

}  // namespace millrace::audience
