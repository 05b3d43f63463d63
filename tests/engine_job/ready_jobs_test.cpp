#include "engine/job/ready_jobs.hpp"

#include <catch2/catch.hpp>

using namespace millrace;

namespace {

// With a pipeline of so many bytes, two of which are quotation marks.
ReadyJobs::Ready ready(std::int64_t id, std::size_t bytes) {
  ReadyJobs::Ready made;
  made.job.id = JobId{id};
  made.job.pipeline = Json(std::string(bytes - 2, 'x'));
  return made;
}

}  // namespace

TEST_CASE("what is known of a waiting job is taken once", "[job][ready]") {
  ReadyJobs jobs;
  jobs.keep(ready(7, 10));
  CHECK_FALSE(jobs.take(JobId{8}));
  const auto taken = jobs.take(JobId{7});
  REQUIRE(taken);
  CHECK(taken->job.id == JobId{7});
  CHECK_FALSE(jobs.take(JobId{7}));
  CHECK(jobs.size() == 0);
}

TEST_CASE("jobs without room are not kept, by number and by bytes", "[job][ready]") {
  ReadyJobs many;
  for (std::size_t i = 1; i <= ReadyJobs::kMostJobs + 1; ++i)
    many.keep(ready(static_cast<std::int64_t>(i), 2));
  CHECK(many.size() == ReadyJobs::kMostJobs);
  CHECK(many.take(JobId{1}));

  ReadyJobs large;
  large.keep(ready(1, ReadyJobs::kMostPipelineBytes));
  large.keep(ready(2, 2));
  CHECK(large.size() == 1);
  large.take(JobId{1});
  large.keep(ready(2, 2));
  CHECK(large.size() == 1);
}
