#pragma once

#include <string>
#include <string_view>

#include "api/audience/settings.hpp"
#include "api/route/refusals.hpp"
#include "api/route/values.hpp"
#include "engine/base/result.hpp"

namespace millrace::audience {

// What is wrong with a request in itself, before any database is asked.

/// START_TIME must be a day before END_TIME, both as "2021-01-31".
Result<void, api::Refusal> check_days(std::string_view start, std::string_view end);

/// A task's id, of a sample or an abort: by the document it has 32 characters; the original takes
/// whatever is a UUID to Python, with hyphens and braces too, and answers 400 to others.
Result<void, api::Refusal> check_task_id(std::string_view id, Profile profile);

/// ID_LIST must have an item; one that is no integer has the 32 lower-case digits of a task's id.
Result<void, api::Refusal> check_dump_ids(const api::Values& values);

}  // namespace millrace::audience
