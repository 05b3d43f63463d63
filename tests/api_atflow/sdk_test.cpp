// The vendor's JavaScript SDK, of the npm package qiniu, against a real server.
#include <catch2/catch.hpp>

#include "engine/base/spawn.hpp"
#include "tests/api_atflow/flow.hpp"
#include "tests/fixtures/node_packages.hpp"

using namespace millrace;
using namespace millrace::test;

TEST_CASE("the vendor's SDK lists, submits, gets and aborts", "[npm][atflow][auth]") {
  if (is_offline()) {
    WARN("left out: MILLRACE_OFFLINE is set");
    return;
  }
  const auto sdk = node_package("qiniu");
  Flow flow{Json{{"auth", {{"requireDate", true}, {"replayGuard", true}}}}};
  Command calls;
  calls.program = "node";
  calls.arguments = {MR_SOURCE_DIR "/tests/api_atflow/qiniu_sdk.js", sdk, "http://" + flow.host(),
                     mix_e4().dump()};
  const auto called = system_spawn().run(calls);
  REQUIRE(called.ok());
  INFO(called->errors << called->output);
  REQUIRE(called->exit_code == 0);
  const auto answers = Json::parse(called->output);
  REQUIRE(answers.size() == 5);
  for (const std::size_t list : {0, 1}) {
    CHECK(answers[list][0] == 200);
    CHECK(answers[list][1] == Json{{"items", Json::array()}, {"marker", ""}});
  }
  CHECK(answers[2][0] == 202);
  CHECK(answers[3][0] == 200);
  CHECK(answers[3][1]["id"] == answers[2][1]["id"]);
  // It may have ended meanwhile.
  CHECK((answers[4][0] == 200 || answers[4][1]["err"] == "40013"));
}
