#include <catch2/catch.hpp>

#include <millrace/client.hpp>

#include "tests/client/registry.hpp"

using namespace millrace;
using namespace millrace::client;
using namespace millrace::test;

using Fields = std::map<std::string, std::string>;
using Lines = std::vector<std::string>;

namespace {

constexpr auto kProject =
    R"({"data": {"id": 3, "workspace_id": 1, "name": "Digits", "description": null,
  "all_hyperparameters": [], "git_url": null, "updated": "2026-11-22T02:03:51.533349+00:00",
  "created": "2026-11-22T02:03:51.533349+00:00"}})";

}  // namespace

TEST_CASE("get returns the object alone in a list, with its keys in order", "[client][resources]") {
  const Surroundings here;
  Registry registry;
  const auto config = registry.config();
  registry.on("GET /api/v1/projects/3/", 200, kProject);
  Projects projects{config};
  const auto found = projects.get(3);
  REQUIRE(found.size() == 1);
  std::string keys;
  for (const auto& [key, value] : found[0].items()) keys += key + " ";
  CHECK(keys == "id workspace_id name description all_hyperparameters git_url updated created ");
  CHECK(registry.last().authorization == config->headers().at("Authorization"));
  CHECK(projects.get(4) == Json::array());
  CHECK(projects.last_reply().status == 404);
  CHECK(registry.log() ==
        Lines{"ERROR GET projects/4/: The requested URL was not found on the server."});
}

TEST_CASE("lists send page and size, and what else is asked", "[client][resources]") {
  const Surroundings here;
  Registry registry;
  const auto config = registry.config({{"api_per_page", "25"}});
  const auto body = R"({"data": [{"id": 1}, {"id": 2}], "pagination": {"total_items": 2}})";
  for (const auto* path : {"models", "projects", "users", "workspaces"})
    registry.on(std::string{"GET /api/v1/"} + path + "/", 200, body);
  Models models{config};
  CHECK(models.get_all() == Json{{{"id", 1}}, {{"id", 2}}});
  CHECK(registry.last().line == "GET /api/v1/models/?page=1&per_page=25");
  CHECK(models.last_reply().body["pagination"]["total_items"] == 2);
  models.get_all({.query = "a&b=c \xc5\xbc/",
                  .page = 2,
                  .per_page = 5,
                  .filters = {{"hyperparam", "lr"}, {"hyperparam", "x,y"}}});
  CHECK(registry.last().line ==
        "GET /api/v1/models/"
        "?page=2&per_page=5&search=a%26b%3Dc%20%C5%BC%2F&hyperparam=lr&hyperparam=x%2Cy");
  Projects{config}.get_all({.page = 3});
  CHECK(registry.last().line == "GET /api/v1/projects/?page=3&per_page=25");
  Users{config}.get_all();
  CHECK(registry.last().line == "GET /api/v1/users/?page=1&per_page=25");
  Workspaces{config}.get_all();
  CHECK(registry.last().line == "GET /api/v1/workspaces/?page=1&per_page=25");
}

TEST_CASE("creating posts a form with the documented fields", "[client][resources]") {
  const Surroundings here;
  Registry registry;
  const auto config = registry.config({{"selected_workspace", 5}});
  for (const auto* path : {"projects", "users", "workspaces"})
    registry.on(std::string{"POST /api/v1/"} + path + "/", 200, R"({"data": {"id": 9}})");
  CHECK(Projects{config}.create("Digits", "All & more", "https://g/d") == Json{{{"id", 9}}});
  CHECK(registry.last().line == "POST /api/v1/projects/");
  CHECK(registry.last().content_type == "application/x-www-form-urlencoded");
  CHECK(registry.last().fields == Fields{{"name", "Digits"},
                                         {"description", "All & more"},
                                         {"git_url", "https://g/d"},
                                         {"workspace_id", "5"}});
  Projects{config}.create("Bare");
  CHECK(registry.last().fields == Fields{{"name", "Bare"}, {"workspace_id", "5"}});
  CHECK(Users{config}.create("zofia", "Zofia K", "z@example.com", "p+1&=%") == Json{{{"id", 9}}});
  CHECK(registry.last().fields == Fields{{"login", "zofia"},
                                         {"name", "Zofia K"},
                                         {"email", "z@example.com"},
                                         {"password", "p+1&=%"}});
  CHECK(Workspaces{config}.create("Vision", "") == Json{{{"id", 9}}});
  CHECK(registry.last().fields == Fields{{"name", "Vision"}, {"description", ""}});
}

TEST_CASE("a project without a selected workspace is left to the server to refuse",
          "[client][resources]") {
  const Surroundings here;
  Registry registry;
  registry.on("POST /api/v1/projects/", 400,
              R"({"message": {"workspace_id": "Missing required parameter", "name": "No name"}})");
  Projects projects{registry.config()};
  CHECK(projects.create("x") == Json::array());
  CHECK(registry.last().fields == Fields{{"name", "x"}});
  CHECK(projects.last_reply().problem == "workspace_id: Missing required parameter; name: No name");
  registry.on("POST /api/v1/projects/", 400, R"({"error": "Workspace 77 does not exist."})");
  projects.create("x");
  CHECK(projects.last_reply().problem == "Workspace 77 does not exist.");
}

TEST_CASE("update puts JSON and returns the object", "[client][resources]") {
  const Surroundings here;
  Registry registry;
  registry.on("PUT /api/v1/workspaces/2/", 200, R"({"data": {"id": 2, "name": "n"}})");
  Workspaces workspaces{registry.config()};
  const Json data{{"name", "n"}, {"description", nullptr}};
  CHECK(workspaces.update(2, data) == Json{{{"id", 2}, {"name", "n"}}});
  CHECK(registry.last().content_type == "application/json");
  CHECK(registry.last().body == R"({"name":"n","description":null})");
}

TEST_CASE("remove returns the object as it was, and nothing when it is refused",
          "[client][resources]") {
  const Surroundings here;
  Registry registry;
  Users users{registry.config()};
  const Json user{{"id", 2}, {"login", "zofia"}};
  registry.on("GET /api/v1/users/2/", 200, R"({"data": {"id": 2, "login": "zofia"}})");
  registry.on("DELETE /api/v1/users/2/", 200, R"({"status": "success"})");
  CHECK(users.remove(2) == Json{user});
  CHECK(users.detele(2) == Json{user});
  const auto lines = registry.lines();
  CHECK(Lines(lines.end() - 2, lines.end()) ==
        Lines{"GET /api/v1/users/2/", "DELETE /api/v1/users/2/"});
  registry.on("DELETE /api/v1/users/2/", 409, R"({"message": "The user has models."})");
  CHECK(users.remove(2) == Json::array());
  CHECK(registry.log().back() == "ERROR DELETE users/2/: The user has models.");
  CHECK(users.remove(8) == Json::array());
  CHECK(registry.last().line == "GET /api/v1/users/8/");
}

TEST_CASE("an answer that is no JSON, too deep or too large is a failure with its reason",
          "[client][resources]") {
  const Surroundings here;
  Registry registry;
  ConfigOptions options;
  options.dictionary = registry.settings({{"logging_enable", false}});
  options.connection.max_reply_bytes = 100'000;
  Models models{std::make_shared<Config>(options)};
  const auto problem = [&](int status, const std::string& body) {
    registry.on("GET /api/v1/models/1/", status, body);
    CHECK(models.get(1) == Json::array());
    return models.last_reply().problem;
  };
  CHECK(problem(502, "<html>Bad gateway</html>") == "the server answered with status 502");
  CHECK(problem(200, "[]") == "the server answered with status 200");
  CHECK(problem(200, "{\"data\": {\"id\": 1}") == "the server answered with status 200");
  CHECK(problem(404, R"({"data": {}, "message": "gone"})") == "gone");
  CHECK(problem(200, "{\"data\": " + std::string(200, '[') + std::string(200, ']') + "}") ==
        "the answer has more than 100 levels");
  CHECK(problem(200, R"({"data": ")" + std::string(100'000, 'x') + "\"}") ==
        "the answer is larger than it may be");
  // One level fewer, one byte fewer: brackets inside texts are no levels.
  registry.on("GET /api/v1/models/1/", 200,
              R"({"data": {"a": ")" + std::string(99'000, '[') + R"(\""}})");
  CHECK(models.get(1).size() == 1);
}
