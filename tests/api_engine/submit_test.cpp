#include <set>

#include <catch2/catch.hpp>

#include "api/engine/jobs.hpp"
#include "tests/api_engine/served.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;

namespace {

std::variant<api::Bound, api::Refusal> translate(std::string body, std::string key = {}) {
  http::Request request;
  request.body = std::move(body);
  if (!key.empty()) request.headers.add("idempotency-key", key);
  return api::translate_submit(request, {});
}

api::Bound good(std::string body, std::string key = {}) {
  auto translated = translate(std::move(body), std::move(key));
  if (const auto* refused = std::get_if<api::Refusal>(&translated)) FAIL(refused->error.message);
  return std::get<api::Bound>(std::move(translated));
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
    "idempotencyKey": "own", "maxAttempts": 5, "deadlineSeconds": 60})",
           "header");
  CHECK(*wrapped.job.pipeline == Json::parse(R"({"ops": []})"));
  CHECK(wrapped.parameters == Json::parse(R"({"a": 1})"));
  CHECK(wrapped.pipeline_at == "/pipeline");
  CHECK(wrapped.job.queue == "q");
  CHECK(wrapped.job.priority == -2);
  CHECK(wrapped.job.idempotency_key == "own");
  CHECK(wrapped.job.max_attempts == 5);
  CHECK(wrapped.job.deadline == std::chrono::seconds{60});
  const auto plain = good(R"({"pipeline": "examples/augment", "queue": null, "params": null})");
  CHECK(*plain.job.pipeline == "examples/augment");
  CHECK(plain.job.queue == "default");
  CHECK(plain.job.max_attempts == 3);
  CHECK_FALSE(plain.job.deadline);
}

TEST_CASE("a submission that does not fit is refused with all faults", "[api][engine][submit]") {
  for (const auto* body : {"", "{", "[]", "7", "null"}) {
    const auto translated = translate(body);
    REQUIRE(std::holds_alternative<api::Refusal>(translated));
    CHECK(std::get<api::Refusal>(translated).word == "json");
  }
  const auto translated =
      translate(R"({"pipeline": 7, "params": [], "queue": "", "priority": 1.5, "maxAttempts": 0,
    "deadlineSeconds": "1", "prioritty": 1})");
  REQUIRE(std::holds_alternative<api::Refusal>(translated));
  CHECK(std::get<api::Refusal>(translated).faults.size() == 6);
  const auto wrong = translate(R"({"pipeline": 7})");
  REQUIRE(std::holds_alternative<api::Refusal>(wrong));
  CHECK(std::get<api::Refusal>(wrong).faults.front().pointer == "/pipeline");
  CHECK(std::holds_alternative<api::Refusal>(translate(R"({"ops": []})", std::string(256, 'k'))));
}

TEST_CASE("an array is many submissions, each with faults of its own", "[api][engine][submit]") {
  http::Request request;
  request.body = R"([{"ops": []}, {"pipeline": 7}, {"pipeline": "a", "idempotencyKey": "k"}, 5])";
  const auto translated = api::translate_submissions(request, {});
  const auto& each = std::get<api::Bound>(translated).each;
  REQUIRE(each.size() == 4);
  CHECK(*std::get<api::Bound>(each[0]).job.pipeline == Json::parse(R"({"ops": []})"));
  CHECK(std::get<api::Refusal>(each[1]).faults.front().pointer == "/pipeline");
  CHECK(std::get<api::Bound>(each[2]).job.idempotency_key == "k");
  CHECK(std::get<api::Refusal>(each[3]).word == "json");
  CHECK(std::holds_alternative<api::Refusal>(api::translate_submit(request, {})));
  request.headers.add("idempotency-key", "one for all");
  CHECK(std::holds_alternative<api::Refusal>(api::translate_submissions(request, {})));
}

TEST_CASE("an array holds 1 to 10,000 submissions", "[api][engine][submit][limits]") {
  http::Request request;
  const auto is_taken = [&request](std::size_t count) {
    request.body = Json(std::vector<Json>(count, Json::object())).dump();
    return std::holds_alternative<api::Bound>(api::translate_submissions(request, {}));
  };
  CHECK_FALSE(is_taken(0));
  CHECK(is_taken(1));
  CHECK(is_taken(10'000));
  CHECK_FALSE(is_taken(10'001));
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
  many[9]["queue"] = "lost";
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

TEST_CASE("an unknown queue and an oversized body are refused", "[api][engine][submit]") {
  Served server;
  const auto pipeline = server.copy_pipeline("a");
  const auto refused =
      server.ask("POST", "/jobs", Json{{"pipeline", pipeline}, {"queue", "lost"}}.dump());
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
