#include <catch2/catch.hpp>

#include "call_services.hpp"
#include "engine/plugin/operator_info.hpp"

using namespace millrace;

namespace {

struct Asked {
  std::vector<Fault> faults;
  std::vector<std::string> uris;
};

Asked ask(std::string_view declaration, const std::string& uri) {
  const auto info = info_from_json("filter.test", "filter",
                                   Json::object({{"params", {{"u", Json::parse(declaration)}}}}));
  REQUIRE(info.ok());
  test::CallServices services;
  auto checked = check_parameters(*info, nullptr, Json::object({{"u", uri}}), services);
  return {std::move(checked.faults), services.asked_uris};
}

}  // namespace

TEST_CASE("addresses are shown to the services with the access declared",
          "[plugin][parameters][uri]") {
  CHECK(ask(R"({"type": "uri"})", "mem:a").uris == std::vector<std::string>{"read mem:a"});
  CHECK(ask(R"({"type": "uri", "access": "write"})", "mem:a").uris ==
        std::vector<std::string>{"write mem:a"});
  CHECK(ask(R"({"type": "uri"})", "mem:a").faults.empty());
}

TEST_CASE("the word of the fault is the one that the services gave", "[plugin][parameters][uri]") {
  const auto wrong = ask(R"({"type": "uri"})", "ftp:x").faults;
  REQUIRE(wrong.size() == 1);
  CHECK(wrong[0].kind == "uri_scheme");
  CHECK(wrong[0].pointer == "/u");
  CHECK_THAT(wrong[0].message, Catch::Contains("ftp:x"));
  CHECK(ask(R"({"type": "uri"})", "mem:secret/1").faults.at(0).kind == "uri_rights");
  CHECK(ask(R"({"type": "uri"})", "mem:odd").faults.at(0).kind == "uri_syntax");
}

TEST_CASE("a prefix is checked as a folder, and named as it was given",
          "[plugin][parameters][uri]") {
  const auto good = ask(R"({"type": "uri", "form": "prefix"})", "mem:folder/");
  CHECK(good.faults.empty());
  CHECK(good.uris == std::vector<std::string>{"read mem:folder/x"});
  const auto bad = ask(R"({"type": "uri", "form": "prefix"})", "ftp:folder/").faults;
  REQUIRE(bad.size() == 1);
  CHECK(bad[0].message == "\"u\": unknown scheme: ftp:folder/");
}

TEST_CASE("addresses inside arrays are checked too", "[plugin][parameters][uri]") {
  const auto info = info_from_json(
      "filter.test", "filter",
      Json::parse(
          R"({"params": {"u": {"type": "array", "items": {"type": "uri", "access": "read"}}}})"));
  REQUIRE(info.ok());
  test::CallServices services;
  const auto checked =
      check_parameters(*info, nullptr, Json::parse(R"({"u": ["mem:a", "ftp:b"]})"), services);
  REQUIRE(checked.faults.size() == 1);
  CHECK(checked.faults[0].pointer == "/u/1");
}
