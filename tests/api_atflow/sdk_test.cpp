// The vendor's JavaScript SDK, of the npm package qiniu, against a real server. Needs node, and npm
// with a way to its registry, or the package in $MILLRACE_QINIU_SDK; so it is run by hand and in
// CI.
#include <cstdlib>

#include <catch2/catch.hpp>

#include "engine/base/spawn.hpp"
#include "tests/api_atflow/flow.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

constexpr auto kPackage = "qiniu@7.15.2";

// Returns the folder of the package, which is installed below `folder` when there is none.
std::string sdk_below(const TemporaryFolder& folder) {
  if (const char* given = std::getenv("MILLRACE_QINIU_SDK"); given != nullptr) return given;
  Command install;
  install.program = "npm";
  install.arguments = {
      "install",   "--prefix", folder.path().string(), "--ignore-scripts", "--no-audit",
      "--no-fund", kPackage};
  install.timeout = std::chrono::minutes{5};
  const auto installed = system_spawn().run(install);
  REQUIRE(installed.ok());
  INFO(installed->errors);
  REQUIRE(installed->exit_code == 0);
  return folder / "node_modules/qiniu";
}

}  // namespace

TEST_CASE("the vendor's SDK lists, submits, gets and aborts", "[.npm][atflow][auth]") {
  const TemporaryFolder folder;
  Flow flow{Json{{"auth", {{"requireDate", true}, {"replayGuard", true}}}}};
  Command calls;
  calls.program = "node";
  calls.arguments = {MR_SOURCE_DIR "/tests/api_atflow/qiniu_sdk.js", sdk_below(folder),
                     "http://" + flow.host(), mix_e4().dump()};
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
