// The registry's commands against a server that records what arrives.
#include "tests/client/registry.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/tools_millrace/program_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

using Fields = std::map<std::string, std::string>;

namespace {

constexpr auto kModel =
    R"({"id": 7, "user": {"id": 1, "login": "admin", "full_name": null}, "name": "lenet",
  "visibility": "public", "hyperparameters": {"lr": 0.1}, "metrics": {"acc": 0.9}})";

// The program in a folder with settings for a registry.
class Shell {
 public:
  Shell() {
    program.write(".maisie", "[api]\nurl = " + registry.api_url() +
                                 "\n[auth]\nuser_login = admin\nuser_password = secret\n"
                                 "[selected]\nproject = 3\nworkspace = 4\n");
  }

  Finished run(std::vector<std::string> words, const std::string& input = {}) const {
    return program.run(words, {}, input);
  }

  Registry registry;
  ProgramFixture program;
};

std::string data(const std::string& object) { return R"({"data": )" + object + "}"; }

}  // namespace

TEST_CASE("models ls shows a table, sends filters, and says when there are more",
          "[tools][registry]") {
  Shell shell;
  auto& registry = shell.registry;
  registry.on("GET /api/v1/models/", 200,
              R"({"data": [{"id": 2, "name": "b"}, {"id": 1, "name": "c"}, {"id": 3, "name": "a"}],
                  "pagination": {"has_next": true, "page": 2}})");
  const auto shown =
      shell.run({"models", "ls", "-hp", "lr", "-p", "layers", "--page", "2", "-s", "name:desc"});
  CHECK(shown.exit_code == 0);
  CHECK(registry.last().line ==
        "GET /api/v1/models/?page=2&per_page=10&hyperparam=lr&param=layers");
  CHECK(shown.output ==
        "┌Most recently uploaded models┐\n│ id │ name                   │\n"
        "├────┼────────────────────────┤\n│ 1  │ c                      │\n"
        "├────┼────────────────────────┤\n│ 2  │ b                      │\n"
        "├────┼────────────────────────┤\n│ 3  │ a                      │\n"
        "└────┴────────────────────────┘\n");
  CHECK(shown.errors == "millrace: there are more: --page 3\n");
  const auto json = shell.run({"models", "ls", "--json", "-per_page", "3"});
  CHECK(json.output.starts_with("[\n  {\n    \"id\": 2,"));
  CHECK(registry.last().line == "GET /api/v1/models/?page=1&per_page=3");
  shell.run({"models", "ls", "--where", "metric.acc>0.9", "--where", "param.layers<=5"});
  CHECK(registry.last().line ==
        "GET /api/v1/models/?page=1&per_page=10&metric.acc%3E0.9=&param.layers%3C=5");
  CHECK(shell.run({"models", "ls", "-s", "name:up"}).exit_code == 2);
}

TEST_CASE("models ls begins with the newest, in whatever order the registry lists them",
          "[tools][registry]") {
  Shell shell;
  // Five models in the order in which they came, pages of two.
  shell.registry.on("GET /api/v1/models/", [](const http::Request& request) {
    const int page = std::stoi(std::string{request.query_value("page").value_or("1")});
    Json models = Json::array();
    for (int id = 2 * page - 1; id <= std::min(5, 2 * page); ++id)
      models.push_back({{"id", id}, {"project_id", 10 + id}, {"name", "m" + std::to_string(id)}});
    return http::Response::text(200, Json{{"data", models},
                                          {"pagination",
                                           {{"has_next", page < 3},
                                            {"page", page},
                                            {"per_page", 2},
                                            {"total_pages", 3},
                                            {"total_items", 5}}}}
                                         .dump());
  });
  const auto ids = [&](const std::string& page) {
    std::string found;
    const auto shown =
        shell.run({"models", "ls", "--per-page", "2", "--page", page, "--json", "-q"});
    for (const auto& model : Json::parse(shown.output))
      found += std::to_string(model["id"].get<int>());
    return found;
  };
  CHECK(ids("1") == "54");
  CHECK(ids("2") == "32");
  CHECK(ids("3") == "1");
  CHECK(ids("4").empty());
  const auto first = shell.run({"models", "ls", "--per-page", "2"});
  CHECK(first.output.find("│ 5  │ 15         │ m5 ") != std::string::npos);
  CHECK(first.errors == "millrace: there are more: --page 2\n");
  CHECK(shell.run({"models", "ls", "--per-page", "2", "--page", "3"}).errors.empty());
}

TEST_CASE("a registry that is away is one line", "[tools][registry]") {
  Shell shell;
  shell.program.write(".maisie",
                      "[api]\nurl = http://127.0.0.1:1/api/v1\n"
                      "[auth]\nuser_login = a\nuser_password = b\n");
  for (const auto* group : {"models", "projects", "users", "workspaces"}) {
    const auto away = shell.program.run({group, "ls"});
    CHECK(away.exit_code == 5);
    CHECK(away.output.empty());
    CHECK(std::count(away.errors.begin(), away.errors.end(), '\n') == 1);
    CHECK(away.errors.starts_with("millrace: no answer from http://127.0.0.1:1/api/v1: "));
  }
}

TEST_CASE("models upload asks for what is absent, and sends the files", "[tools][registry]") {
  Shell shell;
  shell.registry.on("POST /api/v1/models/", 200, data(kModel));
  shell.program.write("net.bin", "WEIGHTS");
  shell.program.write("hyper.json", R"({"lr": 0.1})");
  const auto made =
      shell.run({"models", "upload", "-n", "lenet", "-hp", "hyper.json", "-p", "", "--metrics", "",
                 "--dataset-uri", "s3://d", "--pipeline", "train", "--job-id", "12"},
                "net.bin\n\nmnist\n");
  CHECK(made.exit_code == 0);
  CHECK(made.errors.find("Model (file): Dataset name: Dataset name: ") == 0);
  CHECK(made.output.starts_with("┌Uploaded model"));
  CHECK(made.output.find("acc: 0.9") != std::string::npos);
  CHECK(shell.registry.last().file_name == "net.bin");
  CHECK(shell.registry.last().fields == Fields{{"name", "lenet"},
                                               {"hyperparameters", R"({"lr": 0.1})"},
                                               {"dataset_name", "mnist"},
                                               {"dataset_uri", "s3://d"},
                                               {"pipeline", "train"},
                                               {"job_id", "12"},
                                               {"private", "false"},
                                               {"user_id", "1"},
                                               {"project_id", "3"},
                                               {"file", "WEIGHTS"}});
  const auto aborted = shell.run({"models", "upload", "-n", "lenet"});
  CHECK(aborted.exit_code == 1);
  CHECK(aborted.errors == "Model (file): \nAborted!\n");
}

TEST_CASE("models download writes the file and says so", "[tools][registry]") {
  Shell shell;
  shell.registry.on("GET /api/v1/models/7/", 200,
                    R"({"data": {"id": 7, "name": "lenet", "_links": {"download": ")" +
                        shell.registry.address() + R"(/storage/download/7/"}}})");
  shell.registry.on("GET /storage/download/7/",
                    [](const http::Request&) { return http::Response::text(200, "WEIGHTS"); });
  const auto done = shell.run({"models", "download", "-id", "7", "-p", "out/new"});
  CHECK(done.output == "Model downloaded successfully\nout/new/lenet\n");
  CHECK(done.exit_code == 0);
  CHECK(shell.program.read("out/new/lenet") == "WEIGHTS");
  shell.program.write("out/new/lenet", "mine");
  const auto kept = shell.run({"models", "download", "-id", "7", "-p", "out/new"});
  CHECK(kept.exit_code == 1);
  CHECK(kept.errors ==
        "millrace: there is a file of that name already: out/new/lenet; --force overwrites it\n");
  CHECK(shell.program.read("out/new/lenet") == "mine");
  CHECK_FALSE(shell.program.exists("out/new/model-7.part"));
  CHECK(shell.run({"models", "download", "-id", "7", "-p", "out/new", "--force"}).exit_code == 0);
  CHECK(shell.program.read("out/new/lenet") == "WEIGHTS");
  CHECK(shell.run({"models", "download"}, "7\n").exit_code == 0);
  CHECK(shell.program.read("lenet") == "WEIGHTS");
  CHECK(shell.run({"models", "download", "-id", "seven"}).exit_code == 2);
  const auto missing = shell.run({"models", "download", "-id", "8"});
  CHECK(missing.exit_code == 4);
  CHECK(missing.errors ==
        "millrace: GET models/8/: The requested URL was not found on the server.\n");
}

TEST_CASE("models compare puts models side by side", "[tools][registry]") {
  Shell shell;
  shell.registry.on("GET /api/v1/models/7/", 200, data(kModel));
  shell.registry.on("GET /api/v1/models/8/", 200,
                    data(R"({"id": 8, "name": "b", "hyperparameters": {"lr": 0.2}})"));
  const auto shown = shell.run({"models", "compare", "7", "8"});
  CHECK(shown.exit_code == 0);
  CHECK(shown.output.find("│ hyperparameters.lr │ 0.1     │ 0.2 │") != std::string::npos);
  const auto json = Json::parse(shell.run({"models", "compare", "7", "8", "--json"}).output);
  CHECK(json["hyperparameters"]["lr"] == Json{0.1, 0.2});
  CHECK(shell.run({"models", "compare", "7", "9"}).exit_code == 4);
  CHECK(shell.run({"models", "compare", "7"}).exit_code == 2);
}

TEST_CASE("versions, lineage and promotions of a model are shown and made", "[tools][registry]") {
  Shell shell;
  auto& registry = shell.registry;
  const auto list = [](const std::string& row) {
    return R"({"data": [)" + row + R"(], "pagination": {"has_next": false, "page": 1}})";
  };
  const std::string event = R"({"id": 5, "project_id": 3, "name": "net", "stage": "production",
    "action": "promote", "model_id": 7, "version": 2, "below": null, "user": null,
    "comment": "faster", "created": "2026-11-22T02:03:51.533349+00:00", "_links": {}})";
  registry.on(
      "GET /api/v1/models/7/versions/", 200,
      list(R"({"version": 2, "model_id": 7, "name": "net", "user": {"id": 1, "login": "admin"},
                "visibility": "public", "stages": ["production", "staging"]})"));
  registry.on("GET /api/v1/models/7/promotions/", 200, list(event));
  registry.on("POST /api/v1/models/7/promotions/", 200, data(event));
  registry.on("GET /api/v1/models/7/lineage/", 200,
              data(R"({"model_id": 7, "user": {"id": 1, "login": "admin", "full_name": "A"},
                "job_id": 12, "dataset": {"uri": "s3://d"}, "_links": {"model": "http://m"}})"));
  const auto versions = shell.run({"models", "versions", "-id", "7"});
  CHECK(versions.exit_code == 0);
  CHECK(versions.output.find("│ production │") != std::string::npos);
  CHECK(versions.output.find("│ staging    │") != std::string::npos);
  CHECK(registry.last().line == "GET /api/v1/models/7/versions/?page=1&per_page=10");
  const auto promoted =
      shell.run({"models", "promote", "-id", "7", "-s", "production", "-c", "faster"});
  CHECK(promoted.exit_code == 0);
  CHECK(promoted.output.starts_with("┌Promoted"));
  CHECK(registry.last().fields == Fields{{"stage", "production"}, {"comment", "faster"}});
  CHECK(
      shell.run({"models", "promotions", "-id", "7", "--stage", "a b", "--page", "2"}).exit_code ==
      0);
  CHECK(registry.last().line == "GET /api/v1/models/7/promotions/?page=2&per_page=10&stage=a%20b");
  const auto lineage = shell.run({"models", "lineage", "-id", "7"});
  CHECK(lineage.output.find("│ dataset.uri │ s3://d    │") != std::string::npos);
  CHECK(lineage.output.find("│ user        │ admin (A) │") != std::string::npos);
  CHECK(lineage.output.find("http://m") == std::string::npos);
  CHECK(Json::parse(shell.run({"models", "lineage", "-id", "7", "--json"}).output)[0]["job_id"] ==
        12);
  CHECK(shell.run({"models", "lineage", "-id", "8"}).exit_code == 4);
  CHECK(shell.run({"models", "promote", "-id", "7"}).exit_code == 2);
  CHECK(shell.run({"models", "versions"}).exit_code == 2);
}

TEST_CASE("stages of a project are shown, rolled back and retired", "[tools][registry]") {
  Shell shell;
  auto& registry = shell.registry;
  registry.on("GET /api/v1/projects/3/stages/", 200,
              R"({"data": [{"project_id": 3, "name": "net", "stage": "production", "model_id": null,
                "version": null, "promotion_id": 5, "action": "retire", "user": null,
                "comment": null}], "pagination": {"has_next": true, "page": 1}})");
  registry.on("GET /api/v1/projects/9/promotions/", 200, R"({"data": [], "pagination": {}})");
  for (const auto* action : {"roll_back", "retire"})
    registry.on(std::string{"POST /api/v1/projects/3/stages/"} + action + "/", 200,
                data(R"({"id": 6, "name": "net", "stage": "production", "model_id": 1})"));
  const auto stages = shell.run({"projects", "stages", "-n", "net", "-s", "production"});
  CHECK(stages.exit_code == 0);
  CHECK(stages.output.find("│ net  │ production │ None     │") != std::string::npos);
  CHECK(stages.errors == "millrace: there are more: --page 2\n");
  CHECK(registry.last().line ==
        "GET /api/v1/projects/3/stages/?page=1&per_page=10&name=net&stage=production");
  const auto none = shell.run({"projects", "promotions", "-id", "9"});
  CHECK(none.errors == "millrace: there are no promotions\n");
  CHECK(shell.run({"projects", "roll-back", "-n", "net", "-s", "production"}).exit_code == 0);
  CHECK(registry.last().line == "POST /api/v1/projects/3/stages/roll_back/");
  CHECK(registry.last().fields == Fields{{"name", "net"}, {"stage", "production"}});
  CHECK(shell.run({"projects", "retire", "-n", "net", "-s", "production", "-c", "old"}).exit_code ==
        0);
  CHECK(registry.last().fields ==
        Fields{{"name", "net"}, {"stage", "production"}, {"comment", "old"}});
  CHECK(shell.run({"projects", "retire", "-n", "net"}).exit_code == 2);
  shell.program.write("bare.ini", "[api]\nurl = " + registry.api_url() +
                                      "\n[auth]\nuser_login = admin\nuser_password = secret\n");
  const auto nowhere = shell.run({"projects", "stages", "--settings", "bare.ini"});
  CHECK(nowhere.exit_code == 2);
  CHECK(nowhere.errors.find("no project is named") != std::string::npos);
}

TEST_CASE("projects, users and workspaces are made, shown and deleted", "[tools][registry]") {
  Shell shell;
  auto& registry = shell.registry;
  for (const auto* path : {"projects", "users", "workspaces"}) {
    const auto address = std::string{"/api/v1/"} + path + "/";
    registry.on("POST " + address, 200, data(R"({"id": 1, "name": "n"})"));
    registry.on("GET " + address + "1/", 200, data(R"({"id": 1, "name": "n"})"));
    registry.on("DELETE " + address + "1/", 200, R"({"status": "success"})");
  }
  const auto project =
      shell.run({"projects", "add", "-n", "Digits", "-git", "https://g/d"}, "All of them\n");
  CHECK(project.errors == "Project's description: ");
  CHECK(project.output.starts_with("┌List of projects┐\n"));
  CHECK(registry.last().fields == Fields{{"name", "Digits"},
                                         {"description", "All of them"},
                                         {"git_url", "https://g/d"},
                                         {"workspace_id", "4"}});
  shell.run({"workspaces", "add"}, "Vision\nwork\n");
  CHECK(registry.last().fields == Fields{{"name", "Vision"}, {"description", "work"}});
  const auto user =
      shell.run({"users", "add", "-l", "zofia", "-n", "Z", "-e", "z@e", "-password"}, "hush\n");
  CHECK(user.exit_code == 0);
  CHECK(user.output.find("hush") == std::string::npos);
  CHECK(registry.last().fields ==
        Fields{{"login", "zofia"}, {"name", "Z"}, {"email", "z@e"}, {"password", "hush"}});
  shell.program.write("pw", "from-file\nmore\n");
  shell.run({"users", "add", "-l", "z", "-n", "Z", "-e", "z@e", "--password", "pw here"});
  CHECK(registry.last().fields["password"] == "pw here");
  shell.run({"users", "add", "-l", "z", "-n", "Z", "-e", "z@e", "--password-file", "pw"});
  CHECK(registry.last().fields["password"] == "from-file");
  const auto silent = shell.run({"users", "add", "-l", "z", "-n", "Z", "-e", "z@e"});
  CHECK(silent.exit_code == 1);
  CHECK(silent.errors.find("Aborted!") != std::string::npos);

  for (const auto* group : {"projects", "users", "workspaces"}) {
    INFO(group);
    CHECK(shell.run({group, "ls", "-id", "1"}).output.find("│ 1  │") != std::string::npos);
    CHECK(shell.run({group, "rm", "-id", "1"}).exit_code == 0);
    CHECK(registry.last().line == std::string{"DELETE /api/v1/"} + group + "/1/");
    CHECK(shell.run({group, "rm"}).exit_code == 2);
  }
}

TEST_CASE("a refusal is told once, and is the exit code", "[tools][registry]") {
  Shell shell;
  shell.registry.on("GET /api/v1/projects/", 401, R"({"error": "MissingTokenHeader"})");
  const auto told = shell.run({"projects", "ls"});
  CHECK(told.exit_code == 1);
  CHECK(told.errors == "millrace: GET projects/: MissingTokenHeader\n");
  const auto json = shell.run({"projects", "ls", "--json"});
  CHECK(json.exit_code == 1);
  CHECK(Json::parse(json.output)["error"]["code"] == "unauthenticated");
  shell.program.write("away.ini",
                      "[api]\nurl = http://127.0.0.1:1/\n[auth]\nuser_login=a\nuser_password=b\n");
  const auto away = shell.run({"users", "--settings", "away.ini", "ls"});
  CHECK(away.exit_code == 5);
  CHECK(away.errors.find("no answer from http://127.0.0.1:1") != std::string::npos);
  shell.program.write("bad.ini", "nonsense\n");
  const auto bad = shell.run({"users", "ls", "--settings", "bad.ini"});
  CHECK(bad.exit_code == 2);
  CHECK(bad.errors.find("bad.ini:1: ") != std::string::npos);
  CHECK(shell.run({"users", "frobnicate"}).exit_code == 2);
}

TEST_CASE("client-config shows, writes and opens the settings", "[tools][registry]") {
  Shell shell;
  auto shown = shell.program.run({"client-config", "ls"}, {{"MAISIE_API_PAGE", "5"}});
  CHECK(shown.exit_code == 0);
  CHECK(shown.output.starts_with("┌Configuration"));
  CHECK(shown.output.find("MAISIE_AUTH_USER_PASSWORD") != std::string::npos);
  CHECK(shown.output.find("secret") == std::string::npos);
  const auto json = Json::parse(shell.run({"client-config", "ls", "--json"}).output);
  REQUIRE(json.size() == 13);
  CHECK(json[0]["key"] == "MAISIE_API_URL");
  CHECK(json[0]["source"].get<std::string>().ends_with("/.maisie"));
  CHECK(json[1] == Json{{"key", "MAISIE_API_PAGE"}, {"value", 1}, {"source", "dictionary"}});
  CHECK(json[3] == Json{{"key", "MAISIE_GIT_LOCAL_REPO"}, {"value", nullptr}, {"source", nullptr}});
  CHECK(json[5]["value"] == "***");

  std::filesystem::create_directory(shell.program.path("sub"));
  const auto written =
      shell.run({"client-config", "generate", "-url", "http://h/api/v1", "-login", "me",
                 "-password", "-project", "9", "-per_page", "50", "-file", "sub"},
                "hush\n");
  CHECK(written.output == "Configuration file successfully created\n");
  CHECK(shell.program.read("sub/.maisie") ==
        "[api]\nurl = http://h/api/v1\npage = 1\nper_page = 50\n\n"
        "[auth]\nuser_login = me\nuser_password = hush\n\n"
        "[logging]\nenable = True\nlevel = INFO\n\n[selected]\nproject = 9\n");
  const auto rights = std::filesystem::status(shell.program.path("sub/.maisie")).permissions();
  CHECK(rights == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  const auto again =
      Json::parse(shell.run({"client-config", "ls", "--settings", "sub/.maisie", "--json"}).output);
  CHECK(again[2]["value"] == "50");

  const auto opened = shell.program.run({"client-config", "edit"}, {{"EDITOR", "grep -c page"}});
  CHECK(opened.exit_code == 1);  // as its editor: that file has no such line
  CHECK(opened.output == "0\n");
}

TEST_CASE("as maisie or mai it is the documented program: a refusal only stands in the log",
          "[tools][registry]") {
  Shell shell;
  shell.registry.on("GET /api/v1/projects/", 200, data("[]"));
  const auto as = [&](const std::string& name, std::vector<std::string> words) {
    const auto program = std::filesystem::path{MILLRACE_PROGRAM}.parent_path() / name;
    words.insert(words.begin(),
                 {"-i", "-C", shell.program.path("."), "PATH=/usr/bin:/bin", program.string()});
    Command command;
    command.program = "env";
    command.arguments = std::move(words);
    auto finished = system_spawn().run(command);
    REQUIRE(finished.ok());
    return *std::move(finished);
  };
  for (const auto* name : {"maisie", "mai"}) {
    INFO(name);
    const auto refused = as(name, {"projects", "ls", "-id", "9"});
    CHECK(refused.exit_code == 0);
    CHECK(refused.output.empty());
    CHECK(refused.errors ==
          "millrace: GET projects/9/: The requested URL was not found on the server.\n");
    CHECK(as(name, {"--output", "json", "projects", "ls"}).output == "[]\n");
    CHECK(as(name, {"config", "ls"}).output.find("MAISIE_API_URL") != std::string::npos);
    CHECK(as(name, {"projects", "add"}).exit_code == 1);
    CHECK(as(name, {"projects", "ad"}).exit_code == 2);
    CHECK(as(name, {"serve"}).exit_code == 2);
    CHECK(as(name, {"models", "gc"}).exit_code == 2);
    CHECK(as(name, {"models", "--help"}).exit_code == 0);
  }
}

TEST_CASE("a table has colours on a terminal, and only there", "[tools][registry]") {
  Shell shell;
  shell.registry.on("GET /api/v1/projects/", 200, data(R"([{"id": 1, "name": "Digits"}])"));
  Command command;
  command.program = "script";  // which gives it a terminal
  command.arguments = {
      "-qec", "cd " + shell.program.path(".") + " && exec " MILLRACE_PROGRAM " projects ls",
      "/dev/null"};
  const auto seen = system_spawn().run(command);
  REQUIRE(seen.ok());
  CHECK(seen->output.find("\033[33mDigits\033[0m") != std::string::npos);
  const auto piped = shell.run({"projects", "ls"});
  CHECK(piped.output.find("Digits") != std::string::npos);
  CHECK(piped.output.find('\033') == std::string::npos);
}
