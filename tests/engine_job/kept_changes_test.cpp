#include "engine/job/kept_changes.hpp"

#include <limits>

#include <catch2/catch.hpp>

#include "tests/fixtures/catalog_place.hpp"

using namespace millrace;
using test::must;

namespace {

KeptChanges::Item change(std::int64_t sequence, const std::string& name, std::size_t rows = 1) {
  return {"tag", sequence, rows, Json{{"name", name}}};
}

// What a list holds, in its order.
std::string names(std::string_view list) {
  std::string names;
  for (const auto& item : must(KeptChanges::read(list)))
    names += item.change["name"].get<std::string>();
  return names;
}

}  // namespace

TEST_CASE("changes of batches behind a checkpoint are not part of it", "[job][kept_changes]") {
  KeptChanges kept;
  must(kept.add(change(0, "a")));
  must(kept.add(change(1, "b")));
  kept.mark(1);
  must(kept.add(change(2, "c")));  // ahead of the checkpoint
  must(kept.add(change(1, "d")));  // late, and a part of it
  must(kept.add(change(std::numeric_limits<std::int64_t>::max(), "e")));
  CHECK(names(kept.up_to_mark()) == "abd");
  kept.mark(2);
  CHECK(names(kept.up_to_mark()) == "abcd");
}

TEST_CASE("kept changes come in the order of their batches", "[job][kept_changes]") {
  KeptChanges kept;
  for (const auto& [sequence, name] : {std::pair{3, "d"}, {1, "a"}, {2, "c"}, {1, "b"}})
    must(kept.add(change(sequence, name)));
  CHECK(names(kept.all()) == "abcd");
}

TEST_CASE("an attempt that resumes goes on with the changes of the checkpoint",
          "[job][kept_changes]") {
  KeptChanges first;
  CHECK(first.empty());
  must(first.add(change(0, "a", 3)));
  must(first.add(change(1, "b", 4)));
  first.mark(0);
  KeptChanges next;
  must(next.restore(first.up_to_mark(), 0));
  CHECK(next.size() == 1);
  CHECK(next.rows() == 3);
  CHECK(names(next.up_to_mark()) == "a");
  must(next.add(change(1, "b", 4)));
  CHECK(names(next.up_to_mark()) == "a");
  CHECK(next.all() == first.all());
  CHECK(next.rows() == 7);
  for (const char* text : {"", "{}", "[1]", R"([{"node": "a"}])", R"([{"change": {}}])"}) {
    INFO(text);
    CHECK(KeptChanges{}.restore(text, 0).error().code == Code::DataInvalid);
  }
}

TEST_CASE("what is more than a job may keep is refused, and what is kept stays",
          "[job][kept_changes]") {
  KeptChanges kept;
  const std::string large(1u << 20, 'x');
  std::size_t taken = 0;
  Result<void> added;
  while (taken < 20 && (added = kept.add(change(0, large))).ok()) ++taken;
  REQUIRE_FALSE(added.ok());
  CHECK(added.error().code == Code::Exhausted);
  CHECK(added.error().message.find("8388608 bytes") != std::string::npos);
  CHECK(taken == 7);
  CHECK(kept.size() == taken);
  must(kept.add(change(0, "small")));
  CHECK(kept.all().size() <= KeptChanges::kMostBytes + kept.size() + 1);
}

TEST_CASE("a job keeps a limited number of changes", "[job][kept_changes]") {
  KeptChanges kept;
  for (std::size_t made = 0; made < KeptChanges::kMostChanges; ++made)
    must(kept.add(change(0, "a")));
  const auto refused = kept.add(change(0, "a"));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::Exhausted);
  CHECK(refused.error().message.find("10000 changes") != std::string::npos);
}
