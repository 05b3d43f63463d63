// What a dialect decides about the documents that it serves.
#include "api/engine/documents.hpp"

#include "api/http/response_head.hpp"
#include "engine/base/json.hpp"
#include "tests/api_route/place.hpp"

using namespace millrace;
using namespace millrace::test;
using api::Mount;
using http::Method;

namespace {

/// A root and the dialect `sample` below it, with the documents of both.
struct Documented {
  explicit Documented(std::optional<api::RootDocuments> own) {
    REQUIRE(place.look().ok());
    documents = std::make_unique<api::Documents>(*place.lane, place.folder().path());
    auto engine = sample_dialect({});
    engine.name = "engine";
    engine.title = "Engine";
    engine.version = "1";
    auto dialect = sample_dialect({});
    dialect.title = "Sample";
    dialect.version = "2";
    dialect.documents = std::move(own);
    root = open(std::move(engine));
    sample = open(std::move(dialect));
    documents->write(*root, {sample}, {});
  }

  std::shared_ptr<Mount> open(api::Dialect dialect) {
    documents->add_to(dialect);
    auto opened = Mount::open(std::move(dialect), *place.surroundings);
    REQUIRE(opened.ok());
    return *std::move(opened);
  }

  static Json document(const Mount& mount) {
    const auto answer = ask(mount, Method::Get, "/openapi.json");
    REQUIRE(answer.status == 200);
    return Json::parse(body_of(answer));
  }

  Place place;
  std::unique_ptr<api::Documents> documents;  // outlives the mounts
  std::shared_ptr<Mount> root, sample;
};

}  // namespace

TEST_CASE("a document may have names of its own", "[api][engine][documents]") {
  const Documented own{api::RootDocuments{
      .openapi = "3.0.2", .title = "Shown", .version = "7.1", .leads_from_root = false}};
  const auto document = Documented::document(*own.sample);
  CHECK(document["openapi"] == "3.0.2");
  CHECK(document["info"]["title"] == "Shown");
  CHECK(document["info"]["version"] == "7.1");
  CHECK(ask(*own.sample, Method::Get, "/").status == 404);
  CHECK(ask(*own.sample, Method::Get, "/docs/").status == 307);
  // The whole server's has its own.
  CHECK(Documented::document(*own.root)["openapi"] == "3.1.0");
  CHECK(Documented::document(*own.root)["info"]["title"] == "Engine");
}

TEST_CASE("a document has the names of its dialect otherwise", "[api][engine][documents]") {
  const Documented usual{api::RootDocuments{}};
  const auto document = Documented::document(*usual.sample);
  CHECK(document["openapi"] == "3.1.0");
  CHECK(document["info"]["title"] == "Sample");
  CHECK(document["info"]["version"] == "2");
  const auto moved = ask(*usual.sample, Method::Get, "/");
  CHECK(moved.status == 307);
  CHECK(http::header_of(moved, "Location").ends_with("/docs"));
}

TEST_CASE("a document is shown by ReDoc too, and HEAD finds what only shows",
          "[api][engine][documents]") {
  const Documented usual{api::RootDocuments{}}, both{api::RootDocuments{.has_redoc = true}};
  CHECK(ask(*usual.sample, Method::Get, "/redoc").status == 404);
  CHECK(ask(*usual.sample, Method::Head, "/openapi.json").status == 200);
  // Of these the folder of this test has no files: the routes are there, and say so.
  const auto refused = ask(*both.sample, Method::Get, "/redoc");
  CHECK(body_of(refused).ends_with("no such page: redoc.html"));
  CHECK(body_of(ask(*both.sample, Method::Get, "/docs/oauth2-redirect"))
            .ends_with("no such page: oauth2-redirect.html"));
  CHECK(ask(*both.sample, Method::Post, "/redoc").status == 405);
}

TEST_CASE("where routes answer no HEAD the documents do", "[api][engine][documents]") {
  Documented documented{std::nullopt};
  auto dialect = sample_dialect({});
  dialect.name = "strict";
  dialect.answers_head = false;
  dialect.final_slash = api::FinalSlash::TemporaryRedirect;
  const auto strict = documented.open(std::move(dialect));
  documented.documents->write(*documented.root, {strict}, {});
  CHECK(ask(*strict, Method::Head, "/openapi.json").status == 200);
  CHECK(ask(*strict, Method::Head, "/").status == 307);
  CHECK(http::header_of(ask(*strict, Method::Get, "/docs/"), "Location").ends_with("/docs"));
  CHECK(http::header_of(ask(*strict, Method::Get, "//"), "Location").empty());
}

TEST_CASE("a dialect may serve no documents", "[api][engine][documents]") {
  const Documented none{std::nullopt};
  for (const char* path : {"/openapi.json", "/docs", "/docs/", "/"})
    CHECK(ask(*none.sample, Method::Get, path).status == 404);
  CHECK(ask(*none.root, Method::Get, "/").status == 307);
}
