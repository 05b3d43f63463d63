// Every operator of every plugin that is built conforms, but for what its declaration excuses.
#include <filesystem>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

#include "engine/plugin/registry.hpp"

using namespace millrace;

namespace {

const std::string kPlugins = MR_BINARY_DIR "/lib/millrace/plugins";

}  // namespace

TEST_CASE("every operator in the registry conforms", "[conformance]") {
  const auto opened = Registry::open({kPlugins});
  INFO((opened.ok() ? std::string{} : opened.error().message));
  REQUIRE(opened.ok());
  REQUIRE_FALSE((*opened)->all().empty());
  testing::HarnessOptions options;
  options.plugin_folders = {kPlugins};
  for (const auto* info : (*opened)->all()) {
    DYNAMIC_SECTION(info->id) {
      for (const auto& finding : testing::check_conformance(info->id, options)) {
        FAIL_CHECK(finding.operator_id << ": " << finding.check << ": " << finding.message);
      }
    }
  }
}

TEST_CASE("each plugin has a manifest that belongs to it", "[conformance]") {
  std::size_t libraries = 0;
  for (const auto& file : std::filesystem::directory_iterator{kPlugins}) {
    if (file.path().extension() != ".so") continue;
    INFO(file.path().string());
    ++libraries;
    CHECK(std::filesystem::exists(std::filesystem::path{file.path()}.replace_extension(".json")));
  }
  CHECK(libraries > 0);
}
