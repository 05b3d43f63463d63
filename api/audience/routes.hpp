#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "api/audience/settings.hpp"
#include "api/http/message.hpp"
#include "api/route/route.hpp"

namespace millrace::audience {

/// What an endpoint does that answers at once, by the name in its declaration (endpoints()).
struct Work {
  std::string_view endpoint;
  std::optional<api::Look> look{};
  std::function<api::TranslateResult(const api::Call&)> translate{};
  api::Reply reply{};
};

/// List, status, sample and abort of tasks.
std::vector<Work> task_work(Profile profile);
/// Status, report, abort and deletion of models.
std::vector<Work> model_work();

/// An abort of a task: what pipelines/audience/abort_task.json is given, and how a failure is told.
/// A refusal where the id is none.
api::TranslateResult bind_abort(std::string_view task, Profile profile);
http::Response abort_reply(std::string_view task);

}  // namespace millrace::audience
