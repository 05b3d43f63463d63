#include "plugins/records/seen_set.hpp"

#include <set>
#include <utility>

#include <catch2/catch.hpp>

using millrace::records::SeenSet;

TEST_CASE("the set agrees with a plain one under inserts and erasures", "[records][seen_set]") {
  SeenSet seen;
  std::set<std::pair<std::uint64_t, std::uint64_t>> plain;
  std::uint64_t random = 42;
  for (int i = 0; i < 20'000; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const SeenSet::Hash hash{random >> 60, (random >> 40) % 3000};  // low halves collide
    const bool is_new = plain.emplace(hash.high, hash.low).second;
    seen.prefetch(hash);
    CHECK(seen.insert(hash) == is_new);
    if (random >> 63 == 0) continue;
    seen.erase(hash);
    plain.erase({hash.high, hash.low});
  }
  CHECK(seen.size() == plain.size());
  std::size_t found = 0;
  seen.for_each([&](SeenSet::Hash hash) { found += plain.count({hash.high, hash.low}); });
  CHECK(found == plain.size());
}

TEST_CASE("the hash that is zero is a hash like others", "[records][seen_set]") {
  SeenSet seen;
  seen.prefetch({});
  CHECK(seen.insert({}));
  CHECK_FALSE(seen.insert({}));
  CHECK(seen.size() == 1);
  seen.erase({});
  CHECK(seen.insert({}));
  seen.clear();
  CHECK(seen.size() == 0);
}
