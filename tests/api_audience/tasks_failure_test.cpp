// Tasks that fail or are aborted, hostile requests, and databases of a task's own.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/engine.hpp"
#include "tests/api_audience/task_place.hpp"
#include "tests/api_http/client.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using audience::Profile;
using Rows = TaskPlace::Rows;

namespace {

Json day_task() {
  return {{"START_TIME", "2020-01-01"},
          {"END_TIME", "2020-01-02"},
          {"PATTERN", Json::parse(R"({"男性":[["先生","partially"]]})")}};
}

const std::vector<TaskPlace::Post> kOnePost{{"p", "WH_F0001", "陳先生", "2020-01-01 08:00:00"}};

// A task that ends so before any of its rows is read.
void check_doomed(TaskPlace& place, const Json& body, const std::string& text) {
  CAPTURE(body.dump(), text);
  const auto task = place.create(body);
  const auto state = place.end_of(task);
  CHECK(state["stat"] == "FAILURE");
  CHECK(state["error_message"] == text);
  CHECK(state["check_point"] == "2020-01-01T00:00:00");
  CHECK(state["prod_stat"].is_null());
  CHECK(state["length_receive_table"].is_null());
}

// Files below a folder that hold a text.
std::vector<std::string> files_with(const std::filesystem::path& folder, const std::string& text) {
  std::vector<std::string> found;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator each{folder, error}, end; each != end;
       each.increment(error)) {
    if (!each->is_regular_file(error)) continue;
    std::ifstream file{each->path(), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    if (bytes.find(text) != std::string::npos) found.push_back(each->path().string());
  }
  return found;
}

}  // namespace

TEST_CASE("a task that its fields alone doom fails before it reads", "[audience][task][failure]") {
  TaskPlace place;
  place.make_model_tables();
  place.add_posts(kOnePost);
  auto body = day_task();
  const auto with = [&](const char* field, const Json& value) {
    auto changed = day_task();
    changed[field] = value;
    return changed;
  };
  check_doomed(place, with("PREDICT_TYPE", "Author"), "Unknown predicting target type.");
  check_doomed(place, with("PREDICT_TYPE", "id`"), "Unknown predicting target type.");
  // E21
  check_doomed(place, with("PREDICT_TYPE", "title"), "Unknown predicting target type.");
  body = with("PREDICT_TYPE", "TITLE");
  body["MODEL_TYPE"] = "RULE_MODEL";
  check_doomed(place, body, "Errors.UNKNOWN_PREDICT_TARGET_TYPE");
  check_doomed(place, with("MODEL_TYPE", "random_forest_model"),
               "Model job id is not set yet, no model reference");
  check_doomed(place, with("MODEL_TYPE", "TERM_WEIGHT_MODEL"),
               "Model job id is not set yet, no model reference");
  check_doomed(place, with("MODEL_TYPE", "FOO_MODEL"), "FOO_MODEL is not a available model");
  check_doomed(place, with("MODEL_JOB_LIST", {999}), "model_job task: 999 is not exists");
  place.insert("model_status", {{"task_id", std::string(32, 'a')},
                                {"model_name", "KEYWORD_MODEL"},
                                {"training_status", "untrainable"},
                                {"feature", "AUTHOR"},
                                {"create_time", "2021-01-01 00:00:00"},
                                {"job_id", 7}});
  body = with("MODEL_JOB_LIST", {7});
  body["PATTERN"] = nullptr;
  check_doomed(place, body,
               "KEYWORD_MODEL model parameter `patterns are missing` is missing in `MODEL_INFO`");
  check_doomed(place, with("PATTERN", Json::parse("[[1]]")),
               "PATTERN: a rule set is an object {label: [rule, ...]}");
  body = day_task();
  body["PATTERN"] = Json{{std::string(200, 'x'), Json::array()}};
  check_doomed(place, body,
               "a panel has 200 characters at the most: label " + std::string(60, 'x') + "...");
}

TEST_CASE("E20: a wrong pattern and a missing table fail a task at its first day",
          "[audience][task][failure][acceptance]") {
  TaskPlace place;
  place.add_posts(kOnePost);
  auto body = day_task();
  body["MODEL_TYPE"] = "rule_model";
  body["PATTERN"] = Json::parse(R"({"男性":["ok","*a"]})");
  const auto wrong = place.run(body);
  INFO(wrong.dump());
  CHECK(wrong["stat"] == "FAILURE");
  CHECK(wrong["check_point"] == "2020-01-01T00:00:00");
  const auto message = wrong["error_message"].get<std::string>();
  CHECK(message.find("label 男性, pattern 1: nothing to repeat at position 0") !=
        std::string::npos);
  CHECK(wrong["prod_stat"].is_null());

  body = day_task();
  body["INPUT_TABLE"] = "nowhere";
  const auto task = place.create(body);
  const auto missing = place.end_of(task);
  INFO(missing.dump());
  CHECK(missing["stat"] == "FAILURE");
  CHECK(missing["check_point"] == "2020-01-01T00:00:00");
  CHECK(missing["error_message"].get<std::string>().find("nowhere") != std::string::npos);
  CHECK(missing["error_message"].get<std::string>().find("rows: ") != 0);
  const std::string jobs =
      " failed, .create finished, .failure finished, .production aborted, "
      ".production.failure aborted";
  eventually([&] { return place.jobs_of(task) == jobs; });
  CHECK(place.jobs_of(task) == jobs);
}

TEST_CASE("a keyword without a type fails the task, naming label and place",
          "[audience][task][failure]") {
  TaskPlace place;
  place.add_posts(kOnePost);
  auto body = day_task();
  body["PATTERN"] = Json::parse(R"({"男性":[["先生","partially"],["x"]]})");
  const auto state = place.run(body);
  INFO(state.dump());
  CHECK(state["stat"] == "FAILURE");
  CHECK(state["error_message"].get<std::string>().find("男性") != std::string::npos);
}

TEST_CASE("a failure amid the windows keeps the rows before it, and says where to begin again",
          "[audience][task][failure]") {
  TaskPlace place;
  // An id that the results have no room for, in the third window with rows.
  place.input().run("ALTER TABLE ts_page_content MODIFY id VARCHAR(64)");
  place.add_posts({{"a", "WH_F0001", "a先生", "2020-01-01 08:00:00"},
                   {"b", "WH_F0001", "b先生", "2020-01-02 08:00:00"},
                   {std::string(40, 'c'), "WH_F0001", "c先生", "2020-01-20 08:00:00"}});
  auto body = day_task();
  body["END_TIME"] = "2020-02-01";
  const auto state = place.run(body);
  INFO(state.dump());
  CHECK(state["stat"] == "FAILURE");
  CHECK(state["error_message"].get<std::string>().find("id") != std::string::npos);
  CHECK(state["check_point"].get<std::string>() <= "2020-01-20T06:00:00");
  CHECK(state["check_point"].get<std::string>() >= "2020-01-01T00:00:00");
}

TEST_CASE("E19: an aborted task stops, and stays so", "[audience][task][failure][acceptance]") {
  TaskPlace place;
  const auto task = place.create(place.add_slow_posts(1'000));
  place.wait_for(task, [](const Json& state) { return state.at("result") == "Ptt"; });
  const auto aborted = place.post("/tasks/abort/", {{"TASK_ID", task}});
  CHECK(aborted.text ==
        fmt::format(R"({{"error_code":200,"error_message":"successfully send break )"
                    R"(status to task {} in state"}})",
                    task));
  std::this_thread::sleep_for(std::chrono::seconds{5});
  const auto state = place.end_of(task);
  INFO(state.dump());
  CHECK(state["stat"] == "BREAK");
  CHECK(state["prod_stat"].is_null());
  CHECK(state["length_receive_table"].is_null());
  CHECK(state["result"] == "Ptt");
  const auto stored = place.stored("Ptt", task).size();
  CHECK(stored > 0);
  CHECK(stored < 1'000);
  CHECK(place.rows("SHOW TABLES LIKE 'wh_panel%'") == Json::array());
  CHECK(place.jobs_of(task).find("running") == std::string::npos);
}

TEST_CASE("E6: a body with the id of a task alone aborts it", "[audience][task][acceptance]") {
  const std::string id(32, '7');
  {
    TaskPlace place;
    place.make_state_table();
    CHECK(place.post("/tasks/", {{"TASK_ID", id}}).text ==
          fmt::format(R"({{"error_code":200,"error_message":"successfully send break status to )"
                      R"(task {} in state"}})",
                      id));
    CHECK(place.post("/tasks/", {{"TASK_ID", "x"}}).text ==
          R"({"error_code":400,"error_message":)"
          R"("x is not in proper format, expect 32 digits get 1 digits"})");
    CHECK(place.get("/tasks/").body["content"] == Json::array());
    place.add_posts(kOnePost);
    auto body = day_task();
    body["COUNTDOWN"] = 3'600;
    const auto task = place.create(body);
    place.wait_for(task, [](const Json& state) { return state.at("stat") == "SUCCESS"; });
    CHECK(place.post("/tasks/", {{"TASK_ID", task}}).body["error_code"] == 200);
    CHECK(place.end_of(task)["stat"] == "BREAK");
    CHECK(place.jobs_of(task).find(".production aborted") != std::string::npos);
    // With another member it is a task, as an unknown field is passed over.
    CHECK(place.post("/tasks/", {{"TASK_ID", id}, {"COUNTDOWN", 0}})
              .body["error_message"]
              .is_object());
  }
  TaskPlace reference{Profile::Reference};
  const auto created = reference.post("/tasks/", {{"TASK_ID", id}});
  CHECK(created.body["error_message"].get<std::string>().size() == 32);
  CHECK(created.body["error_message"] != id);
}

TEST_CASE("what keeps a task from being queued is code 500, and leaves nothing",
          "[audience][task][failure]") {
  TaskPlace place{Profile::Document, {{"INPUT_SCHEMA", ""}}};
  const auto check = [&](const Json& body, const std::string& part) {
    const auto answer = place.post("/tasks/", body);
    CAPTURE(answer.text, part);
    CHECK(answer.status == 200);
    CHECK(answer.body["error_code"] == 500);
    const auto text = answer.body["error_message"].get<std::string>();
    CHECK(text.starts_with("failed to start a labeling task, additional error message: "));
    CHECK(text.find(part) != std::string::npos);
  };
  check(Json::object(), "INPUT_SCHEMA");
  check({{"INPUT_SCHEMA", "x"}, {"QUEUE", ""}}, "queue");
  check({{"INPUT_SCHEMA", "x"}, {"QUEUE", std::string(200, 'q')}}, "queue");
  check({{"INPUT_SCHEMA", "x"}, {"QUEUE", "prompt"}}, "prompt");
  check({{"INPUT_SCHEMA", "x"}, {"COUNTDOWN", 40'000'000}}, "COUNTDOWN");
  check({{"INPUT_SCHEMA", "x"}, {"MODEL_TYPE", std::string(100, 'm')}}, "model_type");
  CHECK(place.get("/tasks/").body["content"] == Json::array());
}

TEST_CASE("a lower-case queue counts where the document has it", "[audience][task]") {
  TaskPlace place;
  CHECK(place.post("/tasks/", {{"queue", "mine"}}).body["error_message"]["queue"] == "mine");
  CHECK(place.post("/tasks/", {{"queue", "mine"}, {"QUEUE", "other"}})
            .body["error_message"]["queue"] == "other");
}

TEST_CASE("without its database a task is refused, and does not run when that is back",
          "[audience][task][failure]") {
  TaskPlace place;
  const auto restart = [] { MariaDb::shared().start(); };
  MariaDb::shared().kill();
  const auto answer = place.post("/tasks/", day_task());
  const auto looking = place.post("/tasks/", {{"MODEL_JOB_LIST", {1}}});
  restart();
  CHECK(answer.status == 200);
  CAPTURE(answer.text, looking.text);
  CHECK(answer.body["error_code"] == 503);
  CHECK(answer.body["error_message"].get<std::string>().starts_with(
      "cannot connect to output schema, additional error message: "));
  CHECK(looking.body["error_code"] == 503);
  CHECK(place.get("/tasks/").body["content"] == Json::array());
  for (const auto& job : place.jobs()) {
    INFO(job.external_id);
    CHECK((job.state == JobState::Failed || job.state == JobState::Aborted));
  }
}

TEST_CASE("a task reads from a database of its own, whose password is nowhere when it has ended",
          "[audience][task]") {
  const std::string password = "open-sesame-83f1";
  TaskPlace place;
  auto site = MariaDb::shared().fresh_schema();
  const auto schema = site.address.schema;
  const auto setup = sql::connect(site);
  setup->run("CREATE TABLE posts LIKE " + place.input_schema() + ".ts_page_content");
  setup->execute(
      "INSERT INTO posts (id, s_id, author, post_time) VALUES ('s1', 'WH_F0001', '陳先生', "
      "'2020-01-01 08:00:00')");
  setup->run(fmt::format("CREATE USER '{0}'@'%' IDENTIFIED BY '{1}'", schema, password));
  setup->run(fmt::format("GRANT SELECT ON `{0}`.* TO '{0}'@'%'", schema));
  auto body = day_task();
  body["INPUT_TABLE"] = "posts";
  body["SITE_CONFIG"] = {{"host", "127.0.0.1"},
                         {"port", std::to_string(MariaDb::shared().port())},
                         {"user", schema},
                         {"password", password},
                         {"db", schema},
                         {"charset", "utf8"},
                         {"init_command", "DROP TABLE posts"},
                         {"read_default_file", "/etc/passwd"},
                         {"local_infile", true}};
  const auto answer = place.post("/tasks/", body);
  CHECK(answer.text.find(password) == std::string::npos);
  CHECK(answer.text.find("sesame") == std::string::npos);
  REQUIRE(answer.body["error_code"] == 200);
  CHECK(answer.body["error_message"]["target_schema"] == place.input_schema());
  const auto task = answer.body["error_message"]["task_id"].get<std::string>();
  const auto state = place.end_of(task);
  INFO(state.dump());
  CHECK(state["stat"] == "SUCCESS");
  CHECK(state["length_receive_table"] == 1);
  CHECK(state["target_table"] == place.input_schema());
  CHECK(place.stored("Ptt", task) == Rows{"s1 /male"});
  CHECK(setup->query("SELECT COUNT(*) FROM posts").rows.size() == 1);
  CHECK(files_with(place.data(), password) == std::vector<std::string>{});
  for (const auto& job : place.jobs()) {
    CHECK(job.pipeline->dump().find(password) == std::string::npos);
    CHECK(job.error.dump().find(password) == std::string::npos);
  }

  // A wrong password fails the task, and is told nobody.
  body["SITE_CONFIG"]["password"] = password + "-wrong";
  const auto wrong = place.run(body);
  CHECK(wrong["stat"] == "FAILURE");
  CHECK(wrong["error_message"].get<std::string>().find(password) == std::string::npos);
  CHECK(files_with(place.data(), password) == std::vector<std::string>{});
}

TEST_CASE("a database of a task's own is refused where it is none, or not allowed",
          "[audience][task][failure]") {
  TaskPlace place{Profile::Document, {{"SITE_HOSTS", "db.example,127.0.0.1"}}};
  const auto failed = [&](const Json& site) {
    auto body = day_task();
    body["SITE_CONFIG"] = site;
    const auto state = place.run(body);
    CHECK(state["stat"] == "FAILURE");
    CHECK(state["check_point"] == "2020-01-01T00:00:00");
    return state["error_message"].get<std::string>();
  };
  CHECK(failed({{"host", "other.example"}, {"user", "u"}}) == "host is not allowed");
  CHECK(failed({{"user", "u"}}) == "host is not allowed");  // localhost
  for (const auto* host : {"127.0.0.2", "2130706433", "0x7f000001", "127.1", "[::1]", "::1",
                           "127.0.0.1 ", "db.example.", "127.0.0.1/x", "u@127.0.0.1"}) {
    CAPTURE(host);
    CHECK(failed({{"host", host}, {"user", "u"}}) == "host is not allowed");
  }
  CHECK(failed({{"host", "DB.Example"}, {"user", "u"}, {"port", 70'000}}) ==
        "SITE_CONFIG: port must be a number from 1 to 65535");
  CHECK(failed({{"host", "db.example"}, {"user", "u"}, {"port", "33 06"}}) ==
        "SITE_CONFIG: port must be a number from 1 to 65535");
  CHECK(failed({{"host", "db.example"}, {"port", 3306}}) == "SITE_CONFIG: user must be given");
  CHECK(failed({{"host", 5}}) == "SITE_CONFIG: host must be a text");
}

TEST_CASE("E28: names in a request are names, whatever is in them",
          "[audience][task][failure][acceptance]") {
  TaskPlace place;
  place.add_posts(kOnePost);
  CHECK(place.run(day_task())["stat"] == "SUCCESS");
  const auto before = place.rows("SELECT COUNT(*) FROM state")[0][0].get<int>();
  const std::vector<std::string> hostile{"x` where 1=1; drop table state; -- ",
                                         "ts_page_content`; DROP TABLE state; -- ",
                                         "ts_page_content WHERE 1=0 UNION SELECT * FROM state",
                                         "state\" ; --",
                                         "'; DROP TABLE state; --",
                                         "../../etc/passwd",
                                         "a.b",
                                         "`",
                                         "``",
                                         std::string("ts_page_content\0", 16),
                                         std::string(64, 'x'),
                                         std::string(300, 'y')};
  int tasks = before;
  for (const auto* field : {"INPUT_TABLE", "INPUT_SCHEMA", "OUTPUT_SCHEMA"}) {
    for (const auto& name : hostile) {
      auto body = day_task();
      body[field] = name;
      CAPTURE(field, name);
      const auto answer = place.post("/tasks/", body);
      INFO(answer.text);
      CHECK(answer.status == 200);
      if (answer.body["error_code"] != 200) continue;
      ++tasks;
      const auto state = place.end_of(answer.body["error_message"]["task_id"].get<std::string>());
      CHECK(state["stat"] == "FAILURE");
    }
  }
  CHECK(place.rows("SELECT COUNT(*) FROM state")[0][0].get<int>() == tasks);
  CHECK(place.rows("SHOW TABLES LIKE 'state'").size() == 1);
  CHECK(place.rows("SELECT COUNT(*) FROM Ptt") == Json::parse("[[1]]"));
}

TEST_CASE("a search that never ends does not end the task's patience",
          "[audience][task][failure][acceptance]") {
  TaskPlace place{Profile::Document, {{"REGEX_MATCH_LIMIT", "100000"}}};
  place.add_posts({{"a", "WH_F0001", "u", "2020-01-01 01:00:00", std::string(5'000, 'a') + "b"}});
  auto body = day_task();
  body["MODEL_TYPE"] = "rule_model";
  body["PREDICT_TYPE"] = "content";
  body["PATTERN"] = Json::parse(R"x({"A":["(a|aa)+$(?!x)"]})x");
  const auto state = place.run(body);
  INFO(state.dump());
  CHECK(state["stat"] == "FAILURE");
  CHECK(state["error_message"].get<std::string>().find("exceeded the match limit") !=
        std::string::npos);
}

TEST_CASE("rules of a folder stand for a pattern that is not given", "[audience][task]") {
  const TemporaryFolder rules;
  std::filesystem::create_directories(rules / "keyword_model/male");
  std::ofstream{rules / "keyword_model/male/author_name.txt"}
      << "先生\tpartially\r\n\nTom\texactly\n";
  TaskPlace place{Profile::Document, {{"RULE_FOLDER", rules.path().string()}}};
  place.add_posts({{"a", "WH_F0001", "陳先生", "2020-01-01 08:00:00"},
                   {"b", "WH_F0001", "tom", "2020-01-01 09:00:00"},
                   {"c", "WH_F0001", "tommy", "2020-01-01 09:00:00"}});
  auto body = day_task();
  body["PATTERN"] = Json::object();
  const auto task = place.create(body);
  place.end_of(task);
  CHECK(place.stored("Ptt", task) == Rows{"a /male", "b /male"});
  body["MODEL_TYPE"] = "rule_model";
  body["PREDICT_TYPE"] = "content";
  CHECK(place.run(body)["prod_stat"] == "no_data");
}
