#include "engine/run/parcel.hpp"

#include <catch2/catch.hpp>

using namespace millrace;

namespace {

Parcel parcel(std::int64_t sequence, std::size_t bytes) {
  Parcel made;
  made.sequence = sequence;
  made.bytes = bytes;
  return made;
}

}  // namespace

TEST_CASE("an edge refuses what would pass its byte limit, and tells the consumer", "[run][edge]") {
  EdgeQueue edge;
  const EdgeQueue::Limits limits{100, 10};
  auto first = parcel(0, 60), second = parcel(1, 60);
  CHECK(edge.try_push(first, limits));
  CHECK(!edge.try_push(second, limits));
  CHECK(second.bytes == 60);
  bool producer_waits = false;
  CHECK(edge.pop(producer_waits)->sequence == 0);
  CHECK(producer_waits);
  CHECK(edge.try_push(second, limits));
  CHECK(edge.pop(producer_waits)->sequence == 1);
  CHECK(!producer_waits);
  CHECK(!edge.pop(producer_waits));
}

TEST_CASE("an empty edge takes a parcel of any size", "[run][edge]") {
  EdgeQueue edge;
  auto large = parcel(0, 1'000'000);
  CHECK(edge.try_push(large, {1, 1}));
  CHECK(edge.head()->sequence == 0);
}

TEST_CASE("an edge keeps its order through many pushes and pops", "[run][edge]") {
  EdgeQueue edge;
  std::int64_t pushed = 0, popped = 0;
  bool producer_waits = false;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < round % 7; ++i) {
      auto next = parcel(pushed, 1);
      if (edge.try_push(next, {16, 16})) ++pushed;
    }
    for (int i = 0; i < round % 5 && edge.head(); ++i)
      CHECK(edge.pop(producer_waits)->sequence == popped++);
  }
  CHECK(pushed > 100);
}
