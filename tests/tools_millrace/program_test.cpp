// The program from outside: what it prints, where, and its exit codes.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "engine/base/json.hpp"
#include "engine/base/utf8.hpp"
#include "tests/tools_millrace/program_fixture.hpp"

#include <sys/stat.h>

using namespace millrace;
using namespace millrace::test;

namespace {

constexpr auto kCopy =
    R"({"name": "copy", "params": {"in": {"type": "string"}, "out": {"type": "string"},
    "unique": {"type": "boolean", "default": false}},
  "ops": [{"name": "in", "type": "input.list", "params": {"file": {"$param": "in"}}},
    {"name": "out", "type": "output.list", "preOps": ["in"],
     "params": {"file": {"$param": "out"}, "prefix": "pictures", "unique": {"$param": "unique"}}}]})";

constexpr auto kList =
    "{\"url\":\"http://h/a\",\"label\":{\"class\":{\"x\":\"1\"}}}\n{\"url\":\"http://h/"
    "a\"}\n{\"url\":\"http://h/b\"}\n";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string golden(const std::string& name) {
  std::ifstream file{std::string{MR_SOURCE_DIR} + "/tests/tools_millrace/golden/" + name};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("help and version go to stdout, wrong usage to stderr with exit code 2",
          "[tools][usage]") {
  const ProgramFixture fixture;
  const auto version = fixture.run({"--version"});
  CHECK(version.exit_code == 0);
  CHECK(version.output == "millrace " MILLRACE_VERSION "\n");
  const auto help = fixture.run({"jobs", "list", "--help"});
  CHECK(help.exit_code == 0);
  CHECK(contains(help.output, "Examples:"));
  CHECK(contains(help.output,
                 "Options of every command, such as --data and --json: millrace --help"));
  for (const auto& words : std::vector<std::vector<std::string>>{{},
                                                                 {"rnu"},
                                                                 {"run"},
                                                                 {"jobs"},
                                                                 {"jobs", "show", "x"},
                                                                 {"validate", "a", "--nonsense"},
                                                                 {"jobs", "show", "-1"}}) {
    const auto wrong = fixture.run(words);
    CHECK(wrong.exit_code == 2);
    CHECK(wrong.output.empty());
    CHECK(contains(wrong.errors, "millrace: "));
  }
  CHECK(
      contains(fixture.run({"rnu"}).errors, "there is no command \"rnu\"; did you mean \"run\"?"));
}

TEST_CASE("an expression over columns that do not come is no valid pipeline", "[tools][validate]") {
  const ProgramFixture fixture;
  const auto validated = [&](const std::string& where) {
    fixture.write("filter.json", R"({"ops": [
      {"name": "in", "type": "input.list", "params": {"file": "qiniu:///z0/b/a.jsonlist"}},
      {"name": "few", "type": "filter.expression", "preOps": ["in"], "params": {"where": ")" +
                                     where + R"("}},
      {"name": "out", "type": "output.list", "preOps": ["few"],
       "params": {"file": "qiniu:///z0/b/b.jsonlist", "prefix": "qiniu:///z0/b"}}]})");
    return fixture.run({"validate", "filter.json"});
  };
  CHECK(validated("line > 3 and label is not null").exit_code == 0);
  const auto unknown = validated("width > 3");
  CHECK(unknown.exit_code == 3);
  CHECK_THAT(unknown.errors,
             Catch::Contains("reads the column \"width\", which \"in\" does not send"));
  CHECK_THAT(validated("url > 3").errors, Catch::Contains("\"url\" as number|timestamp"));
}

TEST_CASE("validate tells every fault with its place", "[tools][validate]") {
  const ProgramFixture fixture;
  fixture.write("copy.json", kCopy);
  const auto valid = fixture.run({"validate", "copy.json", "--set", "in=a", "--set", "out=b"});
  CHECK(valid.exit_code == 0);
  CHECK(valid.output == "copy.json: valid, 2 nodes\n");
  fixture.write(
      "bad.json",
      R"({"ops": [{"name": "a", "type": "input.lst"}, {"name": "b", "type": "filter.label",
    "preOps": ["b"], "params": {"label": 3}}]})");
  const auto bad = fixture.run({"validate", "bad.json"});
  CHECK(bad.exit_code == 3);
  CHECK(bad.output.empty());
  CHECK(contains(
      bad.errors,
      "bad.json#/ops/0/type: there is no operator \"input.lst\"; did you mean \"input.list\"? "
      "[unknown_operator]"));
  CHECK(contains(bad.errors, "#/ops/1: the nodes form a cycle"));
  CHECK(contains(bad.errors, "[parameter_type]"));
  const auto json = fixture.run({"validate", "bad.json", "--json"});
  CHECK(json.exit_code == 3);
  const auto faults = Json::parse(json.output);
  CHECK(faults["valid"] == false);
  CHECK(faults["faults"][0]["pointer"] == "/ops/0/type");
}

TEST_CASE("a pipeline that is not there, no JSON, or lacks a value is told apart",
          "[tools][validate]") {
  const ProgramFixture fixture;
  CHECK(fixture.run({"validate", "none.json"}).exit_code == 4);
  fixture.write("text.json", "{\"ops\": [}");
  const auto broken = fixture.run({"validate", "text.json"});
  CHECK(broken.exit_code == 3);
  CHECK(contains(broken.errors, "text.json"));
  fixture.write("copy.json", kCopy);
  CHECK(
      contains(fixture.run({"validate", "copy.json", "--set", "in=a"}).errors, "[param_missing]"));
  CHECK(contains(
      fixture.run({"validate", "copy.json", "--set", "unique=3", "--set", "in=a", "--set", "out=b"})
          .errors,
      "[param_type]"));
  CHECK(fixture.run({"validate", "copy.json", "--set", "in"}).exit_code == 3);
}

TEST_CASE("explain draws the plan", "[tools][explain]") {
  const ProgramFixture fixture;
  fixture.write("copy.json", kCopy);
  const auto drawn = fixture.run({"explain", "copy.json", "--set", "in=a", "--set", "out=b"});
  CHECK(drawn.exit_code == 0);
  CHECK(drawn.output == golden("explain.txt"));
  const auto json = Json::parse(
      fixture.run({"explain", "copy.json", "--set", "in=a", "--set", "out=b", "--json"}).output);
  CHECK(json["nodes"][0]["chain"][0]["params"]["file"] == "file://" + fixture.path("a"));
}

TEST_CASE("a filter is part of a question to the catalog, but not past its limit or offset",
          "[tools][explain]") {
  const ProgramFixture fixture;
  const auto operators = [&fixture](const std::string& more) {
    fixture.write("jobs.json", R"({"ops": [
      {"name": "in", "type": "input.catalog", "params": {"entity": "jobs", "columns": ["id", "priority"])" +
                                   more + R"(}},
      {"name": "keep", "type": "filter.expression", "preOps": ["in"], "params": {"where": "priority > 3"}},
      {"name": "out", "type": "output.reply", "preOps": ["keep"]}]})");
    const auto drawn = fixture.run({"explain", "jobs.json", "--json"});
    INFO(drawn.errors);
    REQUIRE(drawn.exit_code == 0);
    std::string ids;
    const auto plan = Json::parse(drawn.output);
    for (const auto& node : plan["nodes"]) {
      for (const auto& part : node["chain"]) ids += part["operator"].get<std::string>() + " ";
    }
    return ids;
  };
  CHECK(operators("") == "input.catalog output.reply ");
  CHECK(operators(R"(, "offset": 0)") == "input.catalog output.reply ");
  CHECK(operators(R"(, "limit": 10)") == "input.catalog filter.expression output.reply ");
  CHECK(operators(R"(, "offset": 10)") == "input.catalog filter.expression output.reply ");
}

TEST_CASE("the limits of pictures are said once for the pipeline", "[tools][explain]") {
  const ProgramFixture fixture;
  fixture.write("limits.json",
                R"({"defaults": {"augment.render": {"max_side": 900, "box_mode": "aabb"}}, "ops": [
    {"name": "in", "type": "input.list", "params": {"file": "in.jsonlist"}},
    {"name": "turn", "type": "augment", "preOps": ["in"], "params": {"condition": [], "ops": "rotate/15"}},
    {"name": "out", "type": "output", "preOps": ["turn"], "params": {"file": "out.jsonlist", "prefix": "p"}}]})");
  const auto drawn = fixture.run({"explain", "limits.json", "--json"});
  INFO(drawn.errors);
  REQUIRE(drawn.exit_code == 0);
  Json render;
  const auto plan = Json::parse(drawn.output);
  for (const auto& node : plan["nodes"]) {
    for (const auto& part : node["chain"]) {
      if (part["operator"] == "augment.render") render = part["params"];
    }
  }
  CHECK(render["max_side"] == 900);
  CHECK(render["box_mode"] == "aabb");
  CHECK(render["max_pixels"] == 150'000'000);
}

TEST_CASE("operators are listed and shown", "[tools][operators]") {
  const ProgramFixture fixture;
  const auto near = fixture.run({"operators", "list", "--role", "augmen"});
  CHECK(near.exit_code == 2);
  CHECK(near.output.empty());
  CHECK(contains(near.errors, "there is no role \"augmen\"; did you mean \"augment\"?"));
  const auto list = fixture.run({"operators", "list", "--role", "input"});
  std::istringstream lines{list.output};
  for (std::string line; std::getline(lines, line);) CHECK(code_points(line) <= 80);
  CHECK(list.exit_code == 0);
  CHECK(contains(list.output, "input.list"));
  CHECK_FALSE(contains(list.output, "filter.label"));
  const auto shown = fixture.run({"operators", "show", "filter"});
  CHECK(shown.exit_code == 0);
  CHECK(contains(shown.output, "filter.label  ("));
  CHECK(contains(shown.output, "  values  (array, mandatory"));
  CHECK(Json::parse(fixture.run({"operators", "show", "filter.label", "--json"}).output)["id"] ==
        "filter.label");
  const auto none = fixture.run({"operators", "show", "filter.lable"});
  CHECK(none.exit_code == 4);
  CHECK(contains(none.errors, "did you mean \"filter.label\"?"));
}

TEST_CASE("run takes names of files relative to the current folder and writes the list",
          "[tools][run]") {
  const ProgramFixture fixture;
  fixture.write("copy.json", kCopy);
  fixture.write("lists/in.jsonlist", kList);
  const auto ran = fixture.run({"run", "copy.json", "--set", "in=lists/in.jsonlist", "--set",
                                "out=lists/out.jsonlist", "--data", "data"});
  INFO(ran.errors);
  CHECK(ran.exit_code == 0);
  CHECK(contains(ran.output, "job 1 finished after"));
  CHECK(contains(ran.output, "class.x  1        1\n"));
  CHECK(fixture.read("lists/out.jsonlist") == kList);
  CHECK_FALSE(fixture.exists(".local"));
  fixture.write("values.json", R"({"in": "lists/in.jsonlist", "out": "nowhere", "unique": true})");
  const auto json = fixture.run({"run", "copy.json", "--params", "values.json", "--set",
                                 "out=lists/two.jsonlist", "--data", "data", "--json", "--quiet"});
  CHECK(json.exit_code == 0);
  CHECK(json.errors.empty());
  CHECK(Json::parse(json.output)["counts"]["written"] == 2);
  CHECK(Json::parse(json.output)["id"] == 2);
}

TEST_CASE("a job that fails has exit code 1, says why, and leaves no output", "[tools][run]") {
  const ProgramFixture fixture;
  fixture.write("copy.json", kCopy);
  const auto ran = fixture.run({"run", "copy.json", "--set", "in=none.jsonlist", "--set",
                                "out=out.jsonlist", "--data", "data", "--max-attempts", "1"});
  CHECK(ran.exit_code == 1);
  CHECK(contains(ran.errors, "none.jsonlist"));
  CHECK_FALSE(fixture.exists("out.jsonlist"));
  CHECK(fixture.run({"jobs", "show", "1", "--data", "data"}).exit_code == 0);
}

TEST_CASE("jobs of a folder are listed, shown, told of and run again", "[tools][jobs]") {
  const ProgramFixture fixture;
  CHECK(fixture.run({"jobs", "list", "--data", "none"}).exit_code == 4);
  fixture.write("copy.json", kCopy);
  fixture.write("in.jsonlist", kList);
  REQUIRE(fixture
              .run({"run", "copy.json", "--set", "in=in.jsonlist", "--set", "out=out.jsonlist",
                    "--data", "data"})
              .exit_code == 0);
  const auto list = Json::parse(fixture.run({"jobs", "list", "--data", "data", "--json"}).output);
  REQUIRE(list["items"].size() == 1);
  CHECK(list["next"].is_null());
  CHECK(contains(fixture.run({"jobs", "show", "1", "--data", "data"}).output, "attempts  "));
  const auto logs = fixture.run({"jobs", "logs", "1", "--data", "data"});
  CHECK(contains(logs.output, "queued"));
  CHECK(contains(logs.output, "finished"));
  std::filesystem::remove(fixture.path("out.jsonlist"));
  const auto again = fixture.run({"jobs", "rerun", "1", "--data", "data"});
  CHECK(again.exit_code == 0);
  CHECK(contains(again.output, "job 2 finished"));
  CHECK(fixture.read("out.jsonlist") == kList);
  CHECK(fixture.run({"jobs", "wait", "2", "--data", "data"}).exit_code == 0);
  CHECK(fixture.run({"jobs", "abort", "2", "--data", "data"}).exit_code == 1);
  CHECK(fixture.run({"jobs", "retry", "2", "--data", "data"}).exit_code == 1);
  for (const auto* command : {"show", "logs", "abort", "wait", "retry", "rerun"}) {
    INFO(command);
    const auto none = fixture.run({"jobs", command, "99", "--data", "data"});
    CHECK(none.exit_code == 4);
    CHECK(none.output.empty());
  }
}

TEST_CASE("a pipeline is queued as a job behind the end of another", "[tools][jobs]") {
  const ProgramFixture fixture;
  fixture.write("copy.json", kCopy);
  fixture.write("rows.json", R"({"ops": [
    {"name": "in", "type": "input.values", "params": {"columns": {"n": [1]}}},
    {"name": "out", "type": "output.reply", "preOps": ["in"]}]})");
  const auto submit = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"jobs", "submit"};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--data", "data"});
    return fixture.run(words);
  };
  const auto first =
      submit({"copy.json", "--set", "in=none.jsonlist", "--set", "out=out.jsonlist"});
  INFO(first.errors);
  CHECK(first.output == "job 1 queued\n");
  CHECK(submit({"rows.json", "--after", "1", "--when", "failed"}).output == "job 2 waiting\n");
  const auto third =
      Json::parse(submit({"rows.json", "--after", "2", "--delay", "3600", "--queue", "late",
                          "--max-attempts", "7", "--priority", "-2", "--json"})
                      .output);
  CHECK(third["state"] == "waiting");
  CHECK(third["queue"] == "late");
  CHECK(third["maxAttempts"] == 7);
  CHECK(third["priority"] == -2);
  CHECK(third["after"] == Json{{"job", 2}, {"delay_s", 3600}, {"when", "finished"}});
  CHECK(submit({"rows.json", "--after", "1"}).output == "job 4 waiting\n");
  CHECK(fixture.run({"jobs", "wait", "2", "--data", "data"}).exit_code == 0);
  const auto show = [&](const char* id) {
    return fixture.run({"jobs", "show", id, "--data", "data"}).output;
  };
  CHECK(contains(show("1"), "job 1 failed"));
  CHECK(contains(show("2"), "job 1 failed"));  // what it began behind
  CHECK(contains(show("3"), "job 2 finished, and 3600 s"));
  CHECK(contains(show("4"), "aborted (upstream_failed)"));
  CHECK(submit({"rows.json", "--after", "2", "--when", "failed"}).output == "job 5 aborted\n");
  CHECK(contains(show("5"), "aborted (not_needed)"));

  CHECK(submit({"rows.json", "--when", "failed"}).exit_code == 2);
  CHECK(submit({"rows.json", "--delay", "1"}).exit_code == 2);
  CHECK(submit({"rows.json", "--after", "0"}).exit_code == 2);
  CHECK(submit({"rows.json", "--after", "1", "--when", "aborted"}).exit_code == 2);
  CHECK(submit({"rows.json", "--after", "1", "--delay", "31536001"}).exit_code == 2);
  CHECK(submit({"none.json"}).exit_code == 4);
  const auto unknown = submit({"rows.json", "--after", "99"});
  CHECK(unknown.exit_code == 3);
  CHECK(contains(unknown.errors, "there is no job 99"));
  const auto bad = submit({"copy.json", "--set", "in=none.jsonlist"});
  CHECK(bad.exit_code == 3);
  CHECK(contains(bad.errors, "the pipeline is not valid: /"));
}

TEST_CASE("flags win over the environment, that over the file", "[tools][configuration]") {
  const ProgramFixture fixture;
  fixture.write("copy.json", kCopy);
  fixture.write("in.jsonlist", kList);
  const auto config =
      fixture.write(".config/millrace/config.toml", "data = \"from-file\"\nquiet = true\n");
  const std::vector<std::string> run{"run",   "copy.json",       "--set", "in=in.jsonlist",
                                     "--set", "out=out.jsonlist"};
  CHECK(fixture.run(run).output.empty());
  CHECK(fixture.exists("from-file/lock"));
  CHECK(fixture.run(run, {{"MILLRACE_DATA", "from-environment"}}).exit_code == 0);
  CHECK(fixture.exists("from-environment/lock"));
  auto with_flag = run;
  with_flag.insert(with_flag.end(), {"--data", "from-flag"});
  CHECK(fixture.run(with_flag, {{"MILLRACE_DATA", "from-environment"}}).exit_code == 0);
  CHECK(fixture.exists("from-flag/lock"));
}

TEST_CASE("an unknown key of the configuration is an error", "[tools][configuration]") {
  const ProgramFixture fixture;
  fixture.write("bad.toml", "dtaa = \"x\"\n");
  const auto top = fixture.run({"operators", "list", "--config", "bad.toml"});
  CHECK(top.exit_code == 2);
  CHECK(contains(top.errors, "dtaa"));
  fixture.write("section.toml", "[run]\npriority = 3\nprioritty = 4\n");
  CHECK(fixture.run({"operators", "list", "--config", "section.toml"}).exit_code == 2);
  fixture.write("good.toml", "[run]\npriority = 3\n[jobs.list]\nlimit = 5\n");
  CHECK(fixture.run({"operators", "list", "--config", "good.toml"}).exit_code == 0);
  CHECK(fixture.run({"operators", "list", "--config", "none.toml"}).exit_code == 2);
  CHECK(fixture.run({"operators", "list"}, {{"MILLRACE_CONFIG", "none.toml"}}).exit_code == 2);
}

TEST_CASE("a new plugin has the names that were asked for, and takes no folder's place",
          "[tools][plugin]") {
  const ProgramFixture fixture;
  const auto made = fixture.run({"plugin", "new", "sharp_edges"});
  INFO(made.errors);
  REQUIRE(made.exit_code == 0);
  CHECK(contains(made.output, "sharp_edges/sharp_edges.cpp\n"));
  const auto source = fixture.read("sharp_edges/sharp_edges.cpp");
  CHECK(contains(source, "class SharpEdges"));
  CHECK(contains(source, "\"filter.sharp_edges\""));
  CHECK_FALSE(contains(source, "url_suffix"));
  CHECK(contains(fixture.read("sharp_edges/CMakeLists.txt"), "NAME sharp_edges"));
  CHECK(fixture.run({"plugin", "new", "sharp_edges"}).exit_code == 3);
  CHECK(fixture.run({"plugin", "new", "Sharp"}).exit_code == 3);
  CHECK(fixture.run({"plugin", "new", "../x"}).exit_code == 3);
}

TEST_CASE("a plugin is checked by the conformance suite", "[tools][plugin]") {
  const ProgramFixture fixture;
  const auto good =
      fixture.run({"plugin", "check", MR_BINARY_DIR "/lib/millrace/plugins/filter_label.so"});
  INFO(good.output << good.errors);
  CHECK(good.exit_code == 0);
  CHECK(fixture.run({"plugin", "check", "none.so"}).exit_code == 4);
  fixture.write("text.so", "this is no library");
  const auto bad = fixture.run({"plugin", "check", "text.so"});
  CHECK(bad.exit_code == 1);
  CHECK(contains(bad.output, "text.so: load: "));
}

TEST_CASE("completion offers what may follow", "[tools][completion]") {
  const ProgramFixture fixture;
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const auto script = fixture.run({"completion", shell});
    CHECK(script.exit_code == 0);
    CHECK(contains(script.output, "completion"));
    CHECK(contains(script.output, "operators"));
  }
  CHECK(fixture.run({"completion", "csh"}).exit_code == 2);
  fixture.write("millrace.bash", fixture.run({"completion", "bash"}).output);
  const auto offered = [&](const std::string& words, int place) {
    Command command;
    command.program = "bash";
    command.arguments = {"-c", "source " + fixture.path("millrace.bash") + "; COMP_WORDS=(" +
                                   words + "); COMP_CWORD=" + std::to_string(place) +
                                   "; _millrace; echo \"${COMPREPLY[*]}\""};
    auto finished = system_spawn().run(command);
    REQUIRE(finished.ok());
    return finished->output;
  };
  CHECK(offered("millrace val", 1) == "validate\n");
  CHECK(offered("millrace jobs re", 2) == "retry rerun\n");
  CHECK(offered("millrace jobs list --sta", 3) == "--state\n");
  CHECK(offered("millrace --data x run --se", 4) == "--set\n");
}
