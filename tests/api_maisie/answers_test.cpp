// What answers say of themselves: who may keep them, whether they have changed, how to sign in; and
// whose word is taken on where a request came from.
#include <catch2/catch.hpp>

#include "tests/api_maisie/registry_server.hpp"

#include <fmt/format.h>

using namespace millrace;
using test::RegistryServer;

namespace {

// Models 1 (public) and 2 (private) of admin; zofia is 2 and signed in.
void fill(RegistryServer& server) {
  server.sign_in();
  server.json("POST", "/api/v1/workspaces/", {{"name", "w"}}, {server.bearer()});
  server.json("POST", "/api/v1/projects/", {{"name", "p"}, {"workspace_id", 1}}, {server.bearer()});
  for (const char* is_private : {"false", "true"})
    REQUIRE(
        server.upload({{"project_id", "1"}, {"name", "m"}, {"private", is_private}, {"tags", "t"}})
            .status == 200);
  server.json("POST", "/api/v1/users/", {{"login", "zofia"}, {"password", "pw"}},
              {server.bearer()});
  server.sign_in("zofia", "pw");
}

std::string header(const RegistryServer::Answer& answer, const std::string& name) {
  const auto found = answer.headers.find(name);
  return found == answer.headers.end() ? "" : found->second;
}

}  // namespace

TEST_CASE("what somebody who signed in was told is for nobody else", "[maisie][answers]") {
  RegistryServer server{SqlDialect::Sqlite};
  fill(server);
  CHECK(header(server.as_user("GET", "/api/v1/models/"), "cache-control") == "private");
  CHECK(header(server.as_user("GET", "/api/v1/models/99/"), "cache-control") == "private");
  CHECK(header(server.send("GET", "/api/v1/projects/"), "cache-control").empty());
  CHECK(header(server.as_user("GET", "/api/v1/auth/token/"), "cache-control") == "no-store");
  CHECK(header(server.form("POST", "/api/v1/auth/login/", "login=zofia&password=pw"),
               "cache-control") == "no-store");
  CHECK(header(server.send("GET", "/storage/download/1/"), "cache-control") ==
        "public, max-age=43200");
}

TEST_CASE("where private models are hidden, nothing is public, and no answer with tickets is kept",
          "[maisie][answers]") {
  const bool closes_all = GENERATE(false, true);
  RegistryServer server{SqlDialect::Sqlite,
                        {.require_auth = closes_all, .enforce_private = !closes_all}};
  fill(server);
  for (const char* target : {"/api/v1/models/", "/api/v1/models/1/", "/api/v1/tags/1/"}) {
    const auto answer = server.as_user("GET", target);
    CHECK(answer.text.find("?ticket=") != std::string::npos);
    CHECK(header(answer, "cache-control") == "no-store");
  }
  const auto link = server.as_user("GET", "/api/v1/models/1/").data()["_links"]["download"];
  const auto target = link.get<std::string>().substr(server.base().size());
  CHECK(header(server.send("GET", target), "cache-control") == "private, max-age=43200");
  CHECK(header(server.as_user("GET", "/storage/download/1/"), "cache-control") ==
        "private, max-age=43200");
}

TEST_CASE("a changed tag is shown as it is now, by its models too", "[maisie][answers]") {
  RegistryServer server{SqlDialect::Sqlite};
  fill(server);
  const auto changed = server.json("PUT", "/api/v1/tags/1/",
                                   {{"name", "best"}, {"description", "d"}}, {server.bearer()});
  REQUIRE(changed.status == 200);
  const auto tag = changed.data();
  CHECK(tag["name"] == "best");
  REQUIRE(tag["models"].size() == 2);
  const Json best{{"id", 1}, {"name", "best"}, {"description", "d"}};
  for (const Json& model : tag["models"]) CHECK(model["tags"] == Json::array({best}));
  CHECK(server.as_user("GET", "/api/v1/tags/1/").data() == tag);
}

TEST_CASE("an answer 401 says how to sign in", "[maisie][answers]") {
  RegistryServer server{SqlDialect::Sqlite};
  for (const auto& answer :
       {server.send("GET", "/api/v1/models/"),
        server.send("GET", "/api/v1/models/", {"Authorization: Bearer None"}),
        server.form("POST", "/api/v1/auth/login/", "login=admin&password=no")}) {
    CHECK(answer.status == 401);
    CHECK(header(answer, "www-authenticate") == "Bearer");
  }
  CHECK(header(server.send("GET", "/api/v1/projects/"), "www-authenticate").empty());
}

TEST_CASE("a download is sent again only when it is another one", "[maisie][answers]") {
  RegistryServer server{SqlDialect::Sqlite};
  fill(server);
  const auto get = [&](const RegistryServer::Headers& headers, const char* method = "GET") {
    return server.send(method, "/storage/download/1/", headers);
  };
  const auto whole = get({});
  REQUIRE(whole.status == 200);
  REQUIRE(whole.text == "WEIGHTS");
  const auto etag = header(whole, "etag"), date = header(whole, "last-modified");
  REQUIRE(etag.size() == 66);
  REQUIRE(date.ends_with(" GMT"));
  for (const auto& condition : {"If-None-Match: " + etag, "If-None-Match: \"x\", W/" + etag,
                                "If-Modified-Since: " + date}) {
    INFO(condition);
    for (const char* method : {"GET", "HEAD"}) {
      const auto same = get({condition}, method);
      CHECK(same.status == 304);
      CHECK(same.text.empty());
      CHECK(header(same, "etag") == etag);
      CHECK(header(same, "cache-control") == "public, max-age=43200");
      CHECK(header(same, "content-type").empty());
    }
  }
  CHECK(get({"If-None-Match: \"x\""}).text == "WEIGHTS");
  CHECK(get({"If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"}).text == "WEIGHTS");
  CHECK(get({"If-Match: " + etag}).text == "WEIGHTS");
  const auto other = get({"If-Match: \"x\""});
  CHECK(other.status == 412);
  CHECK(other.body.contains("message"));
  CHECK(get({"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"}).status == 412);
  // Conditions go before ranges (RFC 9110, section 13.2.2).
  CHECK(get({"If-None-Match: " + etag, "Range: bytes=0-2"}).status == 304);
  CHECK(get({"If-Match: \"x\"", "Range: bytes=0-2"}).status == 412);
  const auto part = get({"If-Match: " + etag, "Range: bytes=0-2"});
  CHECK(part.status == 206);
  CHECK(part.text == "WEI");
  CHECK(get({"If-Range: " + date, "Range: bytes=3-6"}).text == "GHTS");
  CHECK(get({"If-None-Match: \"x\"", "Range: bytes=99-"}).status == 416);
}

TEST_CASE("an answer is counted once, by its route and as what it is", "[maisie][answers]") {
  RegistryServer server{SqlDialect::Sqlite};
  fill(server);
  const auto count = [&](std::string_view route, int status) {
    const auto text = server.metrics();
    const auto name =
        fmt::format(R"(millrace_http_requests_total{{dialect="maisie",route="{}",status="{}xx"}} )",
                    route, status);
    const auto at = text.find(name);
    REQUIRE(at != std::string::npos);
    return std::stoi(text.substr(at + name.size()));
  };
  const auto lost = count("none", 4);
  const auto get = [&](const RegistryServer::Headers& headers) {
    return server.send("GET", "/storage/download/1/", headers).status;
  };
  CHECK(get({}) == 200);
  CHECK(get({"Range: bytes=0-2"}) == 206);
  CHECK(count("download_model", 2) == 2);
  CHECK(get({"If-None-Match: *"}) == 304);
  CHECK(get({"If-Match: \"x\""}) == 412);
  CHECK(get({"Range: bytes=99-"}) == 416);
  CHECK(count("download_model", 2) == 2);
  CHECK(count("download_model", 3) == 1);
  CHECK(count("download_model", 4) == 2);
  CHECK(count("none", 4) == lost);
}

TEST_CASE("an owner alone changes a model, where that is asked for", "[maisie][answers]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const bool hides = GENERATE(false, true);
  const auto statuses = [&](bool owners_only) {
    RegistryServer server{kind, {.enforce_private = hides, .owners_only = owners_only}};
    fill(server);
    const auto put = [&](const char* target) {
      return server.json("PUT", target, {{"private", true}}, {server.bearer()}).status;
    };
    std::string all;
    const auto add = [&all](int status) { all += fmt::format("{} ", status); };
    add(server.as_user("DELETE", "/api/v1/models/1/tags/1/").status);
    add(server.as_user("POST", "/api/v1/models/1/tags/1/").status);
    add(server.send("POST", "/api/v1/models/1/tags/1/").status);
    add(put("/api/v1/models/99/"));
    add(put("/api/v1/models/2/"));
    add(server.as_user("GET", "/api/v1/models/1/").status);
    if (owners_only) {
      add(put("/api/v1/models/1/"));
      add(server.as_user("DELETE", "/api/v1/models/1/").status);
      server.sign_in();
      add(server.as_user("DELETE", "/api/v1/models/1/tags/1/").status);
      add(put("/api/v1/models/1/"));
    }
    add(server.as_user("DELETE", "/api/v1/models/1/").status);
    return all;
  };
  CHECK(statuses(false) ==
        (hides ? "200 200 200 404 404 200 200 " : "200 200 200 404 200 200 200 "));
  CHECK(statuses(true) == (hides ? "403 403 401 404 404 200 403 403 200 200 200 "
                                 : "403 403 401 404 403 200 403 403 200 200 200 "));
}

TEST_CASE("guesses are told apart by the addresses that a trusted proxy tells",
          "[maisie][answers]") {
  const bool is_trusted = GENERATE(false, true);
  RegistryServer server{SqlDialect::Sqlite, {}, {}, {is_trusted ? "127.0.0.0/8" : "10.0.0.0/8"}};
  const auto guess = [&](const std::string& from) {
    return server
        .form("POST", "/api/v1/auth/login/", "login=admin&password=no",
              {"X-Forwarded-For: " + from})
        .status;
  };
  for (int i = 0; i < 5; ++i) CHECK(guess(fmt::format("1.1.1.{}, 203.0.113.7", i)) == 401);
  // One that comes later than the wait makes the next wait longer.
  CHECK(test::eventually([&] { return guess("203.0.113.7") == 429; }));
  CHECK(guess("198.51.100.7") == (is_trusted ? 401 : 429));
}

TEST_CASE("at the root of its own port the registry shows itself", "[maisie][openapi]") {
  RegistryServer server{SqlDialect::Sqlite};
  const auto document = server.send("GET", "/openapi.json").body;
  CHECK(document["info"]["title"] == "Maisie");
  CHECK(document["servers"] == Json::parse(R"([{"url": "/"}])"));
  CHECK(document["paths"]["/api/v1/models/"]["post"]["requestBody"]["content"].contains(
      "multipart/form-data"));
  const auto answers = [&](const char* path, const char* method, const char* status) {
    return document["paths"][path][method]["responses"].contains(status);
  };
  for (const auto* status : {"206", "304", "412", "416"})
    CHECK(answers("/storage/download/{id}/", "get", status));
  CHECK(answers("/api/v1/models/", "post", "409"));
  CHECK(answers("/api/v1/models/{id}/", "delete", "409"));
  const auto page = server.send("GET", "/docs");
  CHECK(page.status == 200);
  CHECK(page.headers.at("content-type") == "text/html; charset=utf-8");
  CHECK(server.send("GET", "/").headers.at("location") == server.base() + "/docs");
}
