#include "tagging_jobs.hpp"

#include <chrono>
#include <future>

namespace millrace::test {

using namespace std::chrono_literals;

Json tagging(const JobPlace& place, const Json& numbers, const Json& tagger,
             const std::string& name) {
  Json document = place.pipeline(numbers, name);
  Json& ops = document["ops"];
  ops[0]["postOps"] = {"tag"};
  ops[1]["preOps"] = {"tag"};
  ops.insert(ops.begin() + 1, Json{{"name", "tag"},
                                   {"type", "augment.tagger"},
                                   {"preOps", {"in"}},
                                   {"postOps", {"out"}},
                                   {"params", tagger}});
  return document;
}

std::int64_t tag_count(JobPlace& place) {
  return must(place.catalog().query({{"entity", "tags"}, {"count", true}}))
      .column<std::int64_t>("count")
      .value(0);
}

std::int64_t unseen_count(JobPlace& place) {
  std::int64_t count = 0;
  must(place.catalog().read([&count](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows found, connection.query("SELECT COUNT(*) FROM pending_changes"));
    count = integer(found.rows.at(0).at(0));
    return {};
  }));
  return count;
}

JobStore::Lease lease(JobPlace& place, JobId id) {
  std::promise<Result<JobStore::Lease>> answer;
  place.store_of_jobs().lease(id, 0, "me", 1h,
                              [&answer](auto leased) { answer.set_value(std::move(leased)); });
  return must(answer.get_future().get());
}

Result<void> finish(JobPlace& place, const JobStore::Lease& lease, const JobStore::Ending& ending) {
  std::promise<Result<JobStore::Followers>> answer;
  place.store_of_jobs().finish(lease, JobState::Finished, ending,
                               [&answer](auto done) { answer.set_value(std::move(done)); });
  MR_CHECK(answer.get_future().get());
  return {};
}

}  // namespace millrace::test
