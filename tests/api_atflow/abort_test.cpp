#include <chrono>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/api_atflow/flow.hpp"

using namespace millrace;
using namespace millrace::test;

TEST_CASE("E14: an aborted job leaves no target and a log that says so", "[atflow][abort]") {
  Flow flow;
  {
    std::ofstream list{flow.store() / "z0/in/long.jsonlist"};
    for (int i = 0; i < 10'000; ++i)
      list << R"({"url":"qiniu:///z0/in/img/a.png","type":"image"})"
           << "\n";
  }
  Json mix = mix_of("rotate/[-20,20]", "e14");
  mix["ops"][0]["params"]["file"] = "qiniu:///z0/in/long.jsonlist";
  const auto answer = flow.q("POST", "/v1/dataflows/mix", mix.dump());
  REQUIRE(answer.status == 202);
  const std::string id = answer.id();

  const auto aborted = flow.q("POST", "/v1/dataflows/" + id + "/abort");
  CHECK(aborted.status == 200);
  CHECK(aborted.text.empty());
  const auto begin = std::chrono::steady_clock::now();
  const Json job = flow.wait(id);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{6});
  CHECK(job["status"] == "aborted");
  CHECK(!flow.exists("out/e14.jsonlist"));
  CHECK(flow.q("POST", "/v1/dataflows/" + id + "/abort").status == 200);
  CHECK(job["targetFileStatistics"]["fileCount"] == 0);
}

TEST_CASE("E14: the log of a job aborted while it runs ends in a summary", "[atflow][abort]") {
  Flow flow;
  {
    std::ofstream list{flow.store() / "z0/in/long.jsonlist"};
    for (int i = 0; i < 10'000; ++i)
      list << R"({"url":"qiniu:///z0/in/img/a.png","type":"image"})"
           << "\n";
  }
  Json mix = mix_of("rotate/[-20,20]", "e14");
  mix["ops"][0]["params"]["file"] = "qiniu:///z0/in/long.jsonlist";
  const auto id = flow.q("POST", "/v1/dataflows/mix", mix.dump()).id();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (flow.q("GET", "/v1/dataflows/" + id).body["status"] == "queued") {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
  }
  CHECK(flow.q("POST", "/v1/dataflows/" + id + "/abort").status == 200);
  CHECK(flow.wait(id)["status"] == "aborted");
  const auto log = flow.records("logs/" + id + "/" + id + "_log.jsonlist");
  REQUIRE(!log.empty());
  CHECK(log.back()["level"] == "summary");
  CHECK(log.back()["status"] == "aborted");
  CHECK(!flow.exists("out/e14.jsonlist"));
}

TEST_CASE("E14: a finished job cannot be aborted, an unknown one is not found", "[atflow][abort]") {
  Flow flow;
  const auto id = flow.run_mix(mix_e4())["id"].get<std::string>();
  const auto finished = flow.q("POST", "/v1/dataflows/" + id + "/abort");
  CHECK(finished.status == 400);
  CHECK(finished.err() == "40013");
  CHECK(finished.body["message"] == "job has ended, and cannot be aborted: " + id);
  const auto unknown = flow.q("POST", "/v1/dataflows/000000000000000000000000/abort");
  CHECK(unknown.status == 404);
  CHECK(unknown.err() == "40402");
}
