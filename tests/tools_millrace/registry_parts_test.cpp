// The parts of the registry's commands that need no server: words, tables, ages, comparison.
#include <sstream>

#include <catch2/catch.hpp>

#include "engine/base/utf8.hpp"
#include "tools/millrace/registry.hpp"
#include "tools/millrace/registry_words.hpp"

using namespace millrace;
using namespace millrace::tool;
using namespace std::chrono_literals;

using Words = std::vector<std::string>;

TEST_CASE("long options with one dash get the second one, in the registry's commands only",
          "[tools][registry][words]") {
  CHECK(with_two_dashes({"millrace", "models", "ls", "-hp", "lr", "-id", "7", "-per_page=5"}) ==
        Words{"millrace", "models", "ls", "--hp", "lr", "--id", "7", "--per_page=5"});
  CHECK(with_two_dashes({"millrace", "--json", "projects", "add", "-git", "u", "-n", "-d", "x"}) ==
        Words{"millrace", "--json", "projects", "add", "--git", "u", "-n", "-d", "x"});
  CHECK(with_two_dashes({"millrace", "client-config", "generate", "-url", "u", "-password"}) ==
        Words{"millrace", "client-config", "generate", "--url", "u", "--password"});
  CHECK(with_two_dashes({"mai", "config", "generate", "-repo", "r"}) ==
        Words{"mai", "config", "generate", "--repo", "r"});
  const Words others{"millrace", "run", "-id", "-hp"};
  CHECK(with_two_dashes(others) == others);
  const Words unknown{"millrace", "models", "ls", "-idx", "-i", "--id", "-", "id"};
  CHECK(with_two_dashes(unknown) == unknown);
  CHECK(with_two_dashes({"millrace", "users", "-id", "--", "-id"}) ==
        Words{"millrace", "users", "--id", "--", "-id"});
  CHECK(with_two_dashes({}).empty());
}

TEST_CASE("an age is its two largest units that are not zero", "[tools][registry][age]") {
  CHECK(age_text(73s) == "1 minute, 13 seconds ago");
  CHECK(age_text(2h + 5s) == "2 hours, 5 seconds ago");
  CHECK(age_text(366 * 24h + 1us) == "1 year, 1 day ago");
  CHECK(age_text(24h) == "1 day ago");
  CHECK(age_text(1500us) == "1 millisecond, 500 microseconds ago");
  CHECK(age_text(0us) == "now");
  CHECK(age_text(-5s) == "now");
}

TEST_CASE("date-times are read with their offset", "[tools][registry][age]") {
  const auto time = read_time("2026-11-22T02:03:51.533349+00:00");
  REQUIRE(time);
  CHECK(time->time_since_epoch().count() == 1'795'313'031'533'349);
  CHECK(read_time("2026-11-22T03:33:51.533349+01:30") == time);
  CHECK(read_time("2026-11-21T21:03:51.5333491-05:00") == time);
  CHECK(read_time("2026-11-22T02:03:51Z") == *time - 533349us);
  for (const auto* text :
       {"", "5", "2019", "May", "2026-11-22", "2026-11-22T02:03:51", "2026-13-22T02:03:51Z",
        "2026-02-30T02:03:51Z", "2026-11-22T02:03:51+1:00", "2026-11-22T02:03:51Zx"}) {
    INFO(text);
    CHECK_FALSE(read_time(text));
  }
}

TEST_CASE("objects are a box with a title, a line between all rows, and the server's key order",
          "[tools][registry][table]") {
  const auto objects = Json::parse(R"([
    {"id": 1, "user": {"id": 1, "login": "admin", "full_name": null}, "project_id": 1,
     "name": "2019", "visibility": "public", "metrics": {"acc": 0.98, "loss": 0.07},
     "created": "2026-11-22T02:02:38+00:00", "updated": "2026-11-22T02:02:38+00:00"},
    {"id": 22, "user": {"id": 2, "login": "zofia", "full_name": "Zofia Kłos"}, "name": null,
     "visibility": "private", "metrics": {}, "created": "2026-11-22T02:03:50+00:00"}])");
  const auto now = *read_time("2026-11-22T02:03:51+00:00");
  CHECK(
      objects_table("Uploaded model", models_kind(), objects, now, false, 120) ==
      R"(┌Uploaded model───────────┬────────────┬──────┬────────────┬────────────┬──────────────────────────┐
│ id │ user               │ project_id │ name │ visibility │ metrics    │ created                  │
├────┼────────────────────┼────────────┼──────┼────────────┼────────────┼──────────────────────────┤
│ 1  │ admin              │ 1          │ 2019 │ public     │ acc: 0.98  │ 1 minute, 13 seconds ago │
│    │                    │            │      │            │ loss: 0.07 │                          │
├────┼────────────────────┼────────────┼──────┼────────────┼────────────┼──────────────────────────┤
│ 22 │ zofia (Zofia Kłos) │ None       │ None │ private    │            │ 1 second ago             │
└────┴────────────────────┴────────────┴──────┴────────────┴────────────┴──────────────────────────┘
)");
  // What does not fit goes on in the next line of its cell.
  const auto narrow = objects_table("Uploaded model", models_kind(), objects, now, false, 80);
  std::istringstream lines{narrow};
  for (std::string line; std::getline(lines, line);) CHECK(code_points(line) == 80);
  CHECK(narrow.find("│ zofia ") != std::string::npos);
  CHECK(narrow.find("│ (Zofia ") != std::string::npos);
  CHECK(objects_table("t", users_kind(), Json::array(), now, false).empty());
  CHECK(objects_table("List of workspaces", workspaces_kind(),
                      Json::parse(R"([{"id": 1, "name": "V", "updated": "x"}])"), now, false) ==
        "┌List of workspaces┐\n│ id │ name        │\n├────┼─────────────┤\n"
        "│ 1  │ V           │\n└────┴─────────────┘\n");
}

TEST_CASE("colours go by the position of the column, on a terminal only",
          "[tools][registry][table]") {
  const auto objects = Json::parse(R"([{"id": 1, "name": "n"}])");
  const auto now = Microseconds{};
  const auto coloured = objects_table("t", projects_kind(), objects, now, true);
  CHECK(coloured.find("│ \033[33mn\033[0m    │") != std::string::npos);
  CHECK(coloured.find("│ name │") != std::string::npos);
  CHECK(objects_table("t", projects_kind(), objects, now, false).find('\033') == std::string::npos);
}

TEST_CASE("what the server sends cannot steer the terminal", "[tools][registry][table]") {
  const auto objects = Json::parse(R"([{"id": 1, "name": "a\u001b[2Jb\r\tc\nd"}])");
  const auto table = objects_table("t", projects_kind(), objects, Microseconds{}, false);
  CHECK(table.find('\033') == std::string::npos);
  CHECK(table.find("│ a [2Jb  c │") != std::string::npos);
  CHECK(table.find("│ d         │") != std::string::npos);
}

TEST_CASE("a comparison has a row for each key, and marks those that differ",
          "[tools][registry][compare]") {
  const auto models = Json::parse(R"([
    {"id": 1, "name": "a", "hyperparameters": {"lr": 0.1, "epochs": 10}, "metrics": {"acc": 0.9}},
    {"id": 2, "name": null, "hyperparameters": {"epochs": 10, "opt": "adam"}, "parameters": null,
     "metrics": {"acc": 0.95}}])");
  const auto rows = comparison_rows(models, Colour::Red);
  std::string shown;
  for (const auto& row : rows) {
    for (const auto& cell : row)
      shown += (cell.colour == Colour::Red ? "*" : "") + cell.lines.at(0) + "|";
    shown += "\n";
  }
  CHECK(shown ==
        "key|1 a|2|\n*hyperparameters.lr|*0.1|*|\nhyperparameters.epochs|10|10|\n"
        "*hyperparameters.opt|*|*adam|\n*metrics.acc|*0.9|*0.95|\n");
  CHECK(comparison_json(models).dump() ==
        R"({"models":[{"id":1,"name":"a"},{"id":2,"name":null}],)"
        R"("hyperparameters":{"lr":[0.1,null],"epochs":[10,10],"opt":[null,"adam"]},)"
        R"("parameters":{},"metrics":{"acc":[0.9,0.95]}})");
}

TEST_CASE("a settings file is what the client reads", "[tools][registry][config]") {
  CHECK(settings_file_text({{"api_url", "http://h/api/v1"},
                            {"api_page", "1"},
                            {"auth_user_password", "50%"},
                            {"selected_project", "7"}}) ==
        "[api]\nurl = http://h/api/v1\npage = 1\n\n[auth]\nuser_password = 50%\n\n"
        "[selected]\nproject = 7\n");
}
