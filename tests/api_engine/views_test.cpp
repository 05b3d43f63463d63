#include <atomic>
#include <future>
#include <set>

#include <catch2/catch.hpp>

#include "tests/api_engine/served.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;

TEST_CASE("operators are listed and shown with the schema of their parameters",
          "[api][engine][views]") {
  Served server;
  const auto all = server.ask("GET", "/operators").body["items"];
  REQUIRE(all.size() >= 5);
  for (std::size_t i = 1; i < all.size(); ++i)
    CHECK(all[i - 1]["id"].get<std::string>() < all[i]["id"].get<std::string>());
  const auto one = server.ask("GET", "/operators/input.catalog");
  CHECK(one.status == 200);
  CHECK(one.body["id"] == "input.catalog");
  CHECK(one.body["schema"]["properties"]["entity"]["type"] == "string");
  CHECK(one.body["schema"]["required"] == Json::parse(R"(["entity"])"));
  const auto missing = server.ask("GET", "/operators/input.catalgo");
  CHECK(missing.status == 404);
  CHECK(missing.body["error"]["message"].get<std::string>().find("input.catalog") !=
        std::string::npos);
}

TEST_CASE("pipelines of the server are listed and shown", "[api][engine][views]") {
  Served server;
  bool is_there = false;
  const auto all = server.ask("GET", "/pipelines").body;
  for (const auto& item : all["items"]) is_there = is_there || item["name"] == "engine/job";
  CHECK(is_there);
  const auto one = server.ask("GET", "/pipelines/engine/job");
  CHECK(one.status == 200);
  CHECK(one.body["params"]["id"]["type"] == "integer");
  CHECK(server.ask("GET", "/pipelines/engine/nothing").status == 404);
  CHECK(server.ask("GET", "/pipelines/..%2F..%2Fetc/passwd").status == 404);
}

TEST_CASE("readyz answers while every thread that serves requests is held up",
          "[api][engine][views]") {
  struct Held {
    std::atomic<int> count{0};
    std::promise<void> free;
    std::shared_future<void> is_free{free.get_future()};
    static void wait(void* self) {
      auto& held = *static_cast<Held*>(self);
      ++held.count;
      held.is_free.wait_for(std::chrono::seconds{60});
    }
  } held;
  Served server;
  const auto threads = static_cast<int>(server.engine().settings().control_workers);
  for (int i = 0; i < threads; ++i)
    server.engine().scheduler().submit({&Held::wait, &held}, Pool::Control);
  CHECK(eventually([&] { return held.count == threads; }));
  CHECK(server.ask_without_token("GET", "/readyz").status == 200);
  CHECK(server.ask_without_token("GET", "/livez").status == 200);
  held.free.set_value();
  CHECK(server.ask("GET", "/jobs").status == 200);
}

TEST_CASE("a pipeline is checked without being run", "[api][engine][views]") {
  Served server;
  const auto pipeline = server.copy_pipeline("a");
  const auto good = server.ask("POST", "/pipelines/validate", pipeline.dump());
  INFO(good.text);
  CHECK(good.status == 200);
  CHECK(good.body["valid"] == true);
  CHECK(good.body["faults"].empty());
  CHECK(good.body.contains("plan"));
  const auto bad = server.ask("POST", "/pipelines/validate",
                              R"({"pipeline": {"ops": [{"name": "a", "type": "inptu"}]}})");
  CHECK(bad.status == 200);
  CHECK(bad.body["valid"] == false);
  CHECK(bad.body["faults"][0]["pointer"].get<std::string>().starts_with("/pipeline/ops/0"));
  CHECK(server.ask("POST", "/pipelines/validate", "{").status == 400);
  CHECK(server.ask("GET", "/jobs").body["items"].empty());
}

TEST_CASE("health says whether catalog and store answer", "[api][engine][views]") {
  Served server;
  CHECK(server.ask_without_token("GET", "/livez").body == Json::parse(R"({"status": "alive"})"));
  const auto ready = server.ask_without_token("GET", "/readyz");
  CHECK(ready.status == 200);
  CHECK(ready.body == Json::parse(R"({"status": "ready", "catalog": "ok", "store": "ok"})"));
}

TEST_CASE("metrics count requests, jobs and connections", "[api][engine][views]") {
  Served server;
  server.wait(server.submit(server.copy_pipeline("a")));
  const auto metrics = server.ask_without_token("GET", "/metrics");
  CHECK(metrics.headers.at("content-type").starts_with("text/plain"));
  for (const auto* line :
       {"millrace_http_requests_total{dialect=\"engine\",route=\"submit\",status=\"2xx\"} 1",
        "millrace_jobs_submitted_total 1", "millrace_jobs_finished_total 1",
        "millrace_http_connections_total", "# TYPE millrace_jobs_queued gauge"}) {
    INFO(line);
    CHECK(metrics.text.find(line) != std::string::npos);
  }
}

TEST_CASE("the OpenAPI document shows the engine and every dialect", "[api][engine][views]") {
  Served server;
  const auto document = server.ask_without_token("GET", "/openapi.json").body;
  CHECK(document["openapi"].get<std::string>().starts_with("3."));
  CHECK(document["info"]["version"] == "1.2.3");
  CHECK(document["paths"].contains("/jobs/{id}"));
  CHECK(document["paths"].contains("/atflow/v1/dataflows/mix"));
  CHECK(document["components"]["schemas"].contains("output.list"));
  const auto& schemes = document["components"]["securitySchemes"];
  CHECK(schemes["engine"]["scheme"] == "bearer");
  // The page asks for what they say.
  for (const auto& scheme : schemes) CHECK_FALSE(scheme.value("description", "").empty());
  CHECK(document["paths"]["/jobs"]["post"]["security"] == Json::parse(R"([{"engine": []}])"));
  CHECK(document["paths"]["/livez"]["get"]["security"].empty());
  CHECK_FALSE(document["paths"].contains("/docs"));
  // Every operation has a name of its own.
  std::set<std::string> names;
  std::size_t operations = 0;
  for (const auto& [path, methods] : document["paths"].items())
    for (const auto& [method, operation] : methods.items()) {
      names.insert(operation["operationId"].get<std::string>());
      ++operations;
    }
  CHECK(names.size() == operations);
}

TEST_CASE("the page at /docs comes from this server alone", "[api][engine][views]") {
  Served server;
  for (const auto* path : {"/", "/docs/"}) {
    const auto moved = server.ask_without_token("GET", path);
    CHECK(moved.status == 307);
    CHECK(moved.headers.at("location") == "http://here:1/docs");
  }
  const auto page = server.ask_without_token("GET", "/docs");
  CHECK(page.status == 200);
  CHECK(page.headers.at("content-type") == "text/html; charset=utf-8");
  CHECK(page.headers.at("content-security-policy").starts_with("default-src 'self'"));
  CHECK(page.text.find("http") == std::string::npos);
  for (const auto* file : {"swagger-ui-bundle.js", "swagger-ui.css", "sign.js", "start.js"}) {
    CHECK(page.text.find(file) != std::string::npos);
    const auto asset = server.ask_without_token("GET", fmt::format("/docs/{}", file));
    CHECK(asset.status == 200);
    CHECK(asset.text.size() == std::filesystem::file_size(std::filesystem::path{MR_BINARY_DIR} /
                                                          "share/millrace/swagger" / file));
  }
  for (const auto* path : {"/docs/nothing.js", "/docs/..%2f..%2fpipelines%2fengine%2fjob.json",
                           "/docs/LICENSE", "/docs/a/b"})
    CHECK(server.ask_without_token("GET", path).status == 404);
}

TEST_CASE("a dialect shows itself below its name", "[api][engine][views]") {
  Served server;
  const auto document = server.ask_without_token("GET", "/maisie/openapi.json").body;
  CHECK(document["info"]["title"] == "Maisie");
  CHECK(document["info"]["version"] == "1");
  CHECK(document["servers"] == Json::parse(R"([{"url": "/maisie"}])"));
  CHECK(document["paths"].contains("/api/v1/models/{id}/"));
  CHECK_FALSE(document["paths"].contains("/jobs"));
  CHECK(document["components"]["schemas"].contains("Model"));
  const auto whole = server.ask_without_token("GET", "/openapi.json").body;
  CHECK(whole["components"]["schemas"].contains("maisie.Model"));
  for (const auto* path : {"/maisie", "/maisie/", "/maisie/docs/"}) {
    const auto moved = server.ask_without_token("GET", path);
    CHECK(moved.status == 307);
    CHECK(moved.headers.at("location") == "http://here:1/maisie/docs");
  }
  CHECK(server.ask_without_token("GET", "/maisie/docs").text ==
        server.ask_without_token("GET", "/docs").text);
  CHECK(server.ask_without_token("GET", "/maisie/docs/start.js").status == 200);
  const auto lost = server.ask_without_token("GET", "/maisie/docs/nothing.js");
  CHECK(lost.status == 404);
  CHECK(lost.body.contains("message"));  // in the dialect's words
  CHECK(server.ask_without_token("GET", "/atflow/docs").status == 200);
}

TEST_CASE("unknown paths and methods are answered in the API's own words", "[api][engine][views]") {
  Served server;
  const auto lost = server.ask("GET", "/lost");
  CHECK(lost.status == 404);
  CHECK(lost.body["error"]["message"] == "no such path: /lost");
  const auto wrong = server.ask("DELETE", "/jobs/1");
  CHECK(wrong.status == 405);
  CHECK(wrong.headers.at("allow") == "GET, HEAD");
  Client client{server.port()};
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n");
  const auto malformed = client.read_reply();
  CHECK(malformed.status == 400);
  CHECK(Json::parse(malformed.body)["error"]["code"] == "invalid_argument");
}
