// Tasks from the request to the production tables, against a real MariaDB: acceptance examples.
#include <catch2/catch.hpp>

#include "tests/api_audience/task_place.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using audience::Profile;
using Rows = TaskPlace::Rows;

namespace {

// Fixture A.
const std::vector<TaskPlace::Post> kNames{{"r01", "WH_F0045", "陳先生", "2020-01-01 00:00:00"},
                                          {"r02", "WH_F0045", "Amy Lin", "2020-01-01 01:00:00"},
                                          {"r03", "WH_F0045", "林超哥", "2020-01-01 06:00:00"},
                                          {"r04", "WH_F0001", "TOM", "2020-01-01 07:00:00"},
                                          {"r05", "WH_F0001", "路人甲", "2020-01-01 07:30:00"},
                                          {"r06", "WH_F9999", "王小明", "2020-01-01 08:00:00"},
                                          {"r07", "WH_F0045", "陳先生", "2020-01-01 13:00:00"},
                                          {"r08", "WH_F0045", "小姐與先生", "2020-01-01 14:00:00"},
                                          {"r09", "WH_F0045", "Tommy哥", "2020-01-01 14:30:00"},
                                          {"r10", "WH_F0045", nullptr, "2020-01-01 15:00:00"},
                                          {"r13", "WH_F0001", "路人乙小姐", "2020-01-01 20:00:00"},
                                          {"r11", "WH_F0045", "陳先生", "2020-01-02 00:00:00"},
                                          {"r12", "WH_F0045", "李小姐", "2020-01-02 00:00:01"}};

Json names_task(const char* start = "2020-01-01", const char* end = "2020-01-02") {
  return {{"MODEL_TYPE", "keyword_model"},
          {"PREDICT_TYPE", "author_name"},
          {"START_TIME", start},
          {"END_TIME", end},
          {"PATTERN", Json::parse(R"({"男性":[["先生","partially"],["哥","end"],["tom","start"],
            ["王小明","absolutely"]],"女性":[["小姐","partially"],["姐","end"],["amy","start"]]})")}};
}

// Fixture B.
const std::vector<TaskPlace::Post> kTexts{
    {"b1", "WH_F0001", "u1", "2021-03-01 01:00:00", "我女友今天"},
    {"b2", "WH_F0001", "u1", "2021-03-01 02:00:00", "我男友今天"},
    {"b3", "WH_F0001", "u1", "2021-03-01 03:00:00", "當兵與我女友"},
    {"b4", "WH_F0001", "u2", "2021-03-01 01:30:00", "我女友"},
    {"b5", "WH_F0001", "u2", "2021-03-01 02:30:00", "我男友"},
    {"b6", "WH_F0001", "u2", "2021-03-01 07:00:00", "女生一枚"},
    {"b7", "WH_F0001", "u3", "2021-03-01 08:00:00", "期末考 我男友"},
    {"b8", "WH_F0001", "u3", "2021-03-01 09:00:00", "我男友 女生一枚 期末考"},
    {"b9", "WH_F0001", "u3", "2021-03-01 10:00:00", "段考"},
    {"b10", "WH_F0001", " u4 ", "2021-03-01 11:00:00", "當兵"},
    {"b11", "WH_F0001", "u4", "2021-03-01 11:30:00", "當兵"},
    {"b12", "WH_F0001", "u5", "2021-03-01 12:00:00", "無"}};

Json texts_task(Json pattern) {
  return {{"MODEL_TYPE", "rule_model"},
          {"PREDICT_TYPE", "content"},
          {"START_TIME", "2021-03-01"},
          {"END_TIME", "2021-03-02"},
          {"PATTERN", std::move(pattern)}};
}

// One day of texts, each by an author of its own.
std::vector<TaskPlace::Post> posts_of(const std::vector<std::string>& texts) {
  std::vector<TaskPlace::Post> posts;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    posts.push_back({fmt::format("t{}", i), "WH_F0001", fmt::format("a{}", i),
                     "2021-03-01 01:00:00", texts[i]});
  }
  return posts;
}

}  // namespace

TEST_CASE("E2: a task is told of at once, and one without rules ends without data",
          "[audience][task][acceptance]") {
  TaskPlace place;
  const Json asked{{"PREDICT_TYPE", "author_name"},
                   {"START_TIME", "2020-01-01"},
                   {"END_TIME", "2020-01-02"},
                   {"PATTERN", Json::object()},
                   {"INPUT_SCHEMA", place.input_schema()},
                   {"INPUT_TABLE", "ts_page_content"},
                   {"OUTPUT_SCHEMA", place.output_schema()},
                   {"COUNTDOWN", 0},
                   {"QUEUE", "queue1"}};
  const auto answer = place.post("/tasks/", asked);
  CHECK(answer.status == 200);
  CHECK(answer.header("content-type") == "application/json");
  REQUIRE(answer.body["error_code"] == 200);
  const auto& told = answer.body["error_message"];
  CHECK(names(told) ==
        "model_type,predict_type,start_time,end_time,target_schema,target_table,output_schema,"
        "countdown,queue,date_range,task_id");
  CHECK(told["model_type"] == "keyword_model");
  CHECK(told["predict_type"] == "author");
  CHECK(told["target_schema"] == place.input_schema());
  CHECK(told["target_table"] == "ts_page_content");
  CHECK(told["output_schema"] == place.output_schema());
  CHECK(told["countdown"] == 0);
  CHECK(told["date_range"] == "2020-01-01 - 2020-01-02");
  const auto task = told["task_id"].get<std::string>();
  CHECK(task.size() == 32);
  CHECK(task.find_first_not_of("0123456789abcdef") == std::string::npos);

  const auto at_once = place.get("/tasks/" + task);
  INFO(at_once.text);
  CHECK(at_once.body["error_code"] == 200);
  CHECK(at_once.body["error_message"]["target_table"] == place.input_schema());
  CHECK(at_once.body["error_message"]["date_range"] == "2020-01-01 - 2020-01-02");
  const auto state = place.end_of(task);
  CHECK(figures(state) == R"("SUCCESS" "no_data" 0 0 "" "" null null)");
  CHECK(state["check_point"].is_null());
  CHECK(state["error_message"].is_null());
  CHECK(state["run_time"].get<double>() >= 0);
  CHECK(state["run_time"].get<double>() < 5);
}

TEST_CASE("E2: nothing has to be said of a task", "[audience][task][acceptance]") {
  TaskPlace place;
  const auto answer = place.post("/tasks/", Json::object());
  INFO(answer.text);
  REQUIRE(answer.body["error_code"] == 200);
  CHECK(answer.body["error_message"]["date_range"] == "2020-01-01 - 2021-01-01");
  CHECK(answer.body["error_message"]["countdown"] == 5);
  CHECK(answer.body["error_message"]["queue"] == "queue1");
  const auto state = place.end_of(answer.body["error_message"]["task_id"].get<std::string>());
  CHECK(figures(state) == R"("SUCCESS" "no_data" 0 0 "" "" null null)");
}

TEST_CASE("E1: a task that ends before it starts leaves no row", "[audience][task][acceptance]") {
  TaskPlace place;
  CHECK(place.post("/tasks/", {{"START_TIME", "2021-01-01"}, {"END_TIME", "2020-01-01"}}).text ==
        R"({"error_code":400,"error_message":"start_time must be earlier than end_time"})");
  CHECK(
      place
          .post("/tasks/",
                {{"START_TIME", "2021-01-01"}, {"END_TIME", "2021-01-01"}, {"MODEL_JOB_LIST", {1}}})
          .body["error_code"] == 400);
  CHECK(place.get("/tasks/").body["content"] == Json::array());
}

TEST_CASE("E13: names are labelled by keywords", "[audience][task][acceptance]") {
  const bool has_index = GENERATE(true, false);
  CAPTURE(has_index);
  TaskPlace place{
      Profile::Document, {}, has_index ? TaskPlace::Index::OnTime : TaskPlace::Index::None};
  place.add_posts(kNames);
  const auto task = place.create(names_task());
  const auto state = place.end_of(task);
  INFO(state.dump());
  CHECK(figures(state) == R"("SUCCESS" "finish" 10 8 "fbfans,Ptt" "5,3" "5,2" "100.0,66.67")");
  CHECK(place.stored("fbfans", task) ==
        Rows{"r01 /male", "r02 /female", "r03 /male", "r07 /male", "r08 /male", "r09 /male"});
  CHECK(place.stored("Ptt", task) == Rows{"r04 /male", "r13 /female"});
  CHECK(place.produced("fbfans", task) ==
        Rows{"r02 /female", "r03 /male", "r07 /male", "r08 /male", "r09 /male"});
  CHECK(place.produced("Ptt", task) == Rows{"r04 /male", "r13 /female"});
  CHECK(place.rows("SELECT source_author, field_content, match_content, CAST(create_time AS CHAR) "
                   "FROM wh_panel_mapping_fbfans WHERE id = 'r07'") ==
        Json::parse(R"([["WH_F0045_陳先生","WH_F0045","陳先生","2020-01-01 13:00:00"]])"));

  const auto second = place.create(names_task("2020-01-02", "2020-01-03"));
  const auto next = place.end_of(second);
  CHECK(next["length_receive_table"] == 2);
  CHECK(place.stored("fbfans", second) == Rows{"r11 /male", "r12 /female"});
  CHECK(place.stored("fbfans", task).size() == 6);
}

TEST_CASE("E13: names are labelled by keywords, as the original does it",
          "[audience][task][acceptance]") {
  TaskPlace place{Profile::Reference};
  place.add_posts(kNames);
  const auto task = place.create(names_task());
  const auto state = place.end_of(task);
  INFO(state.dump());
  CHECK(figures(state) == R"("SUCCESS" "finish" 12 10 "fbfans,Ptt" "5,3" "5,2" "100.0,66.67")");
  CHECK(place.stored("fbfans", task) == Rows{"r01 /male", "r02 /female", "r03 /male", "r03 /male",
                                             "r07 /male", "r08 /male", "r09 /male", "r11 /male"});
  CHECK(place.produced("fbfans", task) ==
        Rows{"r02 /female", "r03 /male", "r11 /male", "r08 /male", "r09 /male"});
}

TEST_CASE("E14: texts are labelled by patterns", "[audience][task][acceptance]") {
  TaskPlace place;
  place.add_posts(kTexts);
  const auto task = place.create(texts_task(Json::parse(
      R"({"女性":["我男友","女生一枚"],"男性":["我女友","當兵"],"學生":["段考|期末考"]})")));
  const auto state = place.end_of(task);
  INFO(state.dump());
  CHECK(figures(state) == R"("SUCCESS" "finish" 12 6 "Ptt" "6" "6" "100.0")");
  const Rows kept{"b3 /male", "b6 /female", "b8 /female", "b9 /student", "b10 /male", "b11 /male"};
  CHECK(place.stored("Ptt", task) == kept);
  CHECK(place.produced("Ptt", task) == kept);
  CHECK(place.rows("SELECT source_author FROM Ptt WHERE id = 'b10'") ==
        Json::parse(R"([["WH_F0001_ u4"]])"));
}

TEST_CASE("E14: texts are labelled by patterns, as the original does it",
          "[audience][task][acceptance]") {
  TaskPlace place{Profile::Reference};
  place.add_posts(kTexts);
  const auto task = place.create(texts_task(Json::parse(
      R"({"女性":["我男友","女生一枚"],"男性":["我女友","當兵"],"學生":["段考|期末考"]})")));
  const auto state = place.end_of(task);
  INFO(state.dump());
  CHECK(figures(state) == R"("SUCCESS" "finish" 13 6 "Ptt" "6" "5" "83.33")");
  CHECK(place.stored("Ptt", task) ==
        Rows{"b4 /male", "b3 /male", "b6 /female", "b8 /female", "b10 /male", "b11 /male"});
  CHECK(place.produced("Ptt", task) ==
        Rows{"b3 /male", "b4 /male", "b8 /female", "b10 /male", "b11 /male"});
}

TEST_CASE("E15: two models of one task vote alike", "[audience][task][acceptance]") {
  const auto profile = GENERATE(Profile::Document, Profile::Reference);
  const bool is_document = profile == Profile::Document;
  CAPTURE(is_document);
  TaskPlace place{profile};
  place.make_model_tables();
  for (const int job : {7, 8}) {
    place.insert("model_status", {{"task_id", fmt::format("{:032}", job)},
                                  {"model_name", "KEYWORD_MODEL"},
                                  {"training_status", "untrainable"},
                                  {"feature", "AUTHOR"},
                                  {"model_path", "7_keyword_model"},
                                  {"create_time", "2021-01-01 00:00:00"},
                                  {"job_id", job}});
  }
  place.add_posts({{"d1", "WH_F0157", "Young先生", "2021-05-01 03:00:00"},
                   {"d2", "WH_F0157", "nobody", "2021-05-01 04:00:00"},
                   {"d3", "WH_F0157", "nobody2", "2021-05-01 09:00:00"}});
  const auto task = place.create(
      {{"START_TIME", "2021-05-01"},
       {"END_TIME", "2021-05-02"},
       {"MODEL_JOB_LIST", {7, 8}},
       {"PATTERN",
        Json::parse(R"([{"男性":[["先生","partially"]]},{"青年":[["young","partially"]]}])")}});
  const auto state = place.end_of(task);
  INFO(state.dump());
  if (is_document) {
    CHECK(figures(state) == R"("SUCCESS" "finish" 3 2 "Instagram" "3" "2" "66.67")");
    CHECK(place.stored("Instagram", task) == Rows{"d1 /male", "d1 /young"});
  } else {
    CHECK(figures(state) == R"("SUCCESS" "finish" 3 1 "Instagram" "2" "1" "50.0")");
    CHECK(place.stored("Instagram", task) == Rows{"d1 /young"});
  }
}

TEST_CASE("E16: what a keyword counts", "[audience][task][acceptance]") {
  TaskPlace place;
  place.add_posts(posts_of({"ABC", "xabx", "x", "mickey", "mickey "}));
  const auto labelled = [&](const char* rules) {
    auto task = texts_task(Json::parse(rules));
    task["MODEL_TYPE"] = "KEYWORD_MODEL";
    const auto id = place.create(task);
    const auto state = place.end_of(id);
    INFO(state.dump());
    CHECK(state["stat"] == "SUCCESS");
    return state["result"] == "" ? Rows{} : place.stored("Ptt", id);
  };
  CHECK(labelled(
            R"({"A":[["ab","partially"],["bc","partially"]],"B":[["ab","start"],["c","end"]]})") ==
        Rows{"t0 /B", "t1 /A"});
  CHECK(labelled(R"({"B":[["x","partially"]],"A":[["x","start,end"]]})") == Rows{"t1 /A", "t2 /A"});
  CHECK(labelled(R"({"A":[["Mickey","absolutely"]]})") == Rows{"t3 /A"});
  CHECK(labelled(R"({"A":[["","partially"]]})").empty());
  CHECK(labelled(R"({"A":[["","end"]]})").size() == 5);
}

TEST_CASE("E29: case, exactly, and a tie in one of two dimensions",
          "[audience][task][acceptance]") {
  const auto profile = GENERATE(Profile::Document, Profile::Reference);
  const bool is_document = profile == Profile::Document;
  CAPTURE(is_document);
  TaskPlace place{profile};
  place.add_posts(posts_of({"xabcx", "xABCx", "TOM", "tommy"}));
  const auto patterns = place.create(texts_task(Json::parse(R"({"A":["ABC"]})")));
  const auto state = place.end_of(patterns);
  INFO(state.dump());
  CHECK(state["length_output_table"] == (is_document ? 2 : 0));
  auto keywords = texts_task(Json::parse(R"({"A":[["Tom","exactly"]]})"));
  keywords["MODEL_TYPE"] = "keyword_model";
  CHECK(place.run(keywords)["length_output_table"] == (is_document ? 1 : 0));

  place.add_posts({{"v1", "WH_F0157", "v", "2021-04-01 01:00:00", "m1"},
                   {"v2", "WH_F0157", "v", "2021-04-01 01:01:00", "m2"},
                   {"v3", "WH_F0157", "v", "2021-04-01 01:02:00", "f1"},
                   {"v4", "WH_F0157", "v", "2021-04-01 01:03:00", "f2"},
                   {"v5", "WH_F0157", "v", "2021-04-01 01:04:00", "y"}});
  auto tie = texts_task(Json::parse(R"({"男性":["^m"],"女性":["^f"],"青年":["^y"]})"));
  tie["START_TIME"] = "2021-04-01";
  tie["END_TIME"] = "2021-04-02";
  const auto tied = place.create(tie);
  place.end_of(tied);
  CHECK(place.stored("Instagram", tied) ==
        (is_document ? Rows{"v5 /young"} : Rows{"v2 /male", "v5 /young"}));
}

TEST_CASE("what is labelled as general, and sources of no table, are received and no more",
          "[audience][task]") {
  TaskPlace place;
  place.add_posts({{"a", "WH_F0001", "x", "2020-01-01 00:00:00"},
                   {"b", "WH_F0045", "x先生", "2020-01-01 00:10:00"},
                   {"c", "WH_F0001", "y先生", "2020-01-01 09:00:00"},
                   {"d", "wh_v001", "x先生", "2020-01-01 10:00:00"},
                   {"e", "WH_V001", "x先生", "2020-01-01 10:00:00"},
                   {"f", "wh_f0001", "x先生", "2020-01-01 10:00:00"}});
  auto asked = names_task();
  asked["PATTERN"] = Json::parse(R"({"一般":[["x","absolutely"]],"男性":[["先生","partially"]]})");
  const auto state = place.run(asked);
  INFO(state.dump());
  // In the order of the first rows stored, though Ptt was received first.
  CHECK(figures(state) ==
        R"("SUCCESS" "finish" 6 3 "fbfans,Ptt,video" "1,2,1" "1,1,1" "100.0,50.0,100.0")");
}

TEST_CASE("panels whose authors all contradict themselves leave an empty production",
          "[audience][task]") {
  TaskPlace place;
  place.add_posts({{"a", "WH_F0001", "u", "2021-03-01 01:00:00", "m"},
                   {"b", "WH_F0001", "u", "2021-03-01 09:00:00", "f"}});
  const auto task = place.create(texts_task(Json::parse(R"({"男性":["m"],"女性":["f"]})")));
  const auto state = place.end_of(task);
  INFO(state.dump());
  CHECK(figures(state) == R"("SUCCESS" "finish" 2 2 "Ptt" "1" "0" "0.0")");
}

TEST_CASE("two tasks at a time append to the same tables and keep their rows apart",
          "[audience][task]") {
  TaskPlace place;
  place.add_posts(kNames);
  auto other = names_task();
  other["QUEUE"] = "queue7";
  const auto first = place.create(names_task()), second = place.create(other);
  CHECK(first != second);
  CHECK(figures(place.end_of(first)) == figures(place.end_of(second)));
  CHECK(place.stored("fbfans", first) == place.stored("fbfans", second));
  CHECK(place.produced("fbfans", first).size() == 5);
}

TEST_CASE("results go to the schema that is asked for, states to that of the server",
          "[audience][task]") {
  TaskPlace place;
  place.add_posts(kNames);
  auto asked = names_task();
  asked["OUTPUT_SCHEMA"] = AudienceServer::another_schema();
  const auto task = place.create(asked);
  CHECK(place.end_of(task)["prod_stat"] == "finish");
  CHECK(place.rows(fmt::format("SELECT COUNT(*) FROM {}.fbfans",
                               asked["OUTPUT_SCHEMA"].get<std::string>())) == Json::parse("[[6]]"));
  CHECK(place.rows("SHOW TABLES LIKE '%fbfans'") == Json::array());
  const auto sample = place.get("/tasks/" + task + "/sample/");
  INFO(sample.text);
  CHECK(sample.body["error_code"] == 200);
}

TEST_CASE("a countdown stands between the stages", "[audience][task]") {
  TaskPlace place;
  place.add_posts(kNames);
  auto asked = names_task();
  asked["COUNTDOWN"] = 3'600;
  const auto task = place.create(asked);
  const auto state =
      place.wait_for(task, [](const Json& told) { return told.at("stat") == "SUCCESS"; });
  CHECK(state["prod_stat"].is_null());
  CHECK(state["length_prod_table"].is_null());
  CHECK(place.jobs_of(task).find(".production queued") != std::string::npos);
}

TEST_CASE("a task goes on where it was when the server is started again", "[audience][task]") {
  TaskPlace place;
  const auto task = place.create(place.add_slow_posts(400));
  place.wait_for(task, [](const Json& state) { return state.at("result") == "Ptt"; });
  place.restart();
  const auto state = place.end_of(task);
  INFO(state.dump());
  CHECK(figures(state) == R"("SUCCESS" "finish" 400 400 "Ptt" "400" "400" "100.0")");
  CHECK(place.stored("Ptt", task).size() == 400);
  CHECK(place.rows("SELECT COUNT(DISTINCT id) FROM Ptt") == Json::parse("[[400]]"));
  CHECK(place.produced("Ptt", task).size() == 400);
}
