#include "engine/job/catalog_change.hpp"

#include <catch2/catch.hpp>

#include "job_place.hpp"

using namespace millrace;
using test::JobPlace;
using test::must;

TEST_CASE("a change of the catalog aborts and retries jobs, and returns the row",
          "[job][catalog_change]") {
  JobPlace place;
  place.open(false);
  JobRequest request;
  request.pipeline = place.pipeline({{"batches", 1}});
  request.dialect = "atflow";
  request.external_id = "abc";
  request.owner = "me";
  const auto id = place.submit(request);
  const auto change = [&place](const char* text, std::string_view owner = {}) {
    return change_catalog(place.catalog(), place.service(), Json::parse(text),
                          {.owner = std::string{owner}});
  };
  SECTION("by number") {
    const Json by_id{
        {"entity", "jobs"}, {"action", "abort"}, {"id", id.value}, {"reason", "overload"}};
    const Batch row = must(change_catalog(place.catalog(), place.service(), by_id, {}));
    REQUIRE(row.rows() == 1);
    CHECK(row.column<std::string_view>("state").value(0) == "aborted");
    CHECK(row.column<std::string_view>("stop_reason").value(0) == "overload");
    const Batch again = must(change(
        R"({"entity": "jobs", "action": "retry", "dialect": "atflow", "external_id": "abc"})"));
    CHECK(again.column<std::string_view>("state").value(0) == "queued");
  }
  SECTION("of its owner only") {
    const auto text =
        R"({"entity": "jobs", "action": "abort", "dialect": "atflow", "external_id": "abc"})";
    const auto refused = change(text, "somebody");
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::NotFound);
    CHECK(change(text, "me").ok());
  }
  SECTION("and nothing that it does not understand") {
    for (const char* text :
         {"[]", "{}", R"({"entity": "jobs"})", R"({"entity": "users", "action": "abort", "id": 1})",
          R"({"entity": "jobs", "action": "delete", "id": 1})",
          R"({"entity": "jobs", "action": "abort"})",
          R"({"entity": "jobs", "action": "abort", "id": "1"})",
          R"({"entity": "jobs", "action": "abort", "id": 1, "x": 1})",
          R"({"entity": "jobs", "action": "abort", "id": 1, "reason": "whim"})",
          R"({"entity": "jobs", "action": "retry", "id": 1, "reason": "user"})",
          R"({"entity": 3, "action": "abort", "id": 1})"}) {
      INFO(text);
      const auto refused = change(text);
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error().code == Code::InvalidArgument);
    }
    CHECK(must(place.store_of_jobs().get(id)).state == JobState::Queued);
    CHECK(change(R"({"entity": "jobs", "action": "abort", "id": 99})").error().code ==
          Code::NotFound);
  }
}
