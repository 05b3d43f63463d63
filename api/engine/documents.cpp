#include "api/engine/documents.hpp"

#include <functional>
#include <utility>

#include "api/engine/envelope.hpp"
#include "api/route/openapi.hpp"
#include "api/route/refusals.hpp"

namespace millrace::api {

namespace {

using Direct = std::function<void(DirectCall, http::Reply)>;

constexpr const char* kRedocPage = "redoc.html";
constexpr const char* kSignInPage = "oauth2-redirect.html";

Route page(std::string path, std::string name, std::string schema, Direct direct) {
  Route route{.method = http::Method::Get,
              .path = std::move(path),
              .name = std::move(name),
              .summary = "What this API is",
              .auth = Auth::Open,
              .schema = std::move(schema),
              .direct = std::move(direct)};
  route.is_documented = false;
  return route;
}

Direct redirect_to(std::string path) {
  return [path = std::move(path)](const DirectCall& call, const http::Reply& reply) {
    reply({.status = 307, .headers = {{"Location", call.request->base_url() + path}}});
  };
}

DocumentHead head_of(const Dialect& dialect, std::string server) {
  const auto& own = *dialect.documents;
  return {.openapi = own.openapi,
          .title = own.title.empty() ? dialect.title : own.title,
          .version = own.version.empty() ? dialect.version : own.version,
          .server = std::move(server)};
}

DocumentedDialect documented(const Mount& mount, std::string prefix) {
  DocumentedDialect made{mount.dialect(), std::move(prefix), {}};
  for (std::size_t i = 0; i < mount.dialect().routes.size(); ++i)
    made.schemas.push_back(&mount.schema(i));
  return made;
}

}  // namespace

Documents::Documents(WorkLane& lane, const std::filesystem::path& share)
    : lane_{lane}, assets_{Assets::open(share / "swagger")} {}

void Documents::add_to(Dialect& dialect) {
  if (!dialect.documents) return;
  const auto& texts = texts_[dialect.name];
  const auto shows = [this, refuse = dialect.refuse](std::string usual) -> Direct {
    return
        [this, refuse, usual = std::move(usual)](const DirectCall& call, const http::Reply& reply) {
          show_file(call, reply, std::string{call.values.text("file", usual)}, refuse);
        };
  };
  std::vector<Route> routes;
  routes.push_back(page(
      "/openapi.json", "openapi", "{}", [&texts](const DirectCall& call, const http::Reply& reply) {
        const bool is_at_root = call.request->prefix.empty();
        reply(http::Response::json(200, is_at_root ? texts.at_root : texts.below_name));
      }));
  // The page names its parts as they are seen from /docs.
  routes.push_back(page("/docs", "docs", "{}", shows("index.html")));
  // A dialect that leads to paths without a slash does so here as well.
  if (dialect.final_slash != FinalSlash::TemporaryRedirect)
    routes.push_back(page("/docs/", "docs_slash", "{}", redirect_to("/docs")));
  routes.push_back(page("/docs/oauth2-redirect", "docs_sign_in", "{}", shows(kSignInPage)));
  routes.push_back(page("/docs/{file}", "docs_file", R"({"path": {"file": {"type": "string"}}})",
                        shows("index.html")));
  if (dialect.documents->has_redoc)
    routes.push_back(page("/redoc", "redoc", "{}", shows(kRedocPage)));
  if (dialect.documents->leads_from_root)
    routes.push_back(page("/", "root", "{}", redirect_to("/docs")));
  for (auto& route : routes) {
    // What only shows is there for HEAD, also where the dialect's own routes are not.
    if (!dialect.answers_head) {
      dialect.routes.push_back(route);
      dialect.routes.back().method = http::Method::Head;
    }
    dialect.routes.push_back(std::move(route));
  }
}

void Documents::write(const Mount& root, const std::vector<std::shared_ptr<Mount>>& named,
                      const std::vector<const OperatorInfo*>& operators) {
  std::vector<DocumentedDialect> all{documented(root, "")};
  for (const auto& mount : named) {
    const auto& dialect = mount->dialect();
    const auto prefix = "/" + dialect.name;
    all.push_back(documented(*mount, prefix));
    if (!dialect.documents) continue;
    const auto text = [&](std::string server) {
      return to_text(
          openapi_document(head_of(dialect, std::move(server)), {documented(*mount, "")}, {}));
    };
    texts_[dialect.name] = {text("/"), text(prefix)};
  }
  const auto& engine = root.dialect();
  if (engine.documents)
    texts_[engine.name].at_root = to_text(openapi_document(head_of(engine, "/"), all, operators));
}

void Documents::show_file(const DirectCall& call, const http::Reply& reply, std::string name,
                          const decltype(Dialect::refuse)& refuse) const {
  const auto& request = call.request;
  auto work = make_work([this, request, reply, name = std::move(name), refuse] {
    auto file = assets_.get(name);
    reply(file.ok() ? *std::move(file) : refuse({.error = file.error()}, *request));
  });
  if (lane_.try_push(work)) return;
  reply(refuse(
      refusal(Code::Unavailable, "busy", "too many requests are waiting: try again in a second"),
      *request));
}

}  // namespace millrace::api
