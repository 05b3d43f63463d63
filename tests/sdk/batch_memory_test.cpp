#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/batch.hpp>
#include <millrace/context.hpp>

#include "tests/sdk/arrow_walker.hpp"
#include "tests/sdk/sample_batches.hpp"

using namespace millrace;
using namespace millrace::sdk_test;

namespace {

void check_released_once(const Releases& releases) {
  CHECK(releases.array == 1);
  CHECK(releases.schema == 1);
}

}  // namespace

TEST_CASE("a batch nobody looks into passes on as it came", "[sdk][batch][memory]") {
  Releases releases;
  {
    ForeignPair pair = make_pair(all_types(), &releases);
    const ArrowArray before = pair.array;
    Batch batch = Batch::import(&pair.array, &pair.schema);
    CHECK(pair.array.release == nullptr);
    CHECK(pair.schema.release == nullptr);
    CHECK(batch.rows() == 6);
    Batch moved = std::move(batch);
    ArrowArray array{};
    ArrowSchema schema{};
    std::move(moved).export_to(&array, &schema);
    CHECK(array.private_data == before.private_data);
    CHECK(array.release == before.release);
    CHECK(releases.array == 0);
    array.release(&array);
    schema.release(&schema);
  }
  check_released_once(releases);
}

TEST_CASE("a batch that was only looked into goes out as it came, unless somebody else looks on",
          "[sdk][batch][memory]") {
  Releases releases;
  {
    ForeignPair pair = make_pair(all_types(), &releases);
    const ArrowArray before = pair.array;
    Batch batch = Batch::import(&pair.array, &pair.schema);
    CHECK(batch.column<std::string_view>("text").value(4) == "eee");
    CHECK(batch.child("pair").rows() == 6);
    CHECK(batch.slice(2, 2).rows() == 2);
    const auto onlooker = GENERATE(0, 1, 2, 3, 4);
    Batch other;
    Column<std::string_view> column;
    if (onlooker == 1) other = batch.share();
    if (onlooker == 2) other = batch.slice(1, 2);
    if (onlooker == 3) other = batch.child("items");
    if (onlooker == 4) column = batch.column<std::string_view>("text");
    std::move(batch).export_to(&pair.array, &pair.schema);
    CHECK((pair.array.private_data == before.private_data) == (onlooker == 0));
    CHECK(walk(pair.array, pair.schema) == join(all_types_rows()));
    pair.array.release(&pair.array);
    pair.schema.release(&pair.schema);
    CHECK(releases.array == (onlooker == 0 ? 1 : 0));
  }
  check_released_once(releases);
}

TEST_CASE("a batch that a hundred thousand operators changed is released without a deep stack",
          "[sdk][batch][memory]") {
  Releases releases;
  {
    ForeignPair pair = make_pair(all_types(), &releases);
    for (int i = 0; i < 100'000; ++i) {
      const std::vector<std::string_view> names{"big", "text"};
      Batch::import(&pair.array, &pair.schema).select(names).export_to(&pair.array, &pair.schema);
    }
    CHECK(releases.array == 0);
    pair.array.release(&pair.array);
    pair.schema.release(&pair.schema);
  }
  check_released_once(releases);
}

TEST_CASE("an unread batch releases its pair once", "[sdk][batch][memory]") {
  Releases releases;
  { const Batch batch = import(all_types(), &releases); }
  check_released_once(releases);
}

TEST_CASE("the parent is released once, by the last of batches, columns and exports",
          "[sdk][batch][memory]") {
  Releases releases;
  {
    Batch batch = import(all_types(), &releases);
    auto column =
        std::make_unique<Column<std::string_view>>(batch.column<std::string_view>("text"));
    Batch other = batch.share();
    Batch part = batch.slice(1, 2);
    const std::vector<std::string_view> names{"text"};
    Batch chosen = other.share().select(names);
    ArrowArray array{};
    ArrowSchema schema{};
    std::move(batch).export_to(&array, &schema);
    other = Batch{};
    part = Batch{};
    chosen = Batch{};
    CHECK(releases.array == 0);
    CHECK(walk(array, schema) == join(all_types_rows()));
    array.release(&array);
    schema.release(&schema);
    CHECK(array.release == nullptr);
    CHECK(releases.array == 0);
    CHECK(column->value(4) == "eee");
    column.reset();
    CHECK(releases.array == 1);
  }
  check_released_once(releases);
}

TEST_CASE("what was taken or joined owns its memory", "[sdk][batch][memory]") {
  Releases releases;
  Batch taken;
  {
    const Batch batch = import(all_types(), &releases);
    const std::vector<std::int64_t> rows{5, 0};
    taken = batch.take(rows);
  }
  check_released_once(releases);
  CHECK(rows_of(taken) == join({all_types_rows()[5], all_types_rows()[0]}));
}

TEST_CASE("a malformed batch is released once too", "[sdk][batch][memory]") {
  Releases releases;
  ForeignNode tree = all_types();
  tree.children[2].buffers.pop_back();
  {
    const Batch batch = import(tree, &releases);
    CHECK_THROWS(batch.schema());
    CHECK_THROWS(batch.schema());
    CHECK(releases.array == 0);
  }
  check_released_once(releases);
}

TEST_CASE("a consumer may move children out of an export and release them later",
          "[sdk][batch][memory]") {
  Releases releases;
  Batch batch = import(all_types(), &releases);
  ArrowArray array{};
  ArrowSchema schema{};
  batch.share().export_to(&array, &schema);
  batch = Batch{};
  ArrowArray list = *array.children[8];
  array.children[8]->release = nullptr;
  ArrowSchema list_schema = *schema.children[8];
  schema.children[8]->release = nullptr;
  array.release(&array);
  schema.release(&schema);
  CHECK(releases.array == 0);

  ArrowArray item = *list.children[0];
  list.children[0]->release = nullptr;
  CHECK(walk(list, list_schema) == "[1, 2]\n[]\nnull\n[3]\n[null]\n[5, 6]");
  list.release(&list);
  list_schema.release(&list_schema);
  CHECK(releases.array == 0);
  CHECK(item.length == 7);
  item.release(&item);
  CHECK(releases.array == 1);
}

TEST_CASE(
    "an export that comes back unchanged is looked into without parsing, and goes out as it came",
    "[sdk][batch][memory]") {
  Releases releases;
  {
    const Batch batch = import(all_types(), &releases);
    ArrowArray array{};
    ArrowSchema schema{};
    batch.share().export_to(&array, &schema);
    const void* const made = array.private_data;
    Batch back = Batch::import(&array, &schema);
    CHECK(back.schema() == batch.schema());
    CHECK(rows_of(back) == join(all_types_rows()));
    std::move(back).export_to(&array, &schema);
    CHECK(array.private_data == made);
    CHECK(walk(array, schema) == join(all_types_rows()));

    // A changed batch is a new one, and leaves the memory to whoever still shows it.
    Batch changed = Batch::import(&array, &schema).without("flag");
    CHECK_FALSE(changed.has("flag"));
    CHECK(batch.has("flag"));
  }
  check_released_once(releases);
}

TEST_CASE("an export that somebody changed is checked like any other", "[sdk][batch][memory]") {
  const Batch batch = import(all_types());
  ArrowArray array{};
  ArrowSchema schema{};
  batch.share().export_to(&array, &schema);
  SECTION("rows were cut off") {
    array.length = 2;
    const Batch back = Batch::import(&array, &schema);
    CHECK(back.column<std::int64_t>("big").size() == 2);
  }
  SECTION("a column was made too short") {
    array.children[0]->length = 2;
    const Batch back = Batch::import(&array, &schema);
    CHECK_THROWS_AS(back.schema(), Failure);
  }
  SECTION("a column lost a buffer") {
    array.children[2]->buffers[1] = nullptr;
    const Batch back = Batch::import(&array, &schema);
    CHECK_THROWS_AS(back.schema(), Failure);
  }
  SECTION("a column got another name") {
    schema.children[0]->name = "other";
    const Batch back = Batch::import(&array, &schema);
    CHECK(back.has("other"));
  }
  SECTION("a column was taken out") {
    array.children[0]->release(array.children[0]);
    const Batch back = Batch::import(&array, &schema);
    CHECK_THROWS_AS(back.schema(), Failure);
  }
}

TEST_CASE("columns added to one share are not seen in another", "[sdk][batch][memory]") {
  Builder<std::int64_t> first;
  first.append(1);
  Builder<std::int64_t> second;
  second.append(2);
  Builder<std::int64_t> instead;
  instead.append(3);
  Batch batch = Batch{}.with("a", std::move(first));
  const Batch share = batch.share();
  batch = std::move(batch).with("b", std::move(second)).with("a", std::move(instead));
  CHECK(batch.column<std::int64_t>("a").value(0) == 3);
  CHECK(batch.has("b"));
  CHECK(share.column<std::int64_t>("a").value(0) == 1);
  CHECK_FALSE(share.has("b"));
}

TEST_CASE("moved-from batches are empty and assignable", "[sdk][batch][memory]") {
  Releases releases;
  {
    Batch batch = import(all_types(), &releases);
    Batch other = std::move(batch);
    CHECK(batch.rows() == 0);  // NOLINT: the state of a moved-from batch is promised
    CHECK(batch.schema().empty());
    batch = std::move(other);
    CHECK(batch.rows() == 6);
    Batch& same = batch;
    batch = std::move(same);
    CHECK(batch.rows() == 6);
  }
  check_released_once(releases);
}

TEST_CASE("shares live and end on several threads", "[sdk][batch][memory]") {
  Releases releases;
  std::vector<std::string> texts(8);
  {
    const Batch batch = import(all_types(), &releases);
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      threads.emplace_back([share = batch.share(), &text = texts[i]] {
        for (int turn = 0; turn < 50; ++turn) text = rows_of(share.slice(0, 6).share());
      });
    }
  }
  for (const auto& text : texts) CHECK(text == join(all_types_rows()));
  check_released_once(releases);
}
