#include "engine/job/batch_counts.hpp"

#include <limits>

#include <catch2/catch.hpp>

using namespace millrace;

using Counts = std::map<std::string, std::int64_t>;

TEST_CASE("counts of batches behind a checkpoint are not part of it", "[job][counts]") {
  BatchCounts counts;
  counts.add(0, "read", 10);
  counts.add(2, "read", 30);
  counts.add(1, "read", 20);
  counts.add(1, "failed", 1);
  counts.add(std::numeric_limits<std::int64_t>::max(), "read", 5);
  CHECK(counts.totals() == Counts{{"read", 65}, {"failed", 1}});
  CHECK(counts.up_to(1) == Counts{{"read", 30}, {"failed", 1}});
  CHECK(counts.up_to(2) == Counts{{"read", 60}, {"failed", 1}});
  CHECK(counts.totals() == Counts{{"read", 65}, {"failed", 1}});
}

TEST_CASE("an attempt that resumes goes on from the counts of the checkpoint", "[job][counts]") {
  BatchCounts counts;
  counts.restore(Json{{"read", 60}, {"failed", 1}, {"odd", "text"}});
  counts.add(3, "read", 40);
  CHECK(counts.totals() == Counts{{"read", 100}, {"failed", 1}});
  CHECK(counts.up_to(2) == Counts{{"read", 60}, {"failed", 1}});
}

TEST_CASE("a million batches do not pile up", "[job][counts]") {
  BatchCounts counts;
  for (std::int64_t batch = 0; batch < 1'000'000; ++batch) counts.add(batch, "read", 1);
  CHECK(counts.totals().at("read") == 1'000'000);
  // What is far behind is settled, and only the newest are still known by batch.
  CHECK(counts.up_to(0).at("read") > 990'000);
  CHECK(counts.up_to(999'999).at("read") == 1'000'000);
}
