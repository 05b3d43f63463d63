#include "api/audience/dialect.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "api/audience/create_task.hpp"
#include "api/audience/endpoints.hpp"
#include "api/audience/model_routes.hpp"
#include "api/audience/refusals.hpp"
#include "api/audience/requests.hpp"
#include "api/audience/routes.hpp"
#include "api/route/json_text.hpp"
#include "api/route/pydantic.hpp"
#include "engine/base/clock.hpp"
#include "engine/base/random.hpp"

#include <fmt/format.h>

namespace millrace::audience {

namespace {

std::vector<Work> all_work(Profile profile) {
  auto all = task_work(profile);
  std::ranges::move(model_work(), std::back_inserter(all));
  return all;
}

// An endpoint that submits jobs; nothing for another.
std::optional<api::Route> queued_route(const api::Route& declared, const TaskParts& parts) {
  if (declared.name == "create_task") return create_task_route(declared, parts);
  const ModelParts models{parts.settings, parts.ids};
  if (declared.name == "prepare_model") return prepare_model_route(declared, models);
  if (declared.name == "test_model") return test_model_route(declared, models);
  if (declared.name == "dump_tasks") return dump_tasks_route(declared, models);
  return std::nullopt;
}

// The declared endpoints that have work; the others are not served.
std::vector<api::Route> routes(const Settings& settings, const TaskParts& parts) {
  auto works = all_work(settings.profile);
  std::vector<api::Route> table;
  for (auto& route : endpoints(settings)) {
    if (auto queued = queued_route(route, parts)) {
      table.push_back(*std::move(queued));
      continue;
    }
    const auto work = std::ranges::find(works, route.name, &Work::endpoint);
    if (work == works.end()) continue;
    route.look = std::move(work->look);
    route.translate = std::move(work->translate);
    route.reply = std::move(work->reply);
    table.push_back(std::move(route));
  }
  return table;
}

}  // namespace

api::Dialect make_dialect(const std::shared_ptr<const SharedSettings>& settings,
                          Json source_tables) {
  const auto at_start = settings->get();
  const bool is_reference = at_start->profile == Profile::Reference;
  api::Dialect dialect;
  dialect.name = "audience";
  dialect.title = at_start->title;
  dialect.version = at_start->version;
  dialect.routes =
      routes(*at_start, {.settings = settings,
                         .ids = std::make_shared<TaskIds>(system_clock(), system_random()),
                         .source_tables = std::make_shared<const Json>(std::move(source_tables))});
  dialect.requires_sign_in = false;
  dialect.reaches_databases = true;
  dialect.folders = [settings] { return std::vector{settings->get()->model_folder}; };
  dialect.reading =
      api::pydantic_reading(is_reference ? api::LooseObjects::Taken : api::LooseObjects::Refused);
  dialect.final_slash = api::FinalSlash::TemporaryRedirect;
  dialect.answers_head = false;
  dialect.tells_methods = false;
  dialect.body_bytes = at_start->max_body_bytes;
  dialect.refuse = refuse;
  dialect.refusal_schema = Json{{"$ref", "HTTPValidationError"}};
  dialect.schemas = reply_schemas();
  dialect.shown_refusals = {422};
  dialect.documents =
      api::RootDocuments{.openapi = "3.0.2", .leads_from_root = !is_reference, .has_redoc = true};
  return dialect;
}

Result<Json> read_source_tables(const std::filesystem::path& file) {
  std::ifstream stream{file};
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) {
    return Error{Code::NotFound,
                 fmt::format("read the tables of sources: no such file: {} (it belongs beside the "
                             "program)",
                             file.string())};
  }
  auto tables = api::read_own(text.str());
  if (!tables.ok())
    return std::move(tables).error().within(
        fmt::format("read the tables of sources: {}", file.string()));
  if (!tables->is_object()) {
    return Error{Code::DataInvalid,
                 fmt::format("read the tables of sources: not a JSON object: {}", file.string())};
  }
  return tables;
}

}  // namespace millrace::audience
