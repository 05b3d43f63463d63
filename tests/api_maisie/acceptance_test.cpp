// The acceptance examples of the specification, in their order, on each database.
#include <regex>

#include <catch2/catch.hpp>

#include "tests/api_maisie/registry_server.hpp"

using namespace millrace;
using test::keys;
using test::RegistryServer;

namespace {

constexpr const char* kMissing =
    "Missing required parameter in the JSON body or the post body or the query string";

std::string names(const Json& list) {
  std::string out;
  for (const auto& each : list) out += (out.empty() ? "" : ",") + each["name"].get<std::string>();
  return out;
}

}  // namespace

TEST_CASE("the acceptance examples hold", "[maisie][acceptance]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  RegistryServer server{kind, {}, {.hosts = {"maisie.example.org"}}};

  // 1: a form signs in.
  const auto login = server.form("POST", "/api/v1/auth/login/", "login=admin&password=admin");
  REQUIRE(login.status == 200);
  const auto first_token = login.data()["access_token"].get<std::string>();
  CHECK(std::count(first_token.begin(), first_token.end(), '.') == 2);
  CHECK(login.text.find("\"valid_for\":900.0") != std::string::npos);
  CHECK(login.data()["user"]["id"] == 1);
  CHECK(login.data()["user"]["login"] == "admin");
  CHECK(keys(login.data()["user"]) == "id,login,full_name,email");
  server.sign_in();

  // 2: JSON, also under the name of a form.
  const std::string body = R"({"login":"admin", "password":"admin"})";
  CHECK(server.form("POST", "/api/v1/auth/login/", body).status == 200);
  CHECK(
      server.send("POST", "/api/v1/auth/login/", {"Content-Type: application/json"}, body).status ==
      200);

  // 3 to 5: what is missing or wrong.
  const auto no_password = server.form("POST", "/api/v1/auth/login/", "login=admin");
  CHECK(no_password.status == 400);
  CHECK(no_password.body == Json{{"message", {{"password", kMissing}}}});
  const auto wrong = server.form("POST", "/api/v1/auth/login/", "login=admin&password=no");
  CHECK(wrong.status == 401);
  CHECK(wrong.body["error"] == "AuthenticationError");
  CHECK(wrong.body["status_code"] == 401);
  CHECK(keys(wrong.body) == "error,message,status_code");
  const auto no_token = server.send("GET", "/api/v1/models/");
  CHECK(no_token.status == 401);
  CHECK(no_token.body["error"] == "MissingTokenHeader");
  CHECK(no_token.body["message"] == "JWT token not found in headers under 'Authorization'");

  // 6: a token is exchanged for another.
  const auto renewed = server.as_user("GET", "/api/v1/auth/token/");
  CHECK(renewed.status == 200);
  CHECK(renewed.data()["access_token"] != first_token);
  CHECK(renewed.data()["user"] == login.data()["user"]);

  // 7 to 10: workspaces.
  CHECK(server.send("GET", "/api/v1/workspaces/").body ==
        Json::parse(
            R"({"data":[],"pagination":{"has_next":false,"has_prev":false,"page":1,"per_page":20,
                        "total_pages":0,"total_items":0}})"));
  const auto vision =
      server.form("POST", "/api/v1/workspaces/", "name=Vision&description=All+vision+work");
  REQUIRE(vision.status == 200);
  CHECK(keys(vision.data()) == "id,name,description,updated,created");
  CHECK(vision.data()["id"] == 1);
  CHECK(std::regex_match(vision.data()["created"].get<std::string>(),
                         std::regex{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00)"}));
  CHECK(server.json("POST", "/api/v1/workspaces/", {{"name", "Speech"}}).data()["description"] ==
        "");
  CHECK(names(server.send("GET", "/api/v1/workspaces/?search=vis").data()) == "Vision");
  CHECK(server.send("POST", "/api/v1/workspaces/").body ==
        Json{{"message", {{"name", "No name provided"}}}});

  // 11 and 12: projects.
  const auto digits =
      server.form("POST", "/api/v1/projects/",
                  "name=Digits&workspace_id=1&git_url=https://git.example.com/digits");
  REQUIRE(digits.status == 200);
  CHECK(digits.data()["git_url"] == "https://git.example.com/digits");
  for (const char* all : {"all_hyperparameters", "all_parameters", "all_metrics", "all_users"})
    CHECK(digits.data()[all] == Json::array());
  CHECK(digits.data()["_links"]["workspace"] == server.base() + "/api/v1/workspaces/1/");
  const auto nowhere = server.form("POST", "/api/v1/projects/", "name=D&workspace_id=77");
  CHECK(nowhere.status == 400);
  CHECK(nowhere.body == Json{{"error", "Workspace 77 does not exist."}});
  const auto nothing = server.send("POST", "/api/v1/projects/");
  CHECK(nothing.status == 400);
  CHECK(keys(nothing.body["message"]) == "name,workspace_id");

  // 13: an upload.
  const auto lenet = server.upload({{"project_id", "1"},
                                    {"name", "lenet"},
                                    {"hyperparameters", R"({"lr":0.01,"epochs":10})"},
                                    {"parameters", R"({"layers":5})"},
                                    {"metrics", R"({"acc":0.98,"loss":0.07})"},
                                    {"tags", "baseline,prod"},
                                    {"dataset_name", "mnist"},
                                    {"git_active_branch", "develop"},
                                    {"git_commit_hash", "29ea5f511668248ea7ffe229c0f09992aaa6b382"},
                                    {"private", "False"},
                                    {"user_id", "1"}});
  INFO(lenet.text);
  REQUIRE(lenet.status == 200);
  CHECK(keys(lenet.data()) ==
        "id,user,project_id,name,visibility,dataset,hyperparameters,parameters,metrics,tags,git,"
        "created,"
        "updated,_links");
  CHECK(lenet.data()["visibility"] == "public");
  CHECK(lenet.data()["hyperparameters"]["lr"] == 0.01);
  CHECK(lenet.data()["dataset"] == Json{{"name", "mnist"}, {"description", nullptr}});
  CHECK(names(lenet.data()["tags"]) == "baseline,prod");
  CHECK(lenet.data()["git"]["active_branch"] == "develop");
  CHECK(lenet.data()["_links"]["download"] == server.base() + "/storage/download/1/");

  // 14: its file.
  const auto file = server.send("GET", "/storage/download/1/");
  CHECK(file.status == 200);
  CHECK(file.text == "WEIGHTS");
  CHECK(std::regex_match(file.headers.at("content-disposition"),
                         std::regex{"attachment; filename=[0-9a-f-]{36}\\.bin"}));

  // 15: without a file, and without anything.
  CHECK(server.upload({{"project_id", "1"}}, "").body ==
        Json{{"message", {{"file", "Missing required parameter in an uploaded file"}}}});
  CHECK(keys(server.as_user("POST", "/api/v1/models/").body["message"]) == "project_id,file");

  // 16: filters.
  const auto c = server.upload({{"project_id", "1"},
                                {"name", "c"},
                                {"private", "1"},
                                {"metrics", R"({"acc":0.5,"f1":0.4})"}});
  REQUIRE(c.status == 200);
  CHECK(c.data()["visibility"] == "private");
  const auto list = [&](const std::string& query) {
    return names(server.as_user("GET", "/api/v1/models/?" + query).data());
  };
  const auto both = server.as_user("GET", "/api/v1/models/?metrics=acc,f1");
  CHECK(names(both.data()) == "c");
  CHECK_FALSE(both.data()[0].contains("metrics"));
  CHECK(list("metrics=acc") == "lenet,c");
  CHECK(list("hyperparam=lr") == "lenet");
  CHECK(list("hyperparam=lr&hyperparam=epochs&project=1") == "lenet");
  CHECK(list("project=2").empty());
  CHECK(list("workspace=1") == "lenet,c");

  // 17: pages.
  const auto second = server.as_user("GET", "/api/v1/models/?page=2&per_page=1");
  CHECK(names(second.data()) == "c");
  CHECK(
      second.body["pagination"] ==
      Json::parse(
          R"({"has_next":false,"has_prev":true,"page":2,"per_page":1,"total_pages":2,"total_items":2})"));
  CHECK(server.as_user("GET", "/api/v1/models/?page=0").body["pagination"]["page"] == 1);
  const auto no_page = server.as_user("GET", "/api/v1/models/?page=abc");
  CHECK(no_page.status == 400);
  CHECK(no_page.body ==
        Json{{"message", {{"page", "invalid literal for int() with base 10: 'abc'"}}}});

  // 18: what a project says of its models.
  const auto project = server.send("GET", "/api/v1/projects/1/").data();
  CHECK(project["all_hyperparameters"] == Json{"lr", "epochs"});
  CHECK(project["all_metrics"] == Json{"acc", "loss", "f1"});
  CHECK(project["all_users"] == Json::array({Json{{"id", 1}, {"full_name", nullptr}}}));

  // 19: what others depend on stays.
  CHECK(server.send("DELETE", "/api/v1/projects/1/").status == 409);
  CHECK(server.send("GET", "/api/v1/projects/1/").status == 200);
  const auto unknown = server.send("GET", "/api/v1/projects/999/");
  CHECK(unknown.status == 404);
  CHECK(unknown.body.contains("message"));

  // 20: users.
  const std::string zofia = "login=zofia&password=pw1&full_name=Zofia+K&email=z@example.com";
  const auto made = server.form("POST", "/api/v1/users/", zofia, {server.bearer()});
  REQUIRE(made.status == 200);
  CHECK(made.data()["id"] == 2);
  CHECK(keys(made.data()) == "id,login,full_name,email,updated,created");
  CHECK(server.form("POST", "/api/v1/users/", zofia, {server.bearer()}).status == 409);
  CHECK(server.form("POST", "/api/v1/users/", zofia).status == 401);
  server.sign_in("zofia", "pw1");
  CHECK(server.form("PUT", "/api/v1/users/1/", "password=x", {server.bearer()}).status == 403);
  server.sign_in("admin", "admin");

  // 21: a change.
  const auto renamed =
      server.json("PUT", "/api/v1/models/1/", {{"name", "lenet5"}}, {server.bearer()});
  REQUIRE(renamed.status == 200);
  auto expected = lenet.data();
  CHECK(renamed.data()["updated"] > expected["updated"]);
  expected["name"] = "lenet5";
  expected["updated"] = renamed.data()["updated"];
  CHECK(renamed.data() == expected);

  // 22: tags.
  const auto tag = server.as_user("GET", "/api/v1/tags/1/").data();
  CHECK(tag["name"] == "baseline");
  CHECK(tag["models"][0]["name"] == "lenet5");
  CHECK(server.as_user("DELETE", "/api/v1/tags/1/").body == Json{{"status", "success"}});
  CHECK(names(server.as_user("GET", "/api/v1/models/1/").data()["tags"]) == "prod");

  // 23: a model goes with its file. Both had the same bytes.
  CHECK(server.contents() == 1);
  CHECK(server.as_user("DELETE", "/api/v1/models/1/").body == Json{{"status", "success"}});
  CHECK(server.as_user("DELETE", "/api/v1/models/1/").status == 404);
  CHECK(server.send("GET", "/storage/download/1/").status == 404);
  CHECK(server.contents() == 1);
  CHECK(server.as_user("DELETE", "/api/v1/models/2/").status == 200);
  CHECK(server.contents() == 0);

  // 24: a browser asks first.
  const auto preflight =
      server.send("OPTIONS", "/api/v1/models/",
                  {"Origin: http://localhost:3000", "Access-Control-Request-Method: POST",
                   "Access-Control-Request-Headers: authorization, content-type"});
  CHECK(preflight.status == 200);
  CHECK(preflight.text.empty());
  CHECK(preflight.headers.at("access-control-allow-origin") == "http://localhost:3000");
  CHECK(preflight.headers.at("access-control-allow-headers") == "authorization, content-type");

  // 25: links follow the Host.
  const auto links =
      server.send("GET", "/api/v1/projects/1/", {"Host: maisie.example.org:8443"}).data();
  CHECK(links["_links"]["self"].get<std::string>().starts_with("http://maisie.example.org:8443/"));
  // Where that name is not allowed, a page cannot make a browser come here by it.
  RegistryServer strict{kind};
  CHECK(strict.send("GET", "/api/v1/projects/1/", {"Host: maisie.example.org:8443"}).status == 400);
}
