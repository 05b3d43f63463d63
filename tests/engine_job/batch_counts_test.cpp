#include "engine/job/batch_counts.hpp"

#include <limits>

#include <catch2/catch.hpp>

using namespace millrace;

using Counts = std::map<std::string, std::int64_t>;

TEST_CASE("counts of batches behind a checkpoint are not part of it", "[job][counts]") {
  BatchCounts counts;
  counts.add(0, "read", 10);
  counts.add(1, "read", 20);
  counts.mark(1);
  counts.add(2, "read", 30);   // ahead of the checkpoint
  counts.add(1, "failed", 1);  // late, and a part of it
  counts.add(0, "read", 3);
  counts.add(std::numeric_limits<std::int64_t>::max(), "read", 5);
  CHECK(counts.totals() == Counts{{"read", 68}, {"failed", 1}});
  CHECK(counts.up_to_mark() == Counts{{"read", 33}, {"failed", 1}});
  counts.mark(2);
  CHECK(counts.up_to_mark() == Counts{{"read", 68}, {"failed", 1}});
}

TEST_CASE("a count is known by batch however far the input is ahead", "[job][counts]") {
  BatchCounts counts;
  counts.add(0, "read", 1);
  counts.mark(0);
  for (std::int64_t batch = 1; batch <= 100'000; ++batch) counts.add(batch, "read", 1);
  CHECK(counts.up_to_mark() == Counts{{"read", 1}});
  CHECK(counts.totals() == Counts{{"read", 100'001}});
}

TEST_CASE("an attempt that resumes goes on from the counts of the checkpoint", "[job][counts]") {
  BatchCounts counts;
  counts.restore(Json{{"read", 60}, {"failed", 1}, {"odd", "text"}}, 2);
  counts.add(3, "read", 40);
  CHECK(counts.totals() == Counts{{"read", 100}, {"failed", 1}});
  CHECK(counts.up_to_mark() == Counts{{"read", 60}, {"failed", 1}});
}
