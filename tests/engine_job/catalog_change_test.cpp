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
    for (
        const char* text :
        {"[]", "{}", R"({"entity": "jobs"})", R"({"entity": "users", "action": "abort", "id": 1})",
         R"({"entity": "jobs", "action": "delete", "id": 1})",
         R"({"entity": "jobs", "action": "abort"})",
         R"({"entity": "jobs", "action": "abort", "id": "1"})",
         R"({"entity": "jobs", "action": "abort", "id": 1, "x": 1})",
         R"({"entity": "jobs", "action": "abort", "id": 1, "reason": "whim"})",
         R"({"entity": "jobs", "action": "retry", "id": 1, "reason": "user"})",
         R"({"entity": "jobs", "action": "abort", "where": []})",
         R"({"entity": "jobs", "action": "abort", "where": {"column": "id"}})",
         R"({"entity": "jobs", "action": "abort", "where": [{"column": "no", "op": "=", "value": 1}]})",
         R"({"entity": "jobs", "action": "abort", "id": 1, "where": [{"column": "id", "op": "=", "value": 1}]})",
         R"({"entity": "jobs", "action": "retry", "where": [{"column": "id", "op": "=", "value": 1}]})",
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

TEST_CASE("a change aborts the jobs that meet conditions and have not ended",
          "[job][catalog_change]") {
  JobPlace place;
  place.open(false);
  std::vector<JobId> jobs;
  for (const auto* name : {"t1", "t1.production", "t1x", "t2", "t0"}) {
    JobRequest request;
    request.pipeline = place.pipeline({{"batches", 1}});
    request.dialect = "audience";
    request.external_id = name;
    request.owner = "me";
    jobs.push_back(place.submit(request));
  }
  must(place.service().abort(jobs[0], StopReason::Overload));
  const Json change = Json::parse(R"({"entity": "jobs", "action": "abort", "where": [
      {"column": "external_id", "op": ">=", "value": "t1"},
      {"column": "external_id", "op": "<", "value": "t1/"}]})");
  const auto state_of = [&](std::size_t job) {
    return must(place.store_of_jobs().get(jobs[job])).state;
  };
  const Batch of_nobody =
      must(change_catalog(place.catalog(), place.service(), change, {.owner = "somebody"}));
  CHECK(of_nobody.rows() == 0);
  const Batch done = must(change_catalog(place.catalog(), place.service(), change, {}));
  REQUIRE(done.rows() == 1);
  CHECK(done.column<std::int64_t>("id").value(0) == jobs[1].value);
  CHECK(must(place.store_of_jobs().get(jobs[0])).stop_reason == StopReason::Overload);
  CHECK(must(place.store_of_jobs().get(jobs[1])).stop_reason == StopReason::User);
  for (const std::size_t job : {2, 3, 4}) CHECK(state_of(job) == JobState::Queued);
  CHECK(must(change_catalog(place.catalog(), place.service(), change, {})).rows() == 0);
}

TEST_CASE("a change aborts a thousand jobs at the most, and none of more",
          "[job][catalog_change]") {
  JobPlace place;
  place.open(false);
  JobRequest request;
  request.pipeline = place.pipeline({{"batches", 1}});
  std::vector<JobId> jobs;
  for (std::int64_t i = 0; i <= kMostAbortedJobs; ++i) jobs.push_back(place.submit(request));
  const auto abort_below = [&](JobId behind) {
    return change_catalog(
        place.catalog(), place.service(),
        {{"entity", "jobs"},
         {"action", "abort"},
         {"where", Json::array({{{"column", "id"}, {"op", "<="}, {"value", behind.value}}})}},
        {});
  };
  CHECK(abort_below(jobs.back()).error().code == Code::Exhausted);
  CHECK(must(place.store_of_jobs().get(jobs.front())).state == JobState::Queued);
  CHECK(must(abort_below(jobs[jobs.size() - 2])).rows() == kMostAbortedJobs);
  CHECK(must(place.store_of_jobs().get(jobs.back())).state == JobState::Queued);
}
