#include <catch2/catch.hpp>

#include "tests/api_engine/served.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;

TEST_CASE("a pipeline that was posted runs, and its job can be read", "[api][engine][jobs]") {
  Served server;
  const auto pipeline = server.copy_pipeline("a", 5);
  const auto answer = server.ask("POST", "/jobs", pipeline.dump());
  INFO(answer.text);
  REQUIRE(answer.status == 202);
  const auto id = answer.body.at("id").get<std::int64_t>();
  CHECK(answer.headers.at("location") == fmt::format("http://here:1/jobs/{}", id));
  CHECK(answer.headers.contains("x-request-id"));

  const auto job = server.wait(id);
  INFO(job.dump());
  CHECK(job["id"] == id);
  CHECK(job["state"] == "finished");
  CHECK(job["name"] == "copy");
  CHECK(job["dialect"] == "engine");
  CHECK(job["queue"] == "default");
  CHECK(job["stopReason"] == "none");
  CHECK(job["attempt"] == 1);
  CHECK(job["error"].is_null());
  CHECK(job["counts"]["read"] == 5);
  CHECK(job["created"].get<std::string>() <= job["finished"].get<std::string>());
  CHECK(job["created"].get<std::string>().size() ==
        std::string_view{"2026-08-01T12:00:00.123Z"}.size());

  const auto stored = server.ask("GET", fmt::format("/jobs/{}/pipeline", id));
  CHECK(stored.status == 200);
  CHECK(stored.body["ops"] == pipeline["ops"]);
}

TEST_CASE("jobs are listed newest first, in pages, by state", "[api][engine][jobs]") {
  Served server;
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 5; ++i)
    ids.push_back(server.submit(server.copy_pipeline("p" + std::to_string(i))));
  for (const auto id : ids) server.wait(id);
  const auto listed = [](const Json& page) {
    std::vector<std::int64_t> numbers;
    for (const auto& job : page["items"]) numbers.push_back(job["id"].get<std::int64_t>());
    return numbers;
  };
  const auto first = server.ask("GET", "/jobs?limit=2").body;
  CHECK(listed(first) == std::vector{ids[4], ids[3]});
  CHECK(first["next"] == ids[3]);
  const auto second = server.ask("GET", fmt::format("/jobs?limit=3&before={}", ids[3])).body;
  CHECK(listed(second) == std::vector{ids[2], ids[1], ids[0]});
  CHECK(second["next"].is_null());
  CHECK(listed(server.ask("GET", "/jobs?state=finished").body).size() == 5);
  CHECK(listed(server.ask("GET", "/jobs?state=failed").body).empty());
  CHECK(listed(server.ask("GET", "/jobs?dialect=atflow").body).empty());
}

TEST_CASE("wrong values of a list request are refused with all faults", "[api][engine][jobs]") {
  Served server;
  const auto refused = server.ask("GET", "/jobs?limit=0&before=x&state=done");
  CHECK(refused.status == 400);
  const auto& error = refused.body["error"];
  CHECK(error["code"] == "invalid_argument");
  REQUIRE(error["faults"].size() == 3);
  CHECK(error["faults"][0]["pointer"] == "/query/limit");
  CHECK(error["faults"][1]["pointer"] == "/query/before");
  CHECK(error["faults"][2]["pointer"] == "/query/state");
}

TEST_CASE("a job that there is not is 404 in every route", "[api][engine][jobs]") {
  Served server;
  for (const auto* id : {"99", "0", "-1", "x", "1x", "99999999999999999999999"})
    for (const auto& [method, rest] : {std::pair{"GET", ""},
                                       {"GET", "/pipeline"},
                                       {"GET", "/events"},
                                       {"POST", "/abort"},
                                       {"POST", "/retry"},
                                       {"POST", "/rerun"}}) {
      const auto answer = server.ask(method, fmt::format("/jobs/{}{}", id, rest));
      INFO(method << " " << id << rest << " " << answer.text);
      CHECK(answer.status == 404);
      CHECK(answer.body["error"]["code"] == "not_found");
    }
}

TEST_CASE("a failed job is queued again by retry, and a finished one is not",
          "[api][engine][jobs]") {
  Served server;
  const auto pipeline = server.copy_pipeline("gone");
  std::filesystem::remove(server.root() / "gone.jsonlist");
  const auto id = server.submit(pipeline);
  const auto failed = server.wait(id);
  CHECK(failed["state"] == "failed");
  CHECK(failed["error"]["message"].get<std::string>().find("gone.jsonlist") != std::string::npos);

  static_cast<void>(server.copy_pipeline("gone", 2));
  const auto again = server.ask("POST", fmt::format("/jobs/{}/retry", id));
  INFO(again.text);
  CHECK(again.status == 200);
  CHECK(again.body["id"] == id);
  CHECK(server.wait(id)["state"] == "finished");
  const auto refused = server.ask("POST", fmt::format("/jobs/{}/retry", id));
  CHECK(refused.status == 409);
  CHECK(refused.body["error"]["code"] == "conflict");
}

TEST_CASE("a job waits for another, is shown so, and is aborted where that one fails",
          "[api][engine][jobs]") {
  Served server;
  const auto pipeline = server.copy_pipeline("gone");
  std::filesystem::remove(server.root() / "gone.jsonlist");
  const auto submit = [&](const Json& after) {
    return server.ask("POST", "/jobs",
                      Json{{"pipeline", pipeline}, {"queue", "late"}, {"after", after}}.dump());
  };
  const auto failing = server.submit(pipeline);
  const auto second = submit({{"job", failing}, {"delay_s", 3}});
  INFO(second.text);
  REQUIRE(second.status == 202);
  const auto id = second.body["id"].get<std::int64_t>();
  const auto third = submit({{"job", id}});
  REQUIRE(third.status == 202);
  const auto job = server.wait(id);
  CHECK(job["state"] == "aborted");
  CHECK(job["stopReason"] == "upstream_failed");
  CHECK(job["queue"] == "late");
  CHECK(job["after"] == Json{{"job", failing}, {"delay_s", 3}, {"when", "finished"}});
  CHECK(server.wait(third.body["id"].get<std::int64_t>())["stopReason"] == "upstream_failed");
  CHECK(server.wait(failing)["after"].is_null());
  CHECK(server.ask("POST", fmt::format("/jobs/{}/retry", id)).status == 409);
  const auto unknown = submit({{"job", 999'999}});
  CHECK(unknown.status == 400);
  CHECK(unknown.body["error"]["message"].get<std::string>().find("999999") != std::string::npos);
}

TEST_CASE("a job is for the failure of another, or for any end of it", "[api][engine][jobs]") {
  Served server;
  const auto pipeline = server.copy_pipeline("gone");
  const auto good = server.copy_pipeline("there");
  std::filesystem::remove(server.root() / "gone.jsonlist");
  const auto failing = server.submit(pipeline);
  const auto behind = [&](std::int64_t job, const std::string& when) {
    const auto made =
        server.ask("POST", "/jobs",
                   Json{{"pipeline", good}, {"after", {{"job", job}, {"when", when}}}}.dump());
    INFO(made.text);
    REQUIRE(made.status == 202);
    return made.body["id"].get<std::int64_t>();
  };
  const auto if_fails = behind(failing, "failed");
  const auto unneeded = behind(if_fails, "failed");
  const auto in_any_case = behind(unneeded, "ended");
  CHECK(server.wait(if_fails)["state"] == "finished");
  const auto job = server.wait(unneeded);
  CHECK(job["state"] == "aborted");
  CHECK(job["stopReason"] == "not_needed");
  CHECK(job["after"] == Json{{"job", if_fails}, {"delay_s", 0}, {"when", "failed"}});
  CHECK(server.wait(in_any_case)["state"] == "finished");
  const auto refused = server.ask("POST", fmt::format("/jobs/{}/retry", unneeded));
  CHECK(refused.status == 409);
}

TEST_CASE("a job that has ended is not aborted", "[api][engine][jobs]") {
  Served server;
  const auto id = server.submit(server.copy_pipeline("a"));
  server.wait(id);
  CHECK(server.ask("POST", fmt::format("/jobs/{}/abort", id)).status == 409);
}

TEST_CASE("a job is aborted, and aborting again is no error", "[api][engine][jobs]") {
  Served server;
  // Long enough to be met while it waits or runs: the second job of a queue of two workers.
  const auto pipeline = server.copy_pipeline("long", 200'000);
  const auto id = server.submit(pipeline);
  const auto aborted = server.ask("POST", fmt::format("/jobs/{}/abort", id));
  INFO(aborted.text);
  REQUIRE(aborted.status == 200);
  const auto state = aborted.body["state"].get<std::string>();
  CHECK((state == "aborting" || state == "aborted"));
  const auto job = server.wait(id);
  CHECK(job["state"] == "aborted");
  CHECK(job["stopReason"] == "user");
  CHECK(server.ask("POST", fmt::format("/jobs/{}/abort", id)).status == 200);
  CHECK_FALSE(std::filesystem::exists(server.root() / "long-out.jsonlist"));
}

TEST_CASE("rerun makes a new job of the same pipeline", "[api][engine][jobs]") {
  Served server;
  const auto id = server.submit(server.copy_pipeline("a"));
  server.wait(id);
  const auto again = server.ask("POST", fmt::format("/jobs/{}/rerun", id));
  INFO(again.text);
  REQUIRE(again.status == 202);
  const auto other = again.body["id"].get<std::int64_t>();
  CHECK(other != id);
  CHECK(server.wait(other)["state"] == "finished");
  CHECK(server.ask("GET", fmt::format("/jobs/{}/pipeline", other)).text ==
        server.ask("GET", fmt::format("/jobs/{}/pipeline", id)).text);
}
