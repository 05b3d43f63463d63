// What a request for a task becomes: its models, its database, its jobs. No database is asked.
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "api/audience/create_task.hpp"
#include "api/audience/rule_folder.hpp"
#include "api/audience/site_config.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

using namespace millrace;
using test::TemporaryFolder;

namespace {

audience::Task sample_task() {
  return {.id = std::string(32, 'a'),
          .model_type = "keyword_model",
          .predict_type = "author_name",
          .start = "2020-01-01",
          .end = "2020-01-02",
          .input_schema = "wh_x",
          .input_table = "posts",
          .output_schema = "results",
          .countdown_s = 7,
          .queue = "queue1",
          .pattern = R"({"女性":[["姐","end"]],"男性":[["哥","end"]]})"};
}

audience::Settings settings_with(audience::Profile profile) {
  audience::Settings settings;
  settings.profile = profile;
  settings.output_schema = "states";
  return settings;
}

api::Bound chain_of(const audience::Task& task, const audience::Settings& settings) {
  return audience::task_jobs(task, audience::label_nodes(task, {}, settings), settings,
                             Json{{"Ptt", {"WH_F0001"}}}, "2021-02-03 04:05:06");
}

// Pipelines of a chain, what each waits for and when.
std::string chain_text(const api::Bound& bound) {
  auto text = bound.job.external_id.substr(32);
  for (const auto& follower : bound.then)
    text += fmt::format(", {} {} {} {} {}", follower.pipeline, follower.job.external_id.substr(32),
                        follower.after, to_string(follower.job.after.when),
                        follower.job.after.delay.count());
  return text;
}

std::string failure_of(const Result<audience::LabelNodes>& nodes) {
  return nodes.ok() ? std::string{} : nodes.error().message;
}

}  // namespace

TEST_CASE("a task is a chain of jobs, and what tells of their failure", "[audience][task][jobs]") {
  const auto bound = chain_of(sample_task(), settings_with(audience::Profile::Document));
  CHECK(chain_text(bound) ==
        ".create, audience/label_task  0 finished 0, audience/produce_task .production 1 finished "
        "7, audience/fail_task .failure 1 failed 0, audience/fail_production .production.failure 2 "
        "failed 0");
  CHECK(bound.job.queue == kPromptQueue);
  CHECK(bound.parameters["create_time"] == "2021-02-03 04:05:06");
  CHECK(bound.parameters["predict_type"] == "author");
  CHECK(bound.parameters["target_schema"] == "wh_x");
  CHECK(bound.then[0].fails_alone);
  CHECK(bound.then[0].job.max_attempts == 1);
  CHECK(bound.then[2].job.max_attempts > 100);
  CHECK(bound.then[0].job.facts["output_schema"] == "results");
  const auto& label = bound.then[0].parameters;
  CHECK(label["state_schema"] == "states");
  CHECK(label["output_schema"] == "results");
  CHECK(label["columns"] == Json{"id", "s_id", "author", "post_time"});
  CHECK(label["input"] == "audience.input");
  CHECK_FALSE(label.contains("site_password"));
  CHECK_FALSE(label.contains("closed"));
  CHECK(label["models"][0]["params"]["rules"].items().begin().key() == "女性");
}

TEST_CASE("the original's task begins with a look at the database, and reads closed windows",
          "[audience][task][jobs]") {
  auto settings = settings_with(audience::Profile::Reference);
  const auto bound = chain_of(sample_task(), settings);
  CHECK(chain_text(bound) ==
        ".check, audience/create_task .create 0 finished 0, audience/label_task  1 finished 0, "
        "audience/produce_task .production 2 finished 0, audience/fail_task .failure 2 failed 0, "
        "audience/fail_production .production.failure 3 failed 0");
  CHECK(bound.pipeline == "audience/check_output");
  CHECK(bound.then[0].parameters["result"] == Json::array({nullptr}));
  const auto& label = bound.then[1].parameters;
  CHECK(label["closed"] == true);
  CHECK(label["cleaned"] == "label");
  CHECK(label["rule"] == "first_two");
  CHECK(label["counted"] == Json::array({"label"}));
  CHECK(bound.then[2].parameters["rule"] == "first_two");
}

TEST_CASE("a task that its fields doom is its row, and a job that says why",
          "[audience][task][jobs]") {
  auto task = sample_task();
  task.predict_type = "title";
  const auto bound = chain_of(task, settings_with(audience::Profile::Document));
  CHECK(chain_text(bound) == ".create, audience/refuse_task  0 finished 0");
  CHECK(bound.then[0].parameters["error_message"] == "Unknown predicting target type.");
  CHECK(bound.then[0].parameters["check_point"] == "2020-01-01 00:00:00");
  task = sample_task();
  task.site = Json{{"host", "db"}};
  CHECK(chain_of(task, settings_with(audience::Profile::Document))
            .then[0]
            .parameters["error_message"] == "SITE_CONFIG: user must be given");
}

TEST_CASE("a task's own database hides the configured one, and its password stands alone",
          "[audience][task][jobs]") {
  auto task = sample_task();
  task.site = Json::parse(
      R"({"host":"db.example","port":"3307","user":"u@x","password":"sesame","db":"w/x","ssl":1})");
  const auto bound = chain_of(task, settings_with(audience::Profile::Document));
  const auto& label = bound.then[0].parameters;
  CHECK(label["input"] == "site");
  CHECK(label["input_schema"] == "");
  CHECK(label["site_password"] == "sesame");
  for (const auto& [name, value] : label.items())
    CHECK((name == "site_password" || value.dump().find("sesame") == std::string::npos));
  CHECK(label["site"].get<std::string>().find("db.example:3307") != std::string::npos);
  for (const auto& follower : bound.then) {
    if (follower.pipeline != "audience/label_task")
      CHECK(follower.parameters.dump().find("sesame") == std::string::npos);
  }
  // The state says what was asked for, the schema of the connection is what is read.
  CHECK(bound.parameters["target_schema"] == "wh_x");
  CHECK(audience::read_site(Json{{"user", "u"}}, "wh_x", {})->address.find("wh_x") !=
        std::string::npos);
}

TEST_CASE("models of a task are nodes behind its rows", "[audience][task][models]") {
  const auto settings = settings_with(audience::Profile::Document);
  auto task = sample_task();
  task.model_jobs = {4, 5, 4};
  task.pattern = R"([{"a":["x"]},{"b":[["y","end"]]},{"c":["z"]}])";
  const std::vector<audience::PreparedModel> prepared{
      {4, "KEYWORD_MODEL", "old"}, {5, "keyword_model", ""}, {4, "RULE_MODEL", "new"}};
  const auto made = audience::label_nodes(task, prepared, settings);
  REQUIRE(made.ok());
  CHECK(made->names == Json{"label", "label 2", "label 3"});
  CHECK(made->nodes[0]["type"] == "label.regex");
  CHECK(made->nodes[0]["params"]["rules"] == Json{{"a", {"x"}}});
  CHECK(made->nodes[0]["params"]["ignore_case"] == true);
  CHECK(made->nodes[1]["type"] == "label.keyword");
  CHECK(made->nodes[1]["params"]["exactly"] == "equality");
  CHECK(made->nodes[2]["params"]["rules"] == Json{{"c", {"z"}}});
  for (const auto& node : made->nodes) CHECK(node["preOps"] == Json::array({"rows"}));

  task.pattern = R"([{"a":["x"]},null])";
  CHECK(failure_of(audience::label_nodes(task, prepared, settings)) ==
        "keyword_model model parameter `patterns are missing` is missing in `MODEL_INFO`");
  task.model_jobs = {6};
  CHECK(failure_of(audience::label_nodes(task, prepared, settings)) ==
        "model_job task: 6 is not exists");
  CHECK(failure_of(audience::label_nodes(task, {{6, "X_MODEL", ""}}, settings)) ==
        "X_MODEL is not a available model");
}

TEST_CASE("a pattern may be a rule set, a list of one, or none", "[audience][task][models]") {
  const auto settings = settings_with(audience::Profile::Document);
  auto task = sample_task();
  const auto rules = [&](const char* pattern) {
    task.pattern = pattern;
    const auto made = audience::label_nodes(task, {}, settings);
    REQUIRE(made.ok());
    CHECK(made->nodes.size() == 1);
    return made->nodes[0]["params"]["rules"];
  };
  const auto one = Json::parse(R"({"A":[["x","end"]]})");
  CHECK(rules(R"({"A":[["x","end"]]})") == one);
  CHECK(rules(R"([{"A":[["x","end"]]},{"B":[]}])") == one);
  for (const auto* none : {"", "null", "{}", "[]", "[null]", "[{}]"}) {
    CAPTURE(none);
    CHECK(rules(none) == Json::object());
  }
  // Of a label that stands twice the last rules count, at the first one's place.
  CHECK(rules(R"({"B":[],"A":[["y","end"]],"B":[["x","end"]]})").dump() ==
        R"({"B":[["x","end"]],"A":[["y","end"]]})");
  task.pattern = R"([["A"]])";
  CHECK(failure_of(audience::label_nodes(task, {}, settings)) ==
        "PATTERN: a rule set is an object {label: [rule, ...]}");
}

TEST_CASE("the longest panel is the longest label that a rule set may have",
          "[audience][task][models]") {
  const auto settings = settings_with(audience::Profile::Document);
  auto task = sample_task();
  const auto label = [&](std::size_t characters) {
    std::string name;
    for (std::size_t i = 0; i < characters; ++i) name += "色";
    task.pattern = Json{{name, Json::array()}}.dump();
    return failure_of(audience::label_nodes(task, {}, settings));
  };
  CHECK(label(199).empty());
  CHECK(label(200).starts_with("a panel has 200 characters at the most"));
}

TEST_CASE("a pattern of too many values is refused", "[audience][task][models]") {
  const auto settings = settings_with(audience::Profile::Document);
  auto task = sample_task();
  task.pattern = R"({"A":[0)";
  for (std::size_t i = 0; i < audience::kMostPatternValues; ++i) task.pattern += ",0";
  task.pattern += "]}";
  CHECK(failure_of(audience::label_nodes(task, {}, settings)).starts_with("PATTERN: "));
}

TEST_CASE("rules of a folder are read by label, and what is wrong with them is told",
          "[audience][task][models]") {
  const TemporaryFolder folder;
  CHECK(*audience::read_rule_folder(folder.path(), audience::ModelKind::Keyword, "author") ==
        Json::object());
  std::filesystem::create_directories(folder / "keyword_model/b");
  std::filesystem::create_directories(folder / "keyword_model/a");
  std::filesystem::create_directories(folder / "rule_model/a");
  std::ofstream{folder / "keyword_model/b/author_name.txt"}
      << "\xef\xbb\xbfx\tend\r\n\ny z\tstart,end";
  std::ofstream{folder / "keyword_model/a/author_name.txt"} << "";
  std::ofstream{folder / "rule_model/a/content.txt"} << "a\\tb\n(c|d)\n";
  CHECK(audience::read_rule_folder(folder.path(), audience::ModelKind::Keyword, "AUTHOR")->dump() ==
        R"({"a":[],"b":[["x","end"],["y z","start,end"]]})");
  CHECK(audience::read_rule_folder(folder.path(), audience::ModelKind::Rule, "content")->dump() ==
        R"x({"a":["a\\tb","(c|d)"]})x");
  std::ofstream{folder / "keyword_model/a/author_name.txt"} << "good\tend\nbad\n";
  const auto bad =
      audience::read_rule_folder(folder.path(), audience::ModelKind::Keyword, "author_name");
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.error().message.find("line 2") != std::string::npos);
}
