// Status, report, abort and deletion of models, over a real MariaDB whose rows the tests write.
#include <catch2/catch.hpp>

#include "tests/api_audience/audience_server.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using audience::Profile;

namespace {

Json model_row(const std::string& task, const Json& job, const Json& more = Json::object()) {
  Json row{{"task_id", task},
           {"model_name", "RANDOM_FOREST_MODEL"},
           {"training_status", "finished"},
           {"feature", "CONTENT"},
           {"model_path", "24_model"},
           {"create_time", "2022-01-12 11:09:21"},
           {"job_id", job}};
  for (const auto& [name, value] : more.items()) row[name] = value;
  return row;
}

constexpr const char* kReport =
    R"({"男性": {"precision": 0.6666666666666666, "recall": 1.0, "f1-score": 0.8, "support": 2}, "accuracy": 0.25})";

Json report_row(const std::string& task, const char* dataset, double accuracy) {
  return {{"task_id", task},
          {"dataset_type", dataset},
          {"accuracy", accuracy},
          {"report", kReport},
          {"create_time", "2022-01-12 12:00:00"}};
}

const std::string kFirst(32, '1'), kSecond(32, '2'), kThird(32, '3');

}  // namespace

TEST_CASE("a model that is not there is told as a bare text", "[audience][models]") {
  const auto profile = GENERATE(Profile::Document, Profile::Reference);
  AudienceServer server{profile};
  const bool has_tables = GENERATE(false, true);
  if (has_tables) server.make_model_tables();
  const auto status = server.get("/models/999");
  CHECK(status.status == 200);
  CHECK(status.header("content-type") == "application/json");
  CHECK(status.text == R"("model_job task: 999 is not exists")");
  CHECK(server.get("/models/999/report/").text == R"("model_job task: 999 is not exists")");
  CHECK(server.get("/models/abc/report/").text == R"("model_job task: abc is not exists")");
  CHECK(server.get("/models/99999999999999999999/report/").text ==
        R"("model_job task: 99999999999999999999 is not exists")");
  const auto wrong = server.get("/models/abc");
  CHECK(wrong.status == 422);
  CHECK(
      wrong.text ==
      R"({"detail":[{"loc":["path","model_job_id"],"msg":"value is not a valid integer","type":"type_error.integer"}]})");
}

TEST_CASE("a model's status has nine members, and a space in its time", "[audience][models]") {
  AudienceServer server;
  server.make_model_tables();
  server.insert("model_status", model_row(kFirst, 24,
                                          {{"training_status", "untrainable"},
                                           {"model_name", "RULE_MODEL"},
                                           {"model_path", "24_rule_model"},
                                           {"error_message", "RuleModel is not trainable"}}));
  server.insert("model_status", model_row(kSecond, -3));
  CHECK(
      server.get("/models/24").text ==
      fmt::format(
          R"({{"task_id":"{}","model_name":"RULE_MODEL","training_status":"untrainable","ext_status":null,)"
          R"("feature":"CONTENT","model_path":"24_rule_model","error_message":"RuleModel is not trainable",)"
          R"("create_time":"2022-01-12 11:09:21","job_id":24}})",
          kFirst));
  CHECK(server.get("/models/-3").body["task_id"] == kSecond);
}

TEST_CASE("reports are texts of JSON in the order of their ids", "[audience][models]") {
  AudienceServer server;
  server.make_model_tables();
  server.insert("model_status", model_row(kFirst, 7));
  server.insert("model_status", model_row(kSecond, 8));
  CHECK(server.get("/models/7/report/").text == "[]");
  server.insert("model_report", report_row(kFirst, "dev", 0.25));
  server.insert("model_report", report_row(kSecond, "dev", 1));
  server.insert("model_report", report_row(kFirst, "test", 0.1));
  const auto answer = server.get("/models/7/report/");
  REQUIRE(answer.body.size() == 2);
  CHECK(answer.body[0]["id"] == 1);
  CHECK(answer.body[1]["id"] == 3);
  CHECK(names(answer.body[0]) == "id,dataset_type,accuracy,report,create_time,task_id");
  CHECK(answer.body[0]["report"] == kReport);
  CHECK(answer.body[0]["create_time"] == "2022-01-12 12:00:00");
  CHECK(answer.body[1]["accuracy"].dump() == "0.1");
  CHECK(answer.text.find("男性") != std::string::npos);
}

TEST_CASE("an abort of a model says break in all of its rows", "[audience][models]") {
  AudienceServer server;
  const auto abort = [&](const Json& body) {
    const auto answer = server.post("/models/abort/", body);
    CHECK(answer.status == 200);
    return answer.body;
  };
  constexpr const char* kDone =
      "7 is successfully aborted, additional message: 7 break by the external user";
  // Before any model.
  CHECK(abort({{"MODEL_JOB_ID", 7}}) == kDone);
  server.insert("model_status", model_row(kFirst, 7, {{"training_status", "started"}}));
  server.insert("model_status", model_row(kSecond, 7));
  server.insert("model_status", model_row(kThird, nullptr));
  CHECK(abort({{"MODEL_JOB_ID", 7}}) == kDone);
  CHECK(server.rows("SELECT training_status, error_message FROM model_status ORDER BY task_id") ==
        Json::array({Json::array({"break", "7 break by the external user"}),
                     Json::array({"break", "7 break by the external user"}),
                     Json::array({"finished", nullptr})}));
  CHECK(server.get("/models/7").body["training_status"] == "break");
  CHECK(abort({{"MODEL_JOB_ID", "8"}}) ==
        "8 is successfully aborted, additional message: 8 break by the external user");
  CHECK(abort(Json::object()) ==
        "0 is successfully aborted, additional message: 0 break by the external user");
}

TEST_CASE("a deleted model is gone with its reports and weights", "[audience][models]") {
  AudienceServer server;
  const auto remove = [&](const Json& body) {
    const auto answer = server.remove("/models/delete/", body);
    CHECK(answer.status == 200);
    return answer.body;
  };
  constexpr const char* kDone = "7 is successfully deleted, additional message: 7 is deleted";
  SECTION("before any model") { CHECK(remove({{"MODEL_JOB_ID", 7}}) == kDone); }
  SECTION("by its number, and those without one by null") {
    server.make_model_tables();
    server.insert("model_status", model_row(kFirst, 7));
    server.insert("model_status", model_row(kSecond, 8));
    server.insert("model_status", model_row(kThird, nullptr));
    for (const auto& task : {kFirst, kSecond, kThird}) {
      server.insert("model_report", report_row(task, "dev", 0.5));
      server.insert("term_weights",
                    {{"task_id", task}, {"label", "a"}, {"term", "b"}, {"weight", 0.5}});
    }
    const auto left = [&](const char* table) {
      return server.rows(fmt::format("SELECT task_id FROM {} ORDER BY task_id", table));
    };
    const auto check_left = [&](const Json& wanted) {
      for (const auto* table : {"model_status", "model_report", "term_weights"}) {
        CAPTURE(table);
        CHECK(left(table) == wanted);
      }
    };
    for (int i = 0; i < 2; ++i) CHECK(remove({{"MODEL_JOB_ID", 7}}) == kDone);
    check_left(Json::array({Json::array({kSecond}), Json::array({kThird})}));
    CHECK(remove({{"MODEL_JOB_ID", nullptr}}) ==
          "None is successfully deleted, additional message: None is deleted");
    check_left(Json::array({Json::array({kSecond})}));
    CHECK(remove(Json::object()) ==
          "None is successfully deleted, additional message: None is deleted");
    check_left(Json::array({Json::array({kSecond})}));
    CHECK(server.get("/models/7").text == R"("model_job task: 7 is not exists")");
  }
  SECTION("with a body, as the document has it") {
    CHECK(server.send("DELETE", "/models/delete/").status == 422);
  }
}

TEST_CASE("a database that refuses is told as a bare text", "[audience][models]") {
  AudienceServer server{Profile::Document, {{"OUTPUT_PASSWORD", "a wrong one"}}};
  const auto check = [](const AudienceServer::Answer& answer, std::string_view begin) {
    CHECK(answer.status == 200);
    REQUIRE(answer.body.is_string());
    CHECK(answer.body.get<std::string>().starts_with(begin));
    CHECK(answer.text.find("a wrong one") == std::string::npos);
  };
  check(server.get("/models/7"), "failed to get status since ");
  check(server.get("/models/7/report/"), "failed to get report since ");
  check(server.post("/models/abort/", {{"MODEL_JOB_ID", 7}}), "7 abortion is failed since ");
  check(server.remove("/models/delete/", {{"MODEL_JOB_ID", 7}}), "7 deletion is failed since ");
  check(server.remove("/models/delete/", {{"MODEL_JOB_ID", nullptr}}),
        "None deletion is failed since ");
}

TEST_CASE("a server that is told of no database says so", "[audience][models]") {
  AudienceServer server{Profile::Document, {{"OUTPUT_USER", ""}}};
  CHECK(server.get("/models/7").body.get<std::string>().starts_with("failed to get status since "));
  CHECK(server.get("/tasks/").body["error_message"] == "cannot connect to state table");
}
