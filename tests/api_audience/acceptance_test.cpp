// Acceptance examples of the document, and its tables of codes, as far as no database is asked.
#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/api_audience/wire.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;

namespace {

constexpr auto kNoObject =
    R"({"detail":[{"loc":["body"],"msg":"value is not a valid dict","type":"type_error.dict"}]})";
constexpr auto kMissing =
    R"({"detail":[{"loc":["body"],"msg":"field required","type":"value_error.missing"}]})";

std::string wrong(std::string_view loc, std::string_view msg, std::string_view type) {
  return fmt::format(R"({{"detail":[{{"loc":{},"msg":"{}","type":"{}"}}]}})", loc, msg, type);
}

}  // namespace

TEST_CASE("E1: a task ends behind the day on which it starts", "[audience][acceptance]") {
  const Wire wire;
  for (const auto* body : {R"({"START_TIME":"2021-01-01","END_TIME":"2020-01-01"})",
                           R"({"START_TIME":"2021-01-01","END_TIME":"2021-1-1"})"}) {
    const auto answer = wire.post("/tasks/", body);
    CHECK(answer.status == 200);
    CHECK(answer.header("content-type") == "application/json");
    CHECK(answer.text ==
          R"({"error_code":400,"error_message":"start_time must be earlier than end_time"})");
  }
}

TEST_CASE("E3: values that do not fit are told one by one", "[audience][acceptance]") {
  const Wire wire;
  const auto date = wire.post("/tasks/", R"({"START_TIME":"2020-13-01"})");
  CHECK(date.status == 422);
  CHECK(date.text == wrong(R"(["body","START_TIME"])", "invalid date format", "value_error.date"));
  CHECK(wire.post("/tasks/", R"({"QUEUE":null,"COUNTDOWN":"abc"})").text ==
        R"({"detail":[{"loc":["body","COUNTDOWN"],"msg":"value is not a valid integer",)"
        R"("type":"type_error.integer"},{"loc":["body","QUEUE"],)"
        R"("msg":"none is not an allowed value","type":"type_error.none.not_allowed"}]})");
  CHECK(wire.post("/tasks/", R"({"MODEL_JOB_LIST":["x"]})").text ==
        wrong(R"(["body","MODEL_JOB_LIST",0])", "value is not a valid integer",
              "type_error.integer"));
  CHECK(wire.post("/tasks/", "[1]").text == kNoObject);
}

TEST_CASE("E4: an id of another length is no task's", "[audience][acceptance]") {
  const Wire wire, reference{reference_profile()};
  const auto told = wire.send("GET", "/tasks/abc/sample/");
  CHECK(told.status == 200);
  CHECK(told.text == R"({"error_code":400,"error_message":)"
                     R"("abc is not in proper format, expect 32 digits get 3 digits"})");
  CHECK(wire.send("GET", "/tasks/%E5%85%88%E7%94%9F/sample/").text ==
        R"({"error_code":400,"error_message":)"
        R"("先生 is not in proper format, expect 32 digits get 2 digits"})");
  CHECK(wire.post("/tasks/abort/", "{}").text ==
        R"({"error_code":400,"error_message":)"
        R"("string is not in proper format, expect 32 digits get 6 digits"})");
  CHECK(wire.send("GET", "/tasks/gggggggggggggggggggggggggggggggg/sample/").text ==
        R"({"sample_result":{"task_id":"gggggggggggggggggggggggggggggggg"}})");

  const auto refused = reference.send("GET", "/tasks/abc/sample/");
  CHECK(refused.status == 400);
  CHECK(refused.text == R"({"error_code":400,"error_message":"abc is a improper task_id"})");
  CHECK(reference.post("/tasks/abort/", R"({"TASK_ID":"g"})").status == 400);
  for (const auto* id : {"8fec5762412c11ec836d04ea56825baa", "8FEC5762-412C-11EC-836D-04EA56825BAA",
                         "%7B8fec5762-412c-11ec-836d-04ea56825baa%7D",
                         "urn:uuid:8fec5762-412c-11ec-836d-04ea56825baa"}) {
    CAPTURE(id);
    CHECK(reference.send("GET", fmt::format("/tasks/{}/sample/", id)).status == 200);
  }
  for (const auto* id : {"gfec5762412c11ec836d04ea56825baa", "%7B%7D", "--", "8fec"}) {
    CAPTURE(id);
    CHECK(reference.send("GET", fmt::format("/tasks/{}/sample/", id)).status == 400);
  }
}

TEST_CASE("E7: paths that are not those of a route", "[audience][acceptance]") {
  const Wire wire;
  const auto moved = wire.send("GET", "/tasks?a=%20b");
  CHECK(moved.status == 307);
  CHECK(moved.header("location") == wire.base() + "/tasks/?a=%20b");
  const auto lost = wire.send("GET", "/nope");
  CHECK(lost.status == 404);
  CHECK(lost.text == R"({"detail":"Not Found"})");
  const auto method = wire.send("PUT", "/tasks/");
  CHECK(method.status == 405);
  CHECK(method.text == R"({"detail":"Method Not Allowed"})");
  CHECK(method.headers.count("allow") == 0);
}

TEST_CASE("E9: an id of a model is an integer where its path says so", "[audience][acceptance]") {
  const Wire wire;
  const auto refused = wire.send("GET", "/models/abc");
  CHECK(refused.status == 422);
  CHECK(refused.text ==
        wrong(R"(["path","model_job_id"])", "value is not a valid integer", "type_error.integer"));
  CHECK(wire.send("GET", "/models/%20-7").text == R"({"model_status":{"model_job_id":-7}})");
  CHECK(wire.send("GET", "/models/abc/report/").text ==
        R"({"model_report":{"model_job_id":"abc"}})");
}

TEST_CASE("E24: a dump names tasks", "[audience][acceptance]") {
  const Wire wire;
  constexpr auto kEmpty =
      R"({"error_code":404,"error_message":"task_ids cannot be null or empty in dump_tasks"})";
  CHECK(wire.post("/tasks/dump/", R"({"ID_LIST":[]})").text == kEmpty);
  CHECK(wire.post("/tasks/dump/", "{}").text == kEmpty);
  CHECK(
      wire.post("/tasks/dump/", R"({"ID_LIST":[14,"15"," 8fec5762412c11ec836d04ea56825baa",null]})")
          .text == wrong(R"(["body","ID_LIST",3])", "none is not an allowed value",
                         "type_error.none.not_allowed"));
  const auto refused =
      wire.post("/tasks/dump/", R"({"ID_LIST":["8fec5762412c11ec836d04ea56825baa","x"]})");
  CHECK(refused.status == 422);
  CHECK(refused.text ==
        wrong(R"(["body","ID_LIST",1])", "value is not a valid integer", "type_error.integer"));
  CHECK(wire.post("/tasks/dump/", R"({"ID_LIST":[14,"15","8fec5762412c11ec836d04ea56825baa"]})")
            .body()["dump_tasks"]["ID_LIST"] == Json{14, 15, "8fec5762412c11ec836d04ea56825baa"});
}

TEST_CASE("E26: the OpenAPI document has the operations and schemas of the document",
          "[audience][acceptance]") {
  const Wire wire;
  const auto document = wire.send("GET", "/openapi.json").body();
  CHECK(document["openapi"] == "3.0.2");
  CHECK(document["info"]["title"] == "Audience API");
  CHECK(document["info"]["version"] == "2.1");
  std::vector<std::string> operations, schemas;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      operations.push_back(operation["operationId"]);
      const bool is_task = path.starts_with("/tasks");
      CHECK(operation["tags"] == Json::array({is_task ? "tasks" : "models"}));
      CHECK(operation["responses"]["404"]["description"] == "Not found");
      const bool takes = operation.contains("requestBody") || operation.contains("parameters");
      CHECK(operation["responses"].size() == (takes ? 3 : 2));
      if (!takes) continue;
      CHECK(operation["responses"]["422"]["content"]["application/json"]["schema"]["$ref"] ==
            "#/components/schemas/HTTPValidationError");
    }
  }
  for (const auto& [name, schema] : document["components"]["schemas"].items())
    schemas.push_back(name);
  std::sort(operations.begin(), operations.end());
  std::sort(schemas.begin(), schemas.end());
  CHECK(operations == std::vector<std::string>{
                          "abort_task_tasks_abort__post", "check_status_tasks__task_id__get",
                          "create_task_tasks__post", "dump_tasks_tasks_dump__post",
                          "model_abort_models_abort__post", "model_delete_models_delete__delete",
                          "model_preparing_models_prepare__post",
                          "model_report_models__model_job_id__report__get",
                          "model_status_models__model_job_id__get",
                          "model_testing_models_test__post",
                          "sample_result_tasks__task_id__sample__get", "tasks_list_tasks__get"});
  CHECK(schemas == std::vector<std::string>{"AbortionConfig", "DumpConfig", "HTTPValidationError",
                                            "ModelingAbort", "ModelingDelete",
                                            "ModelingTestingConfig", "ModelingTrainingConfig",
                                            "TaskConfig", "ValidationError"});
  const auto& body = document["paths"]["/models/delete/"]["delete"]["requestBody"];
  CHECK(body["required"] == true);
  CHECK(body["content"]["application/json"]["schema"]["$ref"] ==
        "#/components/schemas/ModelingDelete");
  const auto& start = document["components"]["schemas"]["TaskConfig"]["properties"]["START_TIME"];
  CHECK(start["format"] == "date");
  CHECK(start["default"] == "2020-01-01");
}

TEST_CASE("the documents are shown from files of the server", "[audience][documents]") {
  const Wire wire, reference{reference_profile()};
  for (const auto* path : {"/docs", "/redoc", "/docs/oauth2-redirect"}) {
    CAPTURE(path);
    const auto page = wire.send("GET", path);
    CHECK(page.status == 200);
    CHECK(page.header("content-type").starts_with("text/html"));
    CHECK(page.text.find("https://") == std::string::npos);
    CHECK(wire.send("HEAD", path).status == 200);
    CHECK(wire.send("GET", std::string{path} + "/").header("location") == wire.base() + path);
  }
  CHECK(wire.send("GET", "/docs/redoc.standalone.js").status == 200);
  CHECK(wire.send("GET", "/").header("location") == wire.base() + "/docs");
  CHECK(wire.send("GET", "/").status == 307);
  CHECK(reference.send("GET", "/").status == 404);
}

TEST_CASE("bodies are told apart as the original does", "[audience][bodies]") {
  const Wire wire;
  CHECK(wire.send("POST", "/tasks/").text == kMissing);
  CHECK(wire.post("/tasks/", "null").text == kMissing);
  CHECK(wire.send("POST", "/tasks/", "{}").status == 200);  // without a media type
  CHECK(wire.send("POST", "/tasks/", "{}", "Content-Type: application/x+json\r\n").status == 200);
  CHECK(wire.send("POST", "/tasks/", "{}", "Content-Type: text/json\r\n").text == kNoObject);
  CHECK(
      wire.send("POST", "/tasks/", "QUEUE=x", "Content-Type: application/x-www-form-urlencoded\r\n")
          .text == kNoObject);
  const auto broken = wire.post("/tasks/", "x先");
  CHECK(broken.status == 422);
  CHECK(broken.text ==
        R"x({"detail":[{"loc":["body",0],"msg":"Expecting value: line 1 column 1 (char 0)",)x"
        R"("type":"value_error.jsondecode","ctx":{"msg":"Expecting value","doc":"x先","pos":0,)"
        R"("lineno":1,"colno":1}}]})");
  const auto no_text = wire.post("/tasks/", "{\"QUEUE\":\"\xFF\"}");
  CHECK(no_text.status == 400);
  CHECK(no_text.text == R"({"detail":"There was an error parsing the body"})");
  CHECK(wire.post("/tasks/", "\xEF\xBB\xBF{\"COUNTDOWN\":7}").body()["create_task"]["COUNTDOWN"] ==
        7);
  CHECK(
      wire.post("/models/prepare/", R"({"MODEL_INFO":{"k":[1],"patterns":null}})").text ==
      R"({"detail":[{"loc":["body","MODEL_INFO","k"],"msg":"str type expected","type":"type_error.str"},)"
      R"({"loc":["body","MODEL_INFO","k"],"msg":"value is not a valid dict","type":"type_error.dict"},)"
      R"({"loc":["body","MODEL_INFO","patterns"],"msg":"none is not an allowed value",)"
      R"("type":"type_error.none.not_allowed"}]})");
}

TEST_CASE("what dict() takes is an object to the original alone", "[audience][bodies]") {
  const Wire wire, reference{reference_profile()};
  for (const auto* body : {"[]", "\"\"", R"([["COUNTDOWN",7]])"}) {
    CAPTURE(body);
    CHECK(wire.post("/tasks/", body).text == kNoObject);
    CHECK(reference.post("/tasks/", body).status == 200);
  }
  CHECK(reference.post("/tasks/", R"([["COUNTDOWN",7]])").body()["create_task"]["COUNTDOWN"] == 7);
}

TEST_CASE("no field of a task is required, and a pattern keeps its order", "[audience][bodies]") {
  const Wire wire;
  CHECK(wire.post("/tasks/", "{}").text ==
        R"({"create_task":{"MODEL_TYPE":"keyword_model","PREDICT_TYPE":"author_name",)"
        R"("START_TIME":"2020-01-01","END_TIME":"2021-01-01","COUNTDOWN":5,"QUEUE":"queue1"}})");
  CHECK(wire.post("/tasks/", R"({"PATTERN": {"b":[],"a":[],"b":[["x","end"]]},"unknown":[]})")
            .body()["create_task"]["PATTERN"] == R"({"b":[],"a":[],"b":[["x","end"]]})");
  CHECK(wire.post("/tasks/", R"({"PATTERN":[{}, null]})").status == 200);
  CHECK(wire.send("DELETE", "/models/delete/", R"({"MODEL_JOB_ID":null})").text ==
        R"({"delete_model":{"MODEL_JOB_ID":null}})");
  CHECK(wire.send("DELETE", "/models/delete/", R"({"MODEL_JOB_ID":"7"})").text ==
        R"({"delete_model":{"MODEL_JOB_ID":7}})");
}

TEST_CASE("slashes and methods are those of FastAPI", "[audience][paths]") {
  const Wire wire;
  for (const auto* path :
       {"/tasks/abort", "/tasks/dump", "/models/prepare", "/models/test", "/models/abort"}) {
    CAPTURE(path);
    const auto refused = wire.send("POST", path, "{}");
    CHECK(refused.status == 405);
    CHECK(refused.headers.count("allow") == 0);
  }
  CHECK(wire.send("DELETE", "/models/delete", "{}").status == 405);
  CHECK(wire.send("GET", "/tasks/abort").text == R"({"check_status":{"task_id":"abort"}})");
  const std::vector<std::pair<std::string, std::string>> moved{
      {"/tasks/abc/sample", "/tasks/abc/sample/"},
      {"/tasks/abc/", "/tasks/abc"},
      {"/tasks/abc//", "/tasks/abc"},
      {"/models/7/report", "/models/7/report/"}};
  for (const auto& [from, to] : moved) {
    CAPTURE(from);
    const auto answer = wire.send("GET", from);
    CHECK(answer.status == 307);
    CHECK(answer.header("location") == wire.base() + to);
  }
  CHECK(wire.send("DELETE", "/tasks").status == 307);
  for (const auto* path : {"//", "/tasks//", "/tasks//sample/", "/tasks/a/b/sample"}) {
    CAPTURE(path);
    CHECK(wire.send("GET", path).status == 404);
  }
  for (const auto* path : {"/tasks/", "/tasks/abc", "/models/7"})
    CHECK(wire.send("HEAD", path).status == 405);
  CHECK(wire.send("OPTIONS", "/tasks/").status == 405);
  CHECK(wire.send("GET", "/tasks/").headers.count("access-control-allow-origin") == 0);
}

TEST_CASE("a body over the limit is refused", "[audience][limits]") {
  audience::Settings settings;
  settings.max_body_bytes = 1u << 20;
  const Wire wire{settings};
  const auto body = fmt::format(R"({{"QUEUE":"{}"}})", std::string((1u << 20) - 12, 'x'));
  CHECK(body.size() == 1u << 20);
  CHECK(wire.post("/tasks/", body).status == 200);
  const auto refused = wire.post("/tasks/", body + " ");
  CHECK(refused.status == 413);
  CHECK(refused.text == R"({"detail":"Request Entity Too Large"})");
}

TEST_CASE("a body has a million values at the most", "[audience][limits]") {
  const Wire wire;
  std::string many = "1";
  for (int i = 0; i < 999'997; ++i) many += ",1";
  // With the object, the name and the list these are a million.
  const auto list = [](const std::string& items) { return R"({"x":[)" + items + "]}"; };
  CHECK(wire.post("/models/abort/", list(many.substr(2))).status == 200);
  const auto refused = wire.post("/models/abort/", list(many + ",1"));
  CHECK(refused.status == 400);
  CHECK(refused.text == R"({"detail":"There was an error parsing the body"})");
  CHECK(wire.post("/tasks/", R"({"PATTERN":[)" + many + ",1]}").status == 200);
}

TEST_CASE("a prefix stands before every endpoint", "[audience][settings]") {
  audience::Settings settings;
  settings.prefix = "/api";
  const Wire wire{settings};
  CHECK(wire.send("GET", "/api/tasks/").status == 200);
  CHECK(wire.send("GET", "/api/tasks").header("location") == wire.base() + "/api/tasks/");
  CHECK(wire.send("GET", "/tasks/").status == 404);
  CHECK(wire.send("GET", "/docs").status == 200);
  CHECK(wire.send("GET", "/openapi.json").body()["paths"].contains("/api/tasks/{task_id}"));
}

TEST_CASE("below its name the dialect is the same", "[audience][paths]") {
  const Wire wire;
  CHECK(wire.send("GET", "/audience/tasks").header("location") == wire.base() + "/audience/tasks/");
  CHECK(wire.post("/audience/tasks/", "[1]").text == kNoObject);
  CHECK(wire.send("GET", "/audience/").header("location") == wire.base() + "/audience/docs");
  CHECK(wire.send("GET", "/audience/openapi.json").body()["servers"][0]["url"] == "/audience");
}
