#include "api/maisie/dialect.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "api/http/response_head.hpp"
#include "api/maisie/problems.hpp"
#include "api/maisie/reply_schemas.hpp"
#include "api/maisie/routes.hpp"
#include "api/maisie/sign_in.hpp"
#include "api/maisie/upload_headers.hpp"

namespace millrace::maisie {

api::Dialect make_dialect(const SharedRegistry& registry) {
  api::Dialect dialect;
  dialect.name = "maisie";
  dialect.title = "Maisie";
  dialect.version = "1";
  for (auto* routes :
       {&sign_in_routes, &model_routes, &version_routes, &promotion_routes, &project_routes,
        &tag_routes, &upload_routes, &user_routes, &workspace_routes}) {
    auto some = routes(registry);
    dialect.routes.insert(dialect.routes.end(), std::make_move_iterator(some.begin()),
                          std::make_move_iterator(some.end()));
  }
  dialect.authenticator = std::make_shared<SignIn>(registry);
  const auto most_bytes = registry->settings.max_upload_bytes;
  dialect.body_bytes = std::min(dialect.body_bytes, most_bytes);
  for (auto& route : dialect.routes) route.upload_bytes = most_bytes;
  dialect.reading = {.coerce = api::Reading::reqparse, .missing = std::string{kMissing}};
  dialect.challenge = "Bearer";
  dialect.requires_sign_in = registry->settings.require_auth;
  dialect.answers_options = true;
  // A web page on another port uses the dialect, with a token in a header and never with cookies.
  dialect.cors = {.origins = api::Cors::Origins::Allowed,
                  .methods = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"};
  dialect.refuse = refuse;
  dialect.decorate = [registry](const http::Request& request, http::Response& response) {
    add_upload_headers(registry->settings, request, response);
    // Links carry tickets then, which are for who asked and for a while.
    if (registry->settings.hides_private() && http::header_of(response, "Cache-Control").empty())
      response.headers.emplace_back("Cache-Control", "no-store");
  };
  dialect.schemas = reply_schemas();
  dialect.refusal_schema = refusal_schema();
  dialect.security_scheme = Json{{"type", "http"},
                                 {"scheme", "bearer"},
                                 {"bearerFormat", "JWT"},
                                 {"description", "access_token of the answer to a login"}};
  return dialect;
}

}  // namespace millrace::maisie
