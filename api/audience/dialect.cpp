#include "api/audience/dialect.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "api/audience/endpoints.hpp"
#include "api/audience/refusals.hpp"
#include "api/audience/requests.hpp"
#include "api/audience/routes.hpp"
#include "api/route/pydantic.hpp"

namespace millrace::audience {

namespace {

std::vector<Work> all_work(Profile profile) {
  auto all = task_work(profile);
  std::ranges::move(model_work(), std::back_inserter(all));
  return all;
}

// Their pipelines have operators that are not there yet.
constexpr std::array<std::string_view, 3> kNotYet{"sample_result", "abort_task", "abort_model"};

// The declared endpoints that have work; the others are not served.
std::vector<api::Route> routes(const Settings& settings) {
  auto works = all_work(settings.profile);
  std::vector<api::Route> table;
  for (auto& route : endpoints(settings)) {
    const auto work = std::ranges::find(works, route.name, &Work::endpoint);
    if (work == works.end() || std::ranges::count(kNotYet, route.name) > 0) continue;
    route.look = std::move(work->look);
    route.translate = std::move(work->translate);
    route.reply = std::move(work->reply);
    table.push_back(std::move(route));
  }
  return table;
}

}  // namespace

api::Dialect make_dialect(const std::shared_ptr<const SharedSettings>& settings) {
  const auto at_start = settings->get();
  const bool is_reference = at_start->profile == Profile::Reference;
  api::Dialect dialect;
  dialect.name = "audience";
  dialect.title = at_start->title;
  dialect.version = at_start->version;
  dialect.routes = routes(*at_start);
  dialect.requires_sign_in = false;
  dialect.reaches_databases = true;
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

}  // namespace millrace::audience
