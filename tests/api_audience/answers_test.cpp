// List, status, sample and abort of tasks, over a real MariaDB whose rows the tests write.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "tests/api_audience/audience_server.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using audience::Profile;

namespace {

constexpr const char* kTask = "8fec5762412c11ec836d04ea56825baa";

constexpr const char* kKeys =
    "task_id,stat,prod_stat,model_type,predict_type,date_range,target_table,create_time,"
    "peak_memory,length_receive_table,length_output_table,length_prod_table,result,"
    "uniq_source_author,rate_of_label,run_time,check_point,error_message";

Json state_row(const std::string& task, const Json& more = Json::object()) {
  Json row{{"task_id", task},
           {"stat", "PENDING"},
           {"model_type", "keyword_model"},
           {"predict_type", "author"},
           {"date_range", "2020-01-01 - 2020-01-02"},
           {"target_schema", "wh_fb_ex_02"},
           {"create_time", "2022-01-12 11:09:21"}};
  for (const auto& [name, value] : more.items()) row[name] = value;
  return row;
}

Json finished_row(const std::string& task) {
  return state_row(task, {{"stat", "SUCCESS"},
                          {"prod_stat", "finish"},
                          {"length_receive_table", 92'491},
                          {"length_output_table", 8},
                          {"length_prod_table", "5,2"},
                          {"result", "fbfans,Ptt"},
                          {"uniq_source_author", "5,3"},
                          {"rate_of_label", "100.0,66.67"},
                          {"run_time", 1.63621}});
}

Json result_row(const std::string& task, int number, const std::string& time) {
  return {{"id", fmt::format("r{:02}", number)},
          {"task_id", task},
          {"source_author", fmt::format("WH_F0045_陳先生 {}", number)},
          {"panel", "/male"},
          {"create_time", time},
          {"field_content", "WH_F0045"},
          {"match_content", "陳先生 \"\\'\t"}};
}

std::string texts(const Json& content, const char* member) {
  std::string text;
  for (const auto& each : content)
    text += (text.empty() ? "" : " ") + each.at(member).get<std::string>();
  return text;
}

Json error(int code, const std::string& message) {
  return {{"error_code", code}, {"error_message", message}};
}

}  // namespace

TEST_CASE("a server without a table of states has no tasks", "[audience][tasks]") {
  const auto profile = GENERATE(Profile::Document, Profile::Reference);
  AudienceServer server{profile};
  CHECK(server.get("/tasks/").text == R"({"error_code":200,"error_message":"OK","content":[]})");
  const auto status = server.get("/tasks/" + kNoTask);
  CHECK(status.status == 200);
  CHECK(status.body["error_code"] == (profile == Profile::Document ? 400 : 404));
  CHECK(server.rows("SHOW TABLES").empty());
}

TEST_CASE("the ten newest tasks are listed with 18 members each", "[audience][tasks]") {
  AudienceServer server;
  server.make_state_table();
  std::string wanted;
  for (int i = 0; i < 12; ++i) {
    const auto task = fmt::format("{:032x}", i * 7 % 12);
    server.insert("state",
                  state_row(task, {{"create_time", fmt::format("2022-01-12 11:09:{:02}", i)}}));
    if (i > 1) wanted = wanted.empty() ? task : task + " " + wanted;
  }
  const auto listed = server.get("/tasks/");
  CHECK(listed.status == 200);
  CHECK(listed.header("content-type") == "application/json");
  CHECK(names(listed.body) == "error_code,error_message,content");
  CHECK(listed.body["error_message"] == "OK");
  REQUIRE(listed.body["content"].size() == 10);
  CHECK(texts(listed.body["content"], "task_id") == wanted);
  for (const auto& state : listed.body["content"]) CHECK(names(state) == kKeys);
}

TEST_CASE("a state is shown as the document has it", "[audience][tasks]") {
  const auto profile = GENERATE(Profile::Document, Profile::Reference);
  AudienceServer server{profile};
  server.make_state_table();
  const bool is_document = profile == Profile::Document;
  SECTION("of a task that waits") {
    server.insert("state", state_row(kTask));
    const auto answer = server.get(fmt::format("/tasks/{}", kTask));
    CHECK(
        answer.text ==
        fmt::format(
            R"({{"error_code":200,"error_message":{{"task_id":"{}","stat":"PENDING","prod_stat":null,)"
            R"("model_type":"keyword_model","predict_type":"author","date_range":"2020-01-01 - 2020-01-02",)"
            R"("{}":"wh_fb_ex_02","create_time":"2022-01-12T11:09:21","peak_memory":null,)"
            R"("length_receive_table":null,"length_output_table":null,"length_prod_table":null,"result":{},)"
            R"("uniq_source_author":null,"rate_of_label":null,"run_time":null,"check_point":null,"error_message":null}}}})",
            kTask, is_document ? "target_table" : "target_schema", is_document ? R"("")" : "null"));
  }
  SECTION("of one that has ended") {
    server.insert("state", finished_row(kTask));
    const auto state = server.get(fmt::format("/tasks/{}", kTask)).body["error_message"];
    CHECK(state["length_receive_table"] == 92'491);
    CHECK(state["length_prod_table"] == "5,2");
    CHECK(state["result"] == "fbfans,Ptt");
    CHECK(state["rate_of_label"] == "100.0,66.67");
    CHECK(state["run_time"].dump() == "1.63621");
  }
  SECTION("of one that failed") {
    server.insert("state", state_row(kTask, {{"stat", "FAILURE"},
                                             {"check_point", "2020-01-01 06:00:00"},
                                             {"run_time", 170.0},
                                             {"error_message", "nothing to repeat 壞"}}));
    const auto answer = server.get(fmt::format("/tasks/{}", kTask));
    const auto& state = answer.body["error_message"];
    CHECK(state["check_point"] == "2020-01-01T06:00:00");
    CHECK(state["run_time"].dump() == "170.0");
    CHECK(answer.text.find("nothing to repeat 壞") != std::string::npos);
  }
}

TEST_CASE("a task that is not there is told with the texts of its profile", "[audience][tasks]") {
  AudienceServer doc, ref{Profile::Reference};
  for (auto* server : {&doc, &ref}) {
    server->make_state_table();
    server->insert("state", state_row(kTask));
  }
  CHECK(doc.get("/tasks/" + kNoTask).body ==
        error(400,
              "task id is not exist, plz re-check the task id. Addition error message: no row "
              "of state has task_id " +
                  kNoTask));
  CHECK(doc.get("/tasks/abort").body["error_code"] == 400);
  CHECK(ref.get("/tasks/" + kNoTask).body ==
        error(404, kNoTask +
                       " is not found in the state table, additional error message: no row "
                       "of state has task_id " +
                       kNoTask));
  const auto improper = ref.get("/tasks/abc");
  CHECK(improper.status == 400);
  CHECK(improper.body == error(400, "abc is a improper task_id"));
}

TEST_CASE("a sample is some rows of each of a task's tables", "[audience][tasks]") {
  const auto profile = GENERATE(Profile::Document, Profile::Reference);
  AudienceServer server{profile};
  server.make_state_table();
  server.insert("state", finished_row(kTask));
  for (const auto* table : {"fbfans", "Ptt"}) server.make_result_table(table);
  for (int i = 0; i < 60; ++i) {
    server.insert("fbfans", result_row(kTask, i, fmt::format("2020-01-01 00:00:{:02}", i)));
    server.insert("fbfans", result_row(kNoTask, i, "2020-01-01 00:00:00"));
  }
  server.insert("Ptt", result_row(kTask, 99, "2020-01-01 20:00:00"));
  const auto answer = server.get(fmt::format("/tasks/{}/sample/", kTask));
  CHECK(answer.body["error_code"] == 200);
  const auto& rows = answer.body["error_message"];
  REQUIRE(rows.size() >= 2);
  CHECK(rows.size() <= 51);
  std::set<std::string> ids;
  for (const auto& row : rows) {
    CHECK(names(row) == "id,task_id,source_author,panel,create_time,field_content,match_content");
    CHECK(row["task_id"] == kTask);
    CHECK(row["create_time"].get<std::string>().starts_with("2020-01-01T"));
    CHECK(row["match_content"] == "陳先生 \"\\'\t");
    CHECK(ids.insert(row["id"]).second);
  }
  // Those of the first table of the result come first.
  CHECK(rows.back()["id"] == "r99");
}

TEST_CASE("why there is no sample is told with the texts of the document", "[audience][tasks]") {
  AudienceServer server;
  const auto sample_of = [&](const std::string& task) {
    const auto answer = server.get(fmt::format("/tasks/{}/sample/", task));
    CHECK(answer.status == 200);
    return answer.body;
  };
  constexpr const char* kNotFound = "result table is not found, plz wait for awhile to retry it";
  CHECK(sample_of("abc") ==
        error(400, "abc is not in proper format, expect 32 digits get 3 digits"));
  CHECK(sample_of(kNoTask) == error(404, kNotFound));
  server.make_state_table();
  CHECK(sample_of(kNoTask) == error(404, kNotFound));
  const std::string waiting(32, 'a'), without(32, 'b'), emptied(32, 'c'), dropped(32, 'd');
  server.insert("state", state_row(waiting));
  CHECK(sample_of(waiting) == error(404, kNotFound));
  server.insert(
      "state", state_row(without, {{"stat", "SUCCESS"}, {"prod_stat", "no_data"}, {"result", ""}}));
  CHECK(sample_of(without) ==
        error(404, fmt::format("there is no data processed in task {}", without)));
  const auto empty = error(404,
                           "empty result, probably wrong combination of task_id and table_name, "
                           "please check table state or use /api/tasks/{task_id} first");
  server.make_result_table("Ptt");
  server.insert("state", state_row(emptied, {{"result", "Ptt"}}));
  CHECK(sample_of(emptied) == empty);
  server.insert("state", state_row(dropped, {{"result", "gone"}}));
  CHECK(sample_of(dropped) == empty);
}

TEST_CASE("why there is no sample is told as the original did", "[audience][tasks]") {
  AudienceServer server{Profile::Reference};
  server.make_state_table();
  const std::string without(32, 'b'), emptied(32, 'c');
  server.insert("state", state_row(without, {{"prod_stat", "no_data"}, {"result", ""}}));
  server.make_result_table("Ptt");
  server.insert("state", state_row(emptied, {{"result", "Ptt"}}));
  const auto malformed = server.get("/tasks/abc/sample/");
  CHECK(malformed.status == 400);
  CHECK(malformed.body == error(400, "abc is a improper task_id"));
  for (const auto& task : {kNoTask, without}) {
    const auto body = server.get(fmt::format("/tasks/{}/sample/", task)).body;
    CHECK(body["error_code"] == 500);
    CHECK(body["error_message"].get<std::string>().starts_with(
        "Cannot scrape data from result tables. Additional error message: "));
  }
  CHECK(server.get(fmt::format("/tasks/{}/sample/", emptied)).body["error_code"] == 404);
}

TEST_CASE("an abort says BREAK, whatever the task is", "[audience][tasks]") {
  AudienceServer server;
  const auto abort = [&](const std::string& task) {
    const auto answer = server.post("/tasks/abort/", {{"TASK_ID", task}});
    CHECK(answer.status == 200);
    return answer.body;
  };
  const auto done = [](const std::string& task) {
    return error(200, fmt::format("successfully send break status to task {} in state", task));
  };
  // Before any task.
  CHECK(abort(kNoTask) == done(kNoTask));
  CHECK(server.get("/tasks/").body["content"].empty());
  const std::string other(32, 'e');
  server.insert("state", state_row(kTask));
  server.insert("state", finished_row(other));
  CHECK(abort(kTask) == done(kTask));
  CHECK(server.rows("SELECT task_id, stat FROM state ORDER BY task_id") ==
        Json::array({Json::array({kTask, "BREAK"}), Json::array({other, "SUCCESS"})}));
  CHECK(abort(other) == done(other));
  CHECK(abort(other) == done(other));
  CHECK(server.get("/tasks/" + other).body["error_message"]["stat"] == "BREAK");
  CHECK(abort("abc") == error(400, "abc is not in proper format, expect 32 digits get 3 digits"));
  CHECK(server.send("POST", "/tasks/abort/", "{}", "Content-Type: application/json\r\n").body ==
        error(400, "string is not in proper format, expect 32 digits get 6 digits"));
}

TEST_CASE("the original takes UUIDs as Python spells them for an abort", "[audience][tasks]") {
  AudienceServer server{Profile::Reference};
  server.make_state_table();
  const auto malformed = server.post("/tasks/abort/", {{"TASK_ID", std::string(32, 'x')}});
  CHECK(malformed.status == 400);
  const std::string braced = "{8fec5762-412c-11ec-836d-04ea56825baa}";
  CHECK(server.post("/tasks/abort/", {{"TASK_ID", braced}}).body ==
        error(200, fmt::format("successfully send break status to task {} in state", braced)));
}

namespace {

// A job of the dialect that waits, as no server serves its queue.
JobId submit_waiting(Engine& engine, const std::string& name) {
  auto checked = engine.validate(
      Json::parse(
          R"({"ops": [{"name": "in", "type": "input.values", "params": {"columns": {"a": [1]}}}]})"),
      Json::object(), {});
  REQUIRE(checked.graph);
  JobRequest request;
  request.dialect = "audience";
  request.external_id = name;
  request.queue = "elsewhere";
  request.pipeline = std::move(checked.document);
  request.graph = std::move(checked.graph);
  std::promise<JobId> made;
  engine.submit(std::move(request), {}, [&made](const Result<JobStore::Submission>& submitted) {
    made.set_value(submitted.ok() ? submitted->id : JobId{});
  });
  return made.get_future().get();
}

}  // namespace

TEST_CASE("an abort ends the jobs of its task and no others", "[audience][tasks]") {
  AudienceServer server{Profile::Document, {{"WORKER_QUEUES", "queue1"}}};
  server.make_state_table();
  const std::string task{kTask}, other(32, 'e');
  std::map<std::string, JobId> jobs;
  for (const auto& name : {task, task + ".production", other, task + "0"})
    jobs.emplace(name, submit_waiting(server.engine(), name));
  REQUIRE(server.post("/tasks/abort/", {{"TASK_ID", task}}).body["error_code"] == 200);
  for (const auto& [name, job] : jobs) {
    CAPTURE(name);
    const bool is_its = name == task || name == task + ".production";
    const auto row = server.engine().job_store().get(job);
    REQUIRE(row.ok());
    CHECK(row->state == (is_its ? JobState::Aborted : JobState::Queued));
  }
}

TEST_CASE("nothing gets out of the values of a request", "[audience][tasks][injection]") {
  AudienceServer server;
  server.make_state_table();
  server.make_model_tables();
  server.insert("state", state_row(kTask));
  server.insert("model_status", {{"task_id", kTask},
                                 {"feature", "AUTHOR"},
                                 {"create_time", "2022-01-12 11:09:21"},
                                 {"training_status", "finished"},
                                 {"job_id", 7}});
  const std::vector<std::string> attempts{"' OR '1'='1",
                                          "\" OR \"\"=\"",
                                          "x'; DROP TABLE state; -- ",
                                          "x` where 1=1; drop table state; -- ",
                                          "\\' OR 1=1 -- ",
                                          "%",
                                          "_",
                                          "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%",
                                          "________________________________",
                                          "' UNION SELECT * FROM mysql.user -- ",
                                          "0 OR 1=1",
                                          "1; DELETE FROM state",
                                          "0x27",
                                          "' OR SLEEP(5) -- ",
                                          "' AND ExtractValue(1,concat(0x7e,version())) -- ",
                                          "' INTO OUTFILE '/tmp/x' -- ",
                                          "${TASK_ID}",
                                          "{\"$param\": \"task_id\"}",
                                          "{task_id}",
                                          "../../state",
                                          "\xEF\xBC\x87 OR 1=1",
                                          "\xBF' OR 1=1",
                                          std::string("a\0b", 3),
                                          "a\nb",
                                          std::string(5'000, '\'')};
  const auto encoded = [](const std::string& text) {
    std::string out;
    for (const unsigned char letter : text) out += fmt::format("%{:02X}", letter);
    return out;
  };
  const auto padded = [](std::string text) {
    text.resize(std::max<std::size_t>(text.size(), 32), ' ');
    return text;
  };
  for (const auto& attempt : attempts) {
    CAPTURE(attempt);
    for (const auto* target : {"/tasks/{}", "/tasks/{}/sample/", "/models/{}/report/"}) {
      for (const auto& text : {attempt, padded(attempt)}) {
        const auto answer = server.get(fmt::format(fmt::runtime(target), encoded(text)));
        CHECK(answer.status < 500);
        CHECK(answer.text.find("\"stat\"") == std::string::npos);
        CHECK(answer.text.find("\"training_status\"") == std::string::npos);
      }
    }
    CHECK(server.get("/models/" + encoded(attempt)).status >= 400);
    if (attempt.find('\xBF') == std::string::npos) {
      CHECK(server.post("/tasks/abort/", {{"TASK_ID", padded(attempt)}}).status == 200);
      CHECK(server.post("/models/abort/", {{"MODEL_JOB_ID", attempt}}).status == 422);
      CHECK(server.remove("/models/delete/", {{"MODEL_JOB_ID", attempt}}).status == 422);
    }
  }
  CHECK(server.rows("SELECT task_id, stat FROM state") ==
        Json::array({Json::array({kTask, "PENDING"})}));
  CHECK(server.rows("SELECT training_status FROM model_status") ==
        Json::array({Json::array({"finished"})}));
}

TEST_CASE("a database that refuses is told with the texts of each endpoint", "[audience][tasks]") {
  const auto profile = GENERATE(Profile::Document, Profile::Reference);
  AudienceServer server{profile, {{"OUTPUT_PASSWORD", "a wrong one"}}};
  const bool is_document = profile == Profile::Document;
  CHECK(server.get("/tasks/").text ==
        R"({"error_code":500,"error_message":"cannot connect to state table","content":{}})");
  const auto message = [](const AudienceServer::Answer& answer) {
    CHECK(answer.text.find("a wrong one") == std::string::npos);
    return answer.body["error_message"].get<std::string>();
  };
  const auto status = server.get("/tasks/" + kNoTask);
  CHECK(status.body["error_code"] == (is_document ? 400 : 404));
  const auto sample = server.get("/tasks/" + kNoTask + "/sample/");
  CHECK(sample.body["error_code"] == 500);
  CHECK(message(sample).starts_with(is_document ? "cannot scrape data from result tables. "
                                                  "Additional error message: "
                                                : "Cannot scrape data from result tables. "
                                                  "Additional error message: "));
  const auto abort = server.post("/tasks/abort/", {{"TASK_ID", kNoTask}});
  CHECK(abort.status == 200);
  CHECK(abort.body["error_code"] == 500);
  CHECK(message(abort).starts_with(
      is_document ? "failed to send break status to task,. Additional error message: "
                  : "failed to send break status to task, additional error message: "));
}

TEST_CASE("paths that lack their slash lead to it, and others are not there", "[audience][tasks]") {
  AudienceServer server;
  const auto list = server.get("/tasks?x=1");
  CHECK(list.status == 307);
  CHECK(list.header("location") == server.base() + "/tasks/?x=1");
  const auto sample = server.get("/tasks/" + kNoTask + "/sample");
  CHECK(sample.status == 307);
  CHECK(sample.header("location") == server.base() + "/tasks/" + kNoTask + "/sample/");
  const auto nowhere = server.get("/nope");
  CHECK(nowhere.status == 404);
  CHECK(nowhere.text == R"({"detail":"Not Found"})");
  const auto put = server.send("PUT", "/tasks/", "{}");
  CHECK(put.status == 405);
  CHECK(put.text == R"({"detail":"Method Not Allowed"})");
  CHECK(server.send("HEAD", "/tasks/").status == 405);
}

TEST_CASE("the twelve operations of the document are served", "[audience][openapi]") {
  AudienceServer server;
  const auto document = server.get("/openapi.json").body;
  CHECK(document["openapi"] == "3.0.2");
  std::set<std::string> operations;
  for (const auto& [path, methods] : document["paths"].items())
    for (const auto& [method, operation] : methods.items())
      operations.insert(operation["operationId"].get<std::string>());
  CHECK(operations ==
        std::set<std::string>{
            "create_task_tasks__post", "tasks_list_tasks__get", "check_status_tasks__task_id__get",
            "sample_result_tasks__task_id__sample__get", "abort_task_tasks_abort__post",
            "dump_tasks_tasks_dump__post", "model_preparing_models_prepare__post",
            "model_testing_models_test__post", "model_status_models__model_job_id__get",
            "model_report_models__model_job_id__report__get", "model_abort_models_abort__post",
            "model_delete_models_delete__delete"});
  const auto page = server.get("/docs");
  CHECK(page.status == 200);
  CHECK(page.header("content-type").starts_with("text/html"));
}

TEST_CASE("a pipeline of the dialect makes each table as all others do", "[audience][pipelines]") {
  std::map<std::string, std::pair<Json, std::string>> made;
  const auto folder = std::filesystem::path{MR_BINARY_DIR} / "share/millrace/pipelines/audience";
  std::size_t seen = 0;
  for (const auto& file : std::filesystem::directory_iterator{folder}) {
    std::ifstream text{file.path()};
    const auto pipeline = Json::parse(text);
    for (const auto& node : pipeline["ops"]) {
      const auto params = node.value("params", Json::object());
      if (!params.contains("create") || !params.contains("table")) continue;
      if (!params["table"].is_string()) continue;
      ++seen;
      const auto [known, is_new] =
          made.try_emplace(params["table"], params["create"], file.path().filename().string());
      INFO(known->first << " of " << known->second.second << " and " << file.path().filename());
      CHECK(known->second.first == params["create"]);
    }
  }
  CHECK(seen >= 2);
}
