#include <utility>

#include "api/maisie/problems.hpp"
#include "api/maisie/resource.hpp"
#include "api/maisie/routes.hpp"

namespace millrace::maisie {

namespace {

// A tag with its models. They were read before a change of the tag, and are to show it as it is.
Json with_models(const Views& views, Json tag, const Batch* models) {
  Json shown = Json::array();
  for (std::int64_t row = 0; models != nullptr && row < models->rows(); ++row) {
    shown.push_back(views.model(*models, row, false));
    for (Json& carried : shown.back()["tags"])
      if (carried["id"] == tag["id"]) carried = tag;
  }
  tag["models"] = std::move(shown);
  return tag;
}

}  // namespace

std::vector<api::Route> tag_routes(const SharedRegistry& registry) {
  Resource tags;
  tags.one = "tag";
  tags.many = "tags";
  tags.shown = "Tag";
  tags.listed = "ListedTag";
  tags.twice = "Another tag has the name.";
  tags.columns = {name_column("baseline"),
                  {"description",
                   "description",
                   {{"type", "string"}, {"example", "what others are compared with"}}}};
  tags.show = [](const Views& views, const Batch& rows, std::int64_t row, bool is_in_list) {
    auto tag = views.tag(rows, row);
    if (!is_in_list) tag["models"] = Json::array();
    return tag;
  };
  tags.filters = search_filter();
  tags.filter = search_in("name");
  auto routes = make_routes(registry, tags);
  // A tag is shown with its models, which the same pipeline asks for.
  for (auto* route : {&routes.get, &routes.update}) {
    route->reply = [registry](const api::Answered& answered) -> api::ReplyResult {
      const auto* rows = rows_of(*answered.outcome, "row");
      if (rows == nullptr) return not_found();
      const auto views = registry->views(answered);
      return data_reply(
          with_models(views, views.tag(*rows, 0), rows_of(*answered.outcome, "models")));
    };
  }
  return {routes.list, routes.create, routes.get, routes.update, routes.remove};
}

}  // namespace millrace::maisie
