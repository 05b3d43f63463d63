#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/batch.hpp>
#include <millrace/context.hpp>

#include "tests/sdk/sample_batches.hpp"

using namespace millrace;
using namespace millrace::sdk_test;

namespace {

using Rows = std::vector<std::int64_t>;
using Names = std::vector<std::string_view>;

int code_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Failure& failure) {
    return failure.code();
  }
  return MR_OK;
}

Batch numbers(const std::vector<std::optional<std::int64_t>>& values, std::string_view name = "n") {
  Builder<std::int64_t> builder;
  for (const auto& value : values) builder.append(value);
  return Batch{}.with(name, std::move(builder));
}

std::string picked(const Rows& rows) {
  std::vector<std::string> all;
  for (const auto row : rows) all.push_back(all_types_rows()[static_cast<std::size_t>(row)]);
  return join(all);
}

}  // namespace

TEST_CASE("take picks rows in any order and any number, of every type", "[sdk][batch][take]") {
  const auto tree = GENERATE(0, 1, 2);
  const Batch batch = import(tree == 0   ? all_types()
                             : tree == 1 ? all_types_behind_column_offsets()
                                         : all_types_behind_table_offset());
  const auto rows = GENERATE(Rows{}, Rows{0}, Rows{5, 4, 3, 2, 1, 0}, Rows{2, 2, 2},
                             Rows{0, 1, 2, 3, 4, 5, 5, 0, 1}, Rows{3, 4, 1, 2});
  CHECK(rows_of(batch.take(rows)) == picked(rows));
  CHECK(batch.take(rows).rows() == static_cast<std::int64_t>(rows.size()));
  CHECK(batch.take(rows).schema() == batch.schema());
}

TEST_CASE("take of what was taken or sliced is as of the rows themselves", "[sdk][batch][take]") {
  const Batch batch = import(all_types());
  CHECK(rows_of(batch.take(Rows{5, 4, 3, 2}).slice(1, 3).take(Rows{2, 0})) == picked({2, 4}));
}

TEST_CASE("take refuses rows that are not there", "[sdk][batch][take]") {
  const Batch batch = import(all_types());
  CHECK(code_of([&] { (void)batch.take(Rows{6}); }) == MR_INVALID_ARGUMENT);
  CHECK(code_of([&] { (void)batch.take(Rows{-1}); }) == MR_INVALID_ARGUMENT);
  CHECK_THROWS_WITH(batch.take(Rows{0, 9}), "no such row: 9 of 6");
}

TEST_CASE("keep_rows keeps what satisfies the predicate, and never a null",
          "[sdk][batch][keep_rows]") {
  CHECK(rows_of(import(all_types()).keep_rows("big", [](std::int64_t v) { return v >= 20; })) ==
        picked({1, 3, 4, 5}));
  CHECK(rows_of(import(all_types()).keep_rows("small", [](double v) { return v < 5; })) ==
        picked({0, 1, 2}));
  CHECK(rows_of(import(all_types()).keep_rows("text", [](std::string_view v) {
          return v.size() == 1;
        })) == picked({0, 5}));
  CHECK(rows_of(import(all_types()).keep_rows("flag", [](bool v) { return !v; })) ==
        picked({1, 4}));
  CHECK(rows_of(import(all_types()).keep_rows("small", [](const int& v) { return v == -2; })) ==
        picked({1}));
  CHECK(rows_of(import(all_types()).keep_rows("when", [](long long v) { return v > 0; })) ==
        picked({0, 1, 2, 3, 4}));
  CHECK(import(all_types()).keep_rows("exact", [](double) { return false; }).rows() == 0);
  CHECK(code_of([] { (void)import(all_types()).keep_rows("text", [](double) { return true; }); }) ==
        MR_DATA_INVALID);
}

TEST_CASE("keep_rows takes functions and mutable lambdas", "[sdk][batch][keep_rows]") {
  bool (*is_even)(std::int64_t) = [](std::int64_t v) { return v % 2 == 0; };
  CHECK(rows_of(numbers({1, 2, {}, 4}).keep_rows("n", is_even)) == "{n: 2}\n{n: 4}");
  int seen = 0;
  CHECK(rows_of(numbers({7, 8, 9}).keep_rows(
            "n", [seen](std::int64_t) mutable { return ++seen == 2; })) == "{n: 8}");
}

TEST_CASE("keeping all rows, or a run of most of them, copies nothing", "[sdk][batch][keep_rows]") {
  Builder<std::string_view> builder;
  for (int i = 0; i < 10; ++i) builder.append(std::string(100, static_cast<char>('a' + i)));
  const Batch batch = Batch{}.with("text", std::move(builder));
  const char* third = batch.column<std::string_view>("text").value(2).data();
  const auto kept_at = [&](char least, char most) {
    const Batch kept = batch.share().keep_rows(
        "text", [&](std::string_view v) { return v[0] >= least && v[0] <= most; });
    const auto column = kept.column<std::string_view>("text");
    for (std::int64_t row = 0; row < column.size(); ++row) {
      if (column.value(row)[0] == 'c') return column.value(row).data();
    }
    return static_cast<const char*>(nullptr);
  };
  CHECK(kept_at('a', 'z') == third);
  CHECK(kept_at('b', 'h') == third);
  CHECK(kept_at('c', 'd') != third);  // two rows do not hold the memory of ten
}

TEST_CASE("with adds a column or replaces one in its place", "[sdk][batch][with]") {
  Builder<std::string_view> text;
  text.append("x");
  text.append_null();
  Batch batch = numbers({1, 2}).with("t", std::move(text));
  CHECK(rows_of(batch) == "{n: 1, t: \"x\"}\n{n: 2, t: null}");

  Builder<bool> flag;
  flag.append(true);
  flag.append(false);
  CHECK(rows_of(std::move(batch).with("n", std::move(flag))) ==
        "{n: true, t: \"x\"}\n{n: false, t: null}");
}

TEST_CASE("with refuses a column of another length", "[sdk][batch][with]") {
  CHECK_THROWS_WITH(numbers({1, 2}).with("m", Builder<double>{}),
                    "column 'm' has 0 rows, the batch 2");
  CHECK(code_of([] { (void)numbers({}).with("m", Builder<std::int64_t>{}); }) == MR_OK);
  // Rows without columns are still rows.
  Builder<double> one;
  one.append(1);
  CHECK(code_of([&] {
          (void)numbers({1, 2}).without("n").with("m", std::move(one));
        }) == MR_INVALID_ARGUMENT);
}

TEST_CASE("with on a sliced and shared batch leaves the others as they were",
          "[sdk][batch][with]") {
  const Batch batch = import(all_types());
  Builder<std::int32_t> builder;
  builder.append(100);
  builder.append(200);
  const Names names{"small", "text"};
  CHECK(rows_of(batch.slice(3, 2).select(names).with("small", std::move(builder))) ==
        "{small: 100, text: \"d\xC3\xA9\"}\n{small: 200, text: \"eee\"}");
  CHECK(rows_of(batch) == join(all_types_rows()));
}

TEST_CASE("select orders columns, without drops one", "[sdk][batch][select]") {
  const Names names{"text", "flag"};
  CHECK(rows_of(import(all_types()).slice(0, 2).select(names)) ==
        "{text: \"a\", flag: true}\n{text: \"\", flag: false}");
  CHECK(rows_of(import(all_types()).slice(0, 1).select(names).without("text")) == "{flag: true}");
  CHECK(import(all_types()).select({}).rows() == 6);
  CHECK(code_of([&] { (void)import(all_types()).without("nope"); }) == MR_DATA_INVALID);
  const Names absent{"nope"};
  CHECK(code_of([&] { (void)import(all_types()).select(absent); }) == MR_DATA_INVALID);
  const Names twice{"text", "text"};
  CHECK(code_of([&] { (void)import(all_types()).select(twice); }) == MR_INVALID_ARGUMENT);
}

TEST_CASE("with_struct and with_list build nested columns that read back", "[sdk][batch][nested]") {
  Batch members = numbers({1, {}, 3}, "x").with("y", [] {
    Builder<std::string_view> y;
    for (const auto* text : {"p", "q", "r"}) y.append(text);
    return y;
  }());
  const Rows lengths{2, -1, 0, 1};
  Batch batch = numbers({7, 8, 9, 10}).with_list("boxes", lengths, members.share()).slice(0, 4);
  CHECK(rows_of(batch) ==
        "{n: 7, boxes: [{x: 1, y: \"p\"}, {x: null, y: \"q\"}]}\n"
        "{n: 8, boxes: null}\n{n: 9, boxes: []}\n{n: 10, boxes: [{x: 3, y: \"r\"}]}");
  CHECK(rows_of(batch.child("boxes")) == rows_of(members));
  CHECK(rows_of(numbers({1, 2, 3}).with_struct("s", std::move(members)).slice(1, 2)) ==
        "{n: 2, s: {x: null, y: \"q\"}}\n{n: 3, s: {x: 3, y: \"r\"}}");
  const Rows plain{1, 2};
  CHECK(rows_of(Batch{}.with_list("l", plain, numbers({4, 5, 6}, "item"))) ==
        "{l: [4]}\n{l: [5, 6]}");
}

TEST_CASE("with_list refuses lengths that do not fit the items", "[sdk][batch][nested]") {
  const auto list = [](const Rows& lengths) {
    return code_of([&] { (void)Batch{}.with_list("l", lengths, numbers({1, 2}, "item")); });
  };
  CHECK(list({1, 1}) == MR_OK);
  CHECK(list({1}) == MR_INVALID_ARGUMENT);
  CHECK(list({1, 2}) == MR_INVALID_ARGUMENT);
  CHECK(list({-2, 2}) == MR_INVALID_ARGUMENT);
  CHECK(list({std::numeric_limits<std::int64_t>::max()}) == MR_INVALID_ARGUMENT);
}

TEST_CASE("concat joins every type, at any offset", "[sdk][batch][concat]") {
  std::vector<Batch> parts;
  parts.push_back(import(all_types()).slice(0, 3));
  parts.push_back(import(all_types_behind_column_offsets()).slice(1, 5));
  parts.push_back(import(all_types()).slice(2, 0));
  parts.push_back(import(all_types_behind_table_offset()));
  parts.push_back(import(all_types()).take(Rows{5, 2}));
  CHECK(rows_of(Batch::concat(std::move(parts))) ==
        picked({0, 1, 2, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 5, 2}));
}

TEST_CASE("concat fills what a part lacks with null, of nested types too", "[sdk][batch][concat]") {
  std::vector<Batch> parts;
  parts.push_back(numbers({1}));
  const Names names{"small", "flag", "items", "pair", "text"};
  parts.push_back(import(all_types()).slice(0, 1).select(names));
  parts.push_back(numbers({2, 3}));
  CHECK(rows_of(Batch::concat(std::move(parts))) ==
        "{n: 1, small: null, flag: null, items: null, pair: null, text: null}\n"
        "{n: null, small: 1, flag: true, items: [1, 2], pair: {x: 1, y: \"p\"}, text: \"a\"}\n"
        "{n: 2, small: null, flag: null, items: null, pair: null, text: null}\n"
        "{n: 3, small: null, flag: null, items: null, pair: null, text: null}");
}

TEST_CASE("concat refuses one name with two types", "[sdk][batch][concat]") {
  std::vector<Batch> parts;
  parts.push_back(numbers({1}));
  parts.push_back(Batch{}.with("n", Builder<double>{}));
  CHECK_THROWS_WITH(
      Batch::concat(std::move(parts)),
      "batches do not fit together: column 'n' is int64 in one and float64 in another");
}

TEST_CASE("concat of nothing is the empty batch, of one part that part", "[sdk][batch][concat]") {
  CHECK(Batch::concat({}).rows() == 0);
  std::vector<Batch> one;
  one.push_back(numbers({4, {}}));
  CHECK(rows_of(Batch::concat(std::move(one))) == "{n: 4}\n{n: null}");
}

TEST_CASE("concat of many odd slices keeps every bit in its place", "[sdk][batch][concat]") {
  Builder<bool> builder;
  std::vector<std::optional<bool>> expected;
  for (int i = 0; i < 1000; ++i) {
    const auto value = i % 7 == 3 ? std::nullopt : std::optional{i % 3 == 0 || i % 11 == 5};
    builder.append(value);
  }
  const Batch all = Batch{}.with("b", std::move(builder));
  const auto whole = all.column<bool>("b");
  std::vector<Batch> parts;
  std::int64_t at = 0;
  for (std::int64_t length = 1; at + length <= all.rows(); ++length) {
    parts.push_back(all.slice(at + length / 3, length - length / 3));
    for (auto row = at + length / 3; row < at + length; ++row) expected.push_back(whole[row]);
    at += length;
  }
  const Batch joined = Batch::concat(std::move(parts));
  const auto column = joined.column<bool>("b");
  REQUIRE(column.size() == static_cast<std::int64_t>(expected.size()));
  for (std::int64_t row = 0; row < column.size(); ++row) {
    INFO(row);
    REQUIRE(column[row] == expected[static_cast<std::size_t>(row)]);
  }
}

TEST_CASE("a builder makes the type it was asked for, and no other", "[sdk][batch][builder]") {
  Builder<std::int64_t> when{Type::Timestamp};
  when.append(5);
  Builder<std::string_view> bytes{Type::Binary};
  bytes.append(std::string_view{"\0\xFF", 2});
  const Batch batch = Batch{}.with("when", std::move(when)).with("bytes", std::move(bytes));
  CHECK(batch.schema() == Schema{{"when", Type::Timestamp}, {"bytes", Type::Binary}});
  CHECK(batch.column<std::string_view>("bytes").value(0) == std::string_view("\0\xFF", 2));
  CHECK(code_of([] { Builder<double>{Type::Int64}; }) == MR_INVALID_ARGUMENT);
  CHECK(code_of([] { Builder<std::string_view>{Type::List}; }) == MR_INVALID_ARGUMENT);
}

TEST_CASE("a builder holds many rows, with the first null anywhere", "[sdk][batch][builder]") {
  const std::int64_t first_null = GENERATE(0, 1, 7, 8, 9, 999);
  Builder<std::int64_t> builder;
  builder.reserve(500);
  for (std::int64_t i = 0; i < 1000; ++i)
    i < first_null ? builder.append(i) : builder.append_null();
  CHECK(builder.size() == 1000);
  const Batch batch = Batch{}.with("n", std::move(builder));
  const auto column = batch.column<std::int64_t>("n");
  for (std::int64_t i = 0; i < 1000; ++i) REQUIRE(column[i].has_value() == (i < first_null));
  CHECK(column.value(first_null - 1 < 0 ? 0 : first_null - 1, -1) ==
        (first_null == 0 ? -1 : first_null - 1));
}
