#include <set>

#include <catch2/catch.hpp>

#include "api/engine/jobs.hpp"
#include "api/route/request_schema.hpp"
#include "tests/api_engine/served.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;

namespace {

// Reads the parameters as the route does, and translates them.
api::TranslateResult translate(std::string body, std::string key = {}, bool may_be_many = false) {
  http::Request request;
  request.body = std::move(body);
  if (!key.empty()) request.headers.add("idempotency-key", key);
  const auto schema =
      api::RequestSchema::read(may_be_many ? api::submissions_schema() : api::submit_schema());
  REQUIRE(schema.ok());
  MR_TRY(auto values, schema->values(request, api::Reading{}));
  const api::Call call{request, {}, values};
  return may_be_many ? api::translate_submissions(call) : api::translate_submit(call);
}

api::TranslateResult translate_many(std::string body, std::string key = {}) {
  return translate(std::move(body), std::move(key), true);
}

api::Bound good(std::string body, std::string key = {}) {
  auto translated = translate_many(std::move(body), std::move(key));
  if (!translated.ok()) FAIL(translated.error().error.message);
  return *std::move(translated);
}

// What it is refused with; "" where it is taken.
std::string code_of(const api::TranslateResult& translated) {
  return translated.ok() ? std::string{} : translated.error().code;
}

std::string first_fault(const api::TranslateResult& translated) {
  REQUIRE_FALSE(translated.ok());
  const auto& faults = translated.error().faults;
  return faults.empty() ? std::string{} : faults.front().code + " " + pointer_of(faults.front());
}

}  // namespace

TEST_CASE("a bare pipeline and an envelope are told apart by their members",
          "[api][engine][submit]") {
  const auto bare = good(R"({"ops": [], "seed": 3})", "k");
  CHECK(*bare.job.pipeline == Json::parse(R"({"ops": [], "seed": 3})"));
  CHECK(bare.pipeline_at.empty());
  CHECK(bare.job.idempotency_key == "k");
  const auto wrapped =
      good(R"({"pipeline": {"ops": []}, "params": {"a": 1}, "queue": "q", "priority": -2,
    "idempotencyKey": "own", "maxAttempts": 5, "after": {"job": 7, "delay_s": 5}, "deadlineSeconds": 60})",
           "header");
  CHECK(*wrapped.job.pipeline == Json::parse(R"({"ops": []})"));
  CHECK(wrapped.parameters == Json::parse(R"({"a": 1})"));
  CHECK(wrapped.pipeline_at == "/pipeline");
  CHECK(wrapped.job.queue == "q");
  CHECK(wrapped.job.priority == -2);
  CHECK(wrapped.job.idempotency_key == "own");
  CHECK(wrapped.job.max_attempts == 5);
  CHECK(wrapped.job.deadline == std::chrono::seconds{60});
  CHECK(wrapped.job.after.job == JobId{7});
  CHECK(wrapped.job.after.delay == std::chrono::seconds{5});
  const auto plain = good(R"({"pipeline": "examples/augment", "queue": null, "params": null})");
  CHECK(*plain.job.pipeline == "examples/augment");
  CHECK(plain.job.queue == "default");
  CHECK(plain.job.max_attempts == 3);
  CHECK_FALSE(plain.job.deadline);
  CHECK_FALSE(plain.job.after.job);
  const auto behind =
      good(R"({"pipeline": "examples/augment", "after": {"job": 7, "delay_s": null}})");
  CHECK(behind.job.after.job == JobId{7});
  CHECK(behind.job.after.delay == std::chrono::seconds{0});
  CHECK(behind.job.after.when == After::When::Finished);
  for (const auto when : {After::When::Finished, After::When::Failed, After::When::Ended}) {
    const auto told = good(fmt::format(
        R"({{"pipeline": {{}}, "after": {{"job": 7, "when": "{}"}}}})", to_string(when)));
    CHECK(told.job.after.when == when);
  }
}

TEST_CASE("a submission that does not fit is refused with all faults", "[api][engine][submit]") {
  for (const auto* body : {"{", "[]", "7"}) CHECK(code_of(translate(body)) == "json");
  for (const auto* body : {"", "null"}) CHECK(first_fault(translate(body)) == "parameter_missing ");
  const auto translated =
      translate(R"({"pipeline": 7, "params": [], "queue": "", "priority": 1.5, "maxAttempts": 0,
    "deadlineSeconds": "1", "prioritty": 1})");
  REQUIRE_FALSE(translated.ok());
  CHECK(translated.error().faults.size() == 6);
  CHECK(first_fault(translate(R"({"pipeline": 7})")) == "parameter_type /pipeline");
  CHECK(first_fault(translate(R"({"pipeline": null})")) == "parameter_missing /pipeline");
  for (const auto* after :
       {"7", R"({"delay_s": 1})", R"({"job": 0})", R"({"job": 1.5})",
        R"({"job": 1, "delay_s": -1})", R"({"job": 1, "delay_s": 31536001})",
        R"({"job": 1, "delay": 1})", R"({"job": 1, "when": "aborted"})",
        R"({"job": 1, "when": "Failed"})", R"({"job": 1, "when": 1})", R"({"when": "failed"})"}) {
    INFO(after);
    CHECK_FALSE(translate(fmt::format(R"({{"pipeline": {{}}, "after": {}}})", after)).ok());
  }
  CHECK(first_fault(translate_many(R"({"ops": []})", std::string(256, 'k'))) ==
        "parameter_range /header/Idempotency-Key");
  CHECK(good(R"({"ops": []})", std::string(255, 'k')).job.idempotency_key.size() == 255);
}

TEST_CASE("a number that only the pipeline can judge reaches it", "[api][engine][submit]") {
  CHECK(*good(R"({"ops": [], "seed": 18446744073709551615})").job.pipeline ==
        Json::parse(R"({"ops": [], "seed": 18446744073709551615})"));
  CHECK(*good(R"({"pipeline": {"seed": 18446744073709551615}})").job.pipeline ==
        Json::parse(R"({"seed": 18446744073709551615})"));
  CHECK(first_fault(translate(R"({"pipeline": {}, "params": {"a": 18446744073709551615}})")) ==
        "parameter_range /params/a");
}

TEST_CASE("an array is many submissions, each with faults of its own", "[api][engine][submit]") {
  const std::string many =
      R"([{"ops": []}, {"pipeline": 7}, {"pipeline": "a", "idempotencyKey": "k"}, 5, null])";
  const auto each = good(many).each;
  REQUIRE(each.size() == 5);
  CHECK(*each[0]->job.pipeline == Json::parse(R"({"ops": []})"));
  CHECK(first_fault(each[1]) == "parameter_type /pipeline");
  CHECK(each[2]->job.idempotency_key == "k");
  CHECK(code_of(each[3]) == "json");
  CHECK(code_of(each[4]) == "json");
  CHECK(code_of(translate(many)) == "json");
  CHECK(first_fault(translate_many(many, "one for all")) ==
        "parameter_range /header/Idempotency-Key");
}

TEST_CASE("an array holds 1 to 10,000 submissions", "[api][engine][submit][limits]") {
  const auto is_taken = [](std::size_t count) {
    return translate_many(Json(std::vector<Json>(count, Json::object())).dump()).ok();
  };
  CHECK_FALSE(is_taken(0));
  CHECK(is_taken(1));
  CHECK(is_taken(10'000));
  CHECK_FALSE(is_taken(10'001));
}

TEST_CASE("the document shows the three forms of a submission, and every member of an envelope",
          "[api][engine][submit]") {
  const auto body = Json::parse(api::submissions_schema())["body"];
  CHECK(body["mandatory"] == true);
  const auto& forms = body["shown"]["oneOf"];
  REQUIRE(forms.size() == 3);
  CHECK(forms[0] == Json{{"$ref", "Pipeline"}});
  CHECK(forms[1]["required"] == Json::array({"pipeline"}));
  CHECK(forms[1]["properties"]["maxAttempts"]["maximum"] == 100);
  CHECK(forms[1]["properties"].size() == 8);
  CHECK(forms[2]["maxItems"] == 10'000);
  CHECK(forms[2]["items"]["oneOf"].size() == 2);
  CHECK(Json::parse(api::submit_schema())["body"]["shown"]["oneOf"].size() == 2);
}

TEST_CASE("many jobs are submitted by one request, with one answer for each",
          "[api][engine][submit]") {
  Served server;
  Json many = Json::array();
  for (int i = 0; i < 300; ++i) {
    many.push_back({{"pipeline", "engine/jobs"}, {"params", {{"limit", 1 + i % 3}}}});
  }
  many[7]["pipeline"] = "examples/nothing";
  many[8]["params"]["limit"] = "x";
  many[9]["queue"] = " lost";
  many[10]["idempotencyKey"] = many[11]["idempotencyKey"] = "twice";
  const auto answer = server.ask("POST", "/jobs", many.dump());
  INFO(answer.text);
  CHECK(answer.status == 202);
  REQUIRE(answer.body.size() == many.size());
  CHECK(answer.body[7]["error"]["code"] == "not_found");
  CHECK(answer.body[8]["error"]["faults"][0]["pointer"] == "/pipeline/params/limit");
  CHECK(answer.body[9]["error"]["message"].get<std::string>().find("lost") != std::string::npos);
  CHECK(answer.body[11] == Json{{"id", answer.body[10]["id"]}, {"existing", true}});
  std::set<std::int64_t> ids;
  for (std::size_t i = 0; i < many.size(); ++i) {
    if (i >= 7 && i <= 9) continue;
    ids.insert(answer.body[i].at("id").get<std::int64_t>());
  }
  CHECK(ids.size() == many.size() - 4);
  for (const auto id : ids) CHECK(server.wait(id)["state"] == "finished");
}

TEST_CASE("parameters of an envelope are bound", "[api][engine][submit]") {
  Served server;
  auto pipeline = server.copy_pipeline("a");
  const auto file = pipeline["ops"][0]["params"]["file"];
  pipeline["params"] = Json::parse(R"({"file": {"type": "string"}})");
  pipeline["ops"][0]["params"]["file"] = Json::parse(R"({"$param": "file"})");
  const auto id = server.submit(Json{{"pipeline", pipeline}, {"params", {{"file", file}}}});
  CHECK(server.wait(id)["state"] == "finished");
  const auto missing = server.ask("POST", "/jobs", Json{{"pipeline", pipeline}}.dump());
  CHECK(missing.status == 400);
  CHECK(missing.body["error"]["faults"][0]["pointer"] == "/pipeline/params/file");
}

TEST_CASE("a pipeline of the server can be named", "[api][engine][submit]") {
  Served server;
  const auto unknown = server.ask("POST", "/jobs", R"({"pipeline": "examples/nothing"})");
  CHECK(unknown.status == 404);
  CHECK(unknown.body["error"]["message"].get<std::string>().find("examples/nothing") !=
        std::string::npos);
  const auto id =
      server.submit(Json::parse(R"({"pipeline": "engine/jobs", "params": {"limit": 1}})"));
  CHECK(server.wait(id)["name"] == "engine jobs");
}

TEST_CASE("all faults of a pipeline are reported at once, with the way out",
          "[api][engine][submit]") {
  Served server;
  const auto refused = server.ask("POST", "/jobs", R"({"ops": [
    {"name": "a", "type": "input.lits", "postOps": ["b"], "params": {}},
    {"name": "b", "type": "filter.label", "preOps": ["a"], "postOps": ["c"], "params": {"labl": "x"}},
    {"name": "c", "type": "output.list", "preOps": ["b"], "params": {"file": "ftp://x"}}]})");
  CHECK(refused.status == 400);
  const auto& error = refused.body["error"];
  CHECK(error["message"] == "the pipeline is not valid");
  REQUIRE(error["faults"].size() >= 3);
  CHECK(error["faults"][0]["pointer"] == "/ops/0/type");
  CHECK(error["faults"][0]["message"].get<std::string>().find("input.list") != std::string::npos);
}

TEST_CASE("a pipeline that came over HTTP opens no file beyond the roots",
          "[api][engine][submit]") {
  Served server;
  auto pipeline = server.copy_pipeline("a");
  pipeline["ops"][0]["params"]["file"] = "file:///etc/passwd";
  const auto refused = server.ask("POST", "/jobs", pipeline.dump());
  CHECK(refused.status == 400);
  CHECK(refused.body["error"]["faults"][0]["kind"] == "uri_rights");
}

TEST_CASE("the same idempotency key gives the first job again", "[api][engine][submit]") {
  Served server;
  const auto pipeline = server.copy_pipeline("a").dump();
  const auto first = server.ask("POST", "/jobs", pipeline, "Idempotency-Key: one\r\n");
  const auto second = server.ask("POST", "/jobs", pipeline, "Idempotency-Key: one\r\n");
  const auto third = server.ask("POST", "/jobs", pipeline, "Idempotency-Key: two\r\n");
  CHECK(first.status == 202);
  CHECK_FALSE(first.body.contains("existing"));
  CHECK(second.status == 202);
  CHECK(second.body == Json{{"id", first.body["id"]}, {"existing", true}});
  CHECK(third.body["id"] != first.body["id"]);
  CHECK_FALSE(third.body.contains("existing"));
}

TEST_CASE("a pipeline has a million values at the most", "[api][engine][submit]") {
  Served server;
  // The object, the name and the list count too.
  std::string body = R"({"ops":[0)";
  for (std::size_t i = 1; i < api::kMostPipelineValues - 2; ++i) body += ",0";
  body += "]}";
  for (const auto* path : {"/jobs", "/pipelines/validate"}) {
    const auto refused = server.ask("POST", path, body);
    CHECK(refused.status == 400);
    CHECK(refused.text.find("more than 1000000 values") != std::string::npos);
  }
}

TEST_CASE("a bad name of a queue and an oversized body are refused", "[api][engine][submit]") {
  Served server;
  const auto pipeline = server.copy_pipeline("a");
  const auto refused =
      server.ask("POST", "/jobs", Json{{"pipeline", pipeline}, {"queue", "lost "}}.dump());
  INFO(refused.text);
  CHECK(refused.status >= 400);
  CHECK(refused.status < 500);
  CHECK(refused.body["error"]["message"].get<std::string>().find("lost") != std::string::npos);
  const auto announced = [&](const std::string& headers) {
    Client client{server.port()};
    client.send("POST /jobs HTTP/1.1\r\nHost: localhost\r\n" + headers +
                "Content-Length: 100000000\r\n\r\n");
    return client.read_reply();
  };
  const auto large = announced("Authorization: Bearer " + server.token() + "\r\n");
  CHECK(large.status == 413);
  CHECK(Json::parse(large.body)["error"]["code"] == "invalid_argument");
  // Nobody is told how much others may send.
  CHECK(announced({}).status == 401);
}
