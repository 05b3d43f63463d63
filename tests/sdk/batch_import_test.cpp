// Data from outside that is wrong: every fault is refused with DataInvalid and a text that names
// the column.
#include <functional>
#include <limits>

#include <catch2/catch.hpp>

#include <millrace/batch.hpp>
#include <millrace/context.hpp>

#include "tests/sdk/sample_batches.hpp"

using namespace millrace;
using namespace millrace::sdk_test;

namespace {

using std::int32_t;
using std::int64_t;

// What the fault of a tree is called; empty when it is accepted.
std::string fault_of(const ForeignNode& tree,
                     const std::function<void(ForeignPair&)>& damage = {}) {
  Releases releases;
  std::string message;
  {
    ForeignPair pair = make_pair(tree, &releases);
    if (damage) damage(pair);
    const Batch batch = Batch::import(&pair.array, &pair.schema);
    try {
      (void)batch.schema();
    } catch (const Failure& failure) {
      CHECK(failure.code() == MR_DATA_INVALID);
      message = failure.what();
    }
  }
  CHECK(releases.array == 1);
  CHECK(releases.schema == 1);
  constexpr std::string_view kStart = "batch is malformed: ";
  return message.starts_with(kStart) ? message.substr(kStart.size()) : message;
}

ForeignNode numbers() { return table(3, {{"l", "n", 3, 0, 0, {{}, buffer<int64_t>({1, 2, 3})}}}); }

ForeignNode texts(Buffer offsets, Buffer bytes, int64_t rows = 2) {
  return table(rows, {{"u", "t", rows, 0, 0, {{}, std::move(offsets), std::move(bytes)}}});
}

ForeignNode lists(Buffer offsets, int64_t items) {
  return table(2, {{"+l",
                    "l",
                    2,
                    0,
                    0,
                    {{}, std::move(offsets)},
                    {{"b", "item", items, 0, 0, {{}, bits("11111111")}}}}});
}

}  // namespace

TEST_CASE("well-formed foreign data is accepted", "[sdk][batch][import]") {
  CHECK(fault_of(all_types()).empty());
  CHECK(fault_of(all_types_behind_column_offsets()).empty());
  CHECK(fault_of(all_types_behind_table_offset()).empty());
  CHECK(fault_of(numbers()).empty());
  CHECK(fault_of(table(1000, {})).empty());
}

TEST_CASE("arrays of no rows may lack their buffers", "[sdk][batch][import]") {
  CHECK(fault_of(table(0, {{"l", "n", 0, 0, 0, {{}, {}}}, {"u", "t", 0, 0, 0, {{}, {}, {}}}}))
            .empty());
  CHECK(fault_of(texts(buffer<int32_t>({0, 0, 0}), {})).empty());
  CHECK(fault_of(lists(buffer<int32_t>({0, 0, 0}), 0)).empty());
}

TEST_CASE("formats outside the closed list are refused", "[sdk][batch][import]") {
  for (const auto* format : {"", "I", "s", "U", "Z", "L", "tsm:UTC", "tsu:", "tsu:Europe/Berlin",
                             "+L", "+w:3", "n", "l "}) {
    ForeignNode tree = numbers();
    tree.children[0].format = format;
    CHECK(fault_of(tree) ==
          "column 'n' has an unsupported format: \"" + std::string{format} + "\"");
  }
  ForeignNode tree = numbers();
  tree.format = "l";
  CHECK(fault_of(tree) == "it is not a struct array (\"+s\")");
}

TEST_CASE("lengths, offsets and null counts must be possible", "[sdk][batch][import]") {
  const auto with = [](auto change) {
    return fault_of(numbers(),
                    [&](ForeignPair& pair) { change(pair.array, *pair.array.children[0]); });
  };
  constexpr auto kHuge = std::numeric_limits<int64_t>::max();
  CHECK(with([](auto& root, auto&) { root.length = -1; }) == "it has an impossible length: -1");
  CHECK(with([](auto&, auto& n) { n.length = -1; }) == "column 'n' has an impossible length: -1");
  CHECK(with([](auto&, auto& n) {
          n.length = kHuge;
        }).starts_with("column 'n' has an impossible length"));
  CHECK(with([](auto&, auto& n) { n.offset = -1; }) == "column 'n' has an impossible offset: -1");
  CHECK(with([](auto& root, auto&) {
          root.offset = kHuge;
        }).starts_with("it has an impossible offset"));
  CHECK(with([](auto&, auto& n) { n.null_count = -2; }) ==
        "column 'n' has an impossible null count: -2");
  CHECK(with([](auto&, auto& n) { n.null_count = 4; }) ==
        "column 'n' has an impossible null count: 4");
  CHECK(with([](auto&, auto& n) { n.null_count = 1; }) ==
        "column 'n' has nulls but no validity bitmap");
  CHECK(with([](auto&, auto& n) { n.length = 2; }) == "column 'n' has 2 rows where 3 are needed");
  CHECK(with([](auto& root, auto&) { root.offset = 1; }) ==
        "column 'n' has 3 rows where 4 are needed");
}

TEST_CASE("the validity bitmap must agree with the null count", "[sdk][batch][import]") {
  ForeignNode tree = numbers();
  tree.children[0].buffers[0] = bits("101");
  CHECK(fault_of(tree) == "column 'n' has a null count of 0 and 1 nulls");
  tree.children[0].null_count = 2;
  CHECK(fault_of(tree) == "column 'n' has a null count of 2 and 1 nulls");
  tree.children[0].null_count = 1;
  CHECK(fault_of(tree).empty());
  tree.children[0].null_count = -1;
  CHECK(fault_of(tree).empty());

  ForeignNode rows = numbers();
  rows.buffers[0] = bits("110");
  rows.null_count = -1;
  CHECK(fault_of(rows) == "it has rows that are null as a whole");
  rows.buffers[0] = bits("111");
  CHECK(fault_of(rows).empty());
}

TEST_CASE("the numbers of buffers and children must fit the type", "[sdk][batch][import]") {
  const auto with = [](auto change) {
    return fault_of(all_types(), [&](ForeignPair& pair) { change(pair); });
  };
  CHECK(with([](auto& pair) { pair.array.children[0]->n_buffers = 1; }) ==
        "column 'flag' has 1 buffers, its type has 2");
  CHECK(with([](auto& pair) { pair.array.children[5]->n_buffers = 2; }) ==
        "column 'text' has 2 buffers, its type has 3");
  CHECK(with([](auto& pair) { pair.array.n_buffers = 0; }) == "it has 0 buffers, its type has 1");
  CHECK(with([](auto& pair) { pair.array.buffers = nullptr; }) == "it has no buffers array");
  CHECK(with([](auto& pair) { pair.array.children[2]->buffers = nullptr; }) ==
        "column 'big' has no buffers array");
  CHECK(with([](auto& pair) { pair.array.n_children = 9; }) == "it has 9 children, its schema 10");
  CHECK(with([](auto& pair) { pair.array.children[9]->n_children = 1; }) ==
        "column 'pair' has 1 children, its schema 2");
  CHECK(with([](auto& pair) { pair.schema.children[8]->children = nullptr; }) ==
        "column 'items' has no children array");
  CHECK(with([](auto& pair) { pair.schema.children[0]->n_children = 1; }) ==
        "column 'flag' has children, which its type does not");
  CHECK(with([](auto& pair) { pair.schema.n_children = -1; }) == "it has too many children: -1");
  CHECK(with([](auto& pair) { pair.array.children = nullptr; }) == "it has no children array");
}

TEST_CASE("null pointers and released parts are refused", "[sdk][batch][import]") {
  const auto with = [](auto change) {
    return fault_of(numbers(), [&](ForeignPair& pair) { change(pair); });
  };
  CHECK(with([](auto& pair) { pair.array.children[0]->buffers[1] = nullptr; }) ==
        "column 'n' has no values");
  CHECK(with([](auto& pair) { pair.schema.children[0]->format = nullptr; }) ==
        "column 'n' has no format");
  CHECK(with([](auto& pair) { pair.schema.format = nullptr; }) ==
        "it is not a struct array (\"+s\")");
  CHECK(with([](auto& pair) { pair.schema.children[0]->name = nullptr; }).empty());
  const auto forget = [](auto* child) {
    child->release(child);
    return child;
  };
  CHECK(with([&](auto& pair) { forget(pair.array.children[0]); }) ==
        "it has a child that was released");
  CHECK(with([&](auto& pair) { forget(pair.schema.children[0]); }) ==
        "it has a child whose schema was released");
  CHECK(fault_of(texts(buffer<int32_t>({0, 1, 2}), {})) == "column 't' has no bytes");

  ArrowSchema dictionary{};
  CHECK(with([&](auto& pair) { pair.schema.children[0]->dictionary = &dictionary; }) ==
        "column 'n' is dictionary encoded, which is not supported");
  ArrowArray dictionary_array{};
  CHECK(with([&](auto& pair) { pair.array.children[0]->dictionary = &dictionary_array; }) ==
        "column 'n' is dictionary encoded, which is not supported");
}

TEST_CASE("a pair that was released before is refused when looked into", "[sdk][batch][import]") {
  ArrowArray array{};
  ArrowSchema schema{};
  const Batch batch = Batch::import(&array, &schema);
  CHECK_THROWS_WITH(batch.schema(), "batch is malformed: it was released already");

  Releases releases;
  ForeignPair pair = make_pair(numbers(), &releases);
  pair.schema.release(&pair.schema);
  {
    const Batch half = Batch::import(&pair.array, &pair.schema);
    CHECK_THROWS(half.schema());
  }
  CHECK(releases.array == 1);
}

TEST_CASE("offsets must rise within what they point into", "[sdk][batch][import]") {
  const auto falling = "column 't' has offsets that are negative or fall";
  CHECK(fault_of(texts(buffer<int32_t>({0, 2, 1}), text_buffer("ab"))) == falling);
  CHECK(fault_of(texts(buffer<int32_t>({-1, 0, 1}), text_buffer("ab"))) == falling);
  CHECK(fault_of(texts(buffer<int32_t>({0, -5, 1}), text_buffer("ab"))) == falling);
  CHECK(fault_of(texts(buffer<int32_t>({1, 1, 2}), text_buffer("ab"))).empty());
  CHECK(fault_of(lists(buffer<int32_t>({0, 1, 8}), 8)).empty());
  CHECK(fault_of(lists(buffer<int32_t>({0, 1, 9}), 8)) ==
        "column 'l.item' has 8 rows where 9 are needed");
  CHECK(fault_of(lists(buffer<int32_t>({0, 3, 2}), 8)) ==
        "column 'l' has offsets that are negative or fall");
}

TEST_CASE("two columns of one name are refused", "[sdk][batch][import]") {
  ForeignNode tree = numbers();
  tree.children.push_back(tree.children[0]);
  CHECK(fault_of(tree) == "it has two children named 'n'");
}

TEST_CASE("nesting has a limit, and trees that contain themselves end", "[sdk][batch][import]") {
  const auto nested = [](int depth) {
    ForeignNode node{"l", "n", 1, 0, 0, {{}, buffer<int64_t>({1})}};
    for (int i = 1; i < depth; ++i) {
      ForeignNode outer{"+s", "n", 1, 0, 0, {std::nullopt}, {}};
      outer.children.push_back(std::move(node));
      node = std::move(outer);
    }
    return table(1, {node});
  };
  CHECK(fault_of(nested(16)).empty());
  CHECK(fault_of(nested(17)).ends_with("is nested too deep"));

  // A schema whose child is the schema itself, many times over.
  ForeignNode tree =
      table(1, std::vector<ForeignNode>(64, ForeignNode{"+s", "s", 1, 0, 0, {std::nullopt}, {}}));
  for (std::size_t i = 0; i < tree.children.size(); ++i) tree.children[i].name += std::to_string(i);
  CHECK(fault_of(tree).empty());
  const auto fault = fault_of(tree, [](ForeignPair& pair) {
    for (std::int64_t i = 0; i < pair.schema.n_children; ++i) {
      pair.schema.children[i]->n_children = pair.schema.n_children;
      pair.schema.children[i]->children = pair.schema.children;
    }
  });
  CHECK(fault.ends_with("is nested too deep"));
}

TEST_CASE("validate refuses text that is not UTF-8, wherever it is nested",
          "[sdk][batch][import]") {
  const auto code_of = [](const Batch& batch) {
    try {
      batch.validate();
    } catch (const Failure& failure) {
      return std::pair{failure.code(), std::string{failure.what()}};
    }
    return std::pair{MR_OK, std::string{}};
  };
  CHECK(code_of(import(all_types())).first == MR_OK);
  const auto [code, message] =
      code_of(import(texts(buffer<int32_t>({0, 1, 2}), text_buffer("a\xFF"))));
  CHECK(code == MR_DATA_INVALID);
  CHECK(message == "batch is malformed: column 't' has text that is not UTF-8, in row 1");

  // The bytes of a null do not count, and neither do those outside of the rows.
  ForeignNode hidden = texts(buffer<int32_t>({1, 2, 3}), text_buffer("\xFF"
                                                                     "a\xFF\xFF"));
  hidden.children[0].buffers[0] = bits("10");
  hidden.children[0].null_count = 1;
  CHECK(code_of(import(hidden)).first == MR_OK);

  ForeignNode nested = table(1, {{"+l", "l", 1, 0, 0, {{}, buffer<int32_t>({0, 1})}, {}}});
  nested.children[0].children.push_back({"+s", "item", 1, 0, 0, {std::nullopt}, {}});
  nested.children[0].children[0].children.push_back(
      texts(buffer<int32_t>({0, 1}), text_buffer("\xC3"), 1).children[0]);
  CHECK(code_of(import(nested)).second ==
        "batch is malformed: column 'l.item.t' has text that is not UTF-8, in row 0");
}
