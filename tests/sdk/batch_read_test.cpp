#include <optional>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/batch.hpp>
#include <millrace/context.hpp>

#include "tests/sdk/sample_batches.hpp"

using namespace millrace;
using namespace millrace::sdk_test;

namespace {

template <class T>
std::vector<std::optional<T>> values(const Batch& batch, std::string_view name) {
  const auto column = batch.column<T>(name);
  std::vector<std::optional<T>> all;
  for (std::int64_t row = 0; row < column.size(); ++row) all.push_back(column[row]);
  return all;
}

template <class T>
using Optionals = std::vector<std::optional<T>>;

int code_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Failure& failure) {
    return failure.code();
  }
  return MR_OK;
}

}  // namespace

TEST_CASE("every type reads with its nulls, at any offset", "[sdk][batch]") {
  const auto tree = GENERATE(0, 1, 2);
  const Batch batch = import(tree == 0   ? all_types()
                             : tree == 1 ? all_types_behind_column_offsets()
                                         : all_types_behind_table_offset());
  const auto none = std::nullopt;
  REQUIRE(batch.rows() == 6);
  CHECK(values<bool>(batch, "flag") == Optionals<bool>{true, false, none, true, false, true});
  CHECK(values<std::int32_t>(batch, "small") == Optionals<std::int32_t>{1, -2, 3, none, 5, 6});
  CHECK(values<std::int64_t>(batch, "big") == Optionals<std::int64_t>{10, 20, none, 40, 50, 60});
  CHECK(values<float>(batch, "ratio") == Optionals<float>{0.5F, none, 1.5F, 2.5F, 3.5F, 4.5F});
  CHECK(values<double>(batch, "exact") == Optionals<double>{1.25, 2.25, 3.25, 4.25, none, 6.25});
  CHECK(values<std::string_view>(batch, "text") ==
        Optionals<std::string_view>{"a", "", none, "d\xC3\xA9", "eee", "f"});
  CHECK(values<std::string_view>(batch, "bytes") ==
        Optionals<std::string_view>{"A", none, "CC", "", "E", "F"});
  CHECK(values<std::int64_t>(batch, "when") == Optionals<std::int64_t>{1, 2, 3, 4, 5, none});
  CHECK(rows_of(batch) == join(all_types_rows()));
}

TEST_CASE("a column reads as every wider number and as nothing else", "[sdk][batch]") {
  const Batch batch = import(all_types());
  CHECK(batch.column<std::int64_t>("small").value(1) == -2);
  CHECK(batch.column<double>("small").value(1) == -2.0);
  CHECK(batch.column<double>("big").value(0) == 10.0);
  CHECK(batch.column<double>("ratio").value(0) == 0.5);
  CHECK(batch.column<double>("exact").value(4, 7.5) == 7.5);
  CHECK(code_of([&] { (void)batch.column<std::int32_t>("big"); }) == MR_DATA_INVALID);
  CHECK(code_of([&] { (void)batch.column<float>("exact"); }) == MR_DATA_INVALID);
  CHECK(code_of([&] { (void)batch.column<double>("when"); }) == MR_DATA_INVALID);
  CHECK(code_of([&] { (void)batch.column<double>("flag"); }) == MR_DATA_INVALID);
  CHECK(code_of([&] { (void)batch.column<std::string_view>("pair"); }) == MR_DATA_INVALID);
  CHECK_THROWS_WITH(batch.column<double>("text"),
                    "column has another type: 'text' is utf8, wanted a number");
}

TEST_CASE("an absent column is an error that names those there are", "[sdk][batch]") {
  const Batch batch = Batch{}.with("a", Builder<double>{}).with("b", Builder<double>{});
  CHECK_THROWS_WITH(batch.column<double>("c"), "no such column: 'c'; there are: 'a' 'b'");
  CHECK_THROWS_WITH(Batch{}.column<double>("c"), "no such column: 'c'; there are: none");
  CHECK_FALSE(batch.has("c"));
  CHECK(batch.has("b"));
}

TEST_CASE("the schema tells names, types and children; the item of a list is named item",
          "[sdk][batch]") {
  const Batch batch = import(all_types());
  const Schema& schema = batch.schema();
  REQUIRE(schema.size() == 10);
  CHECK(schema[7] == Field{"when", Type::Timestamp});
  CHECK(schema[8] == Field{"items", Type::List, {Field{"item", Type::Int32}}});
  CHECK(schema[9] ==
        Field{"pair", Type::Struct, {Field{"x", Type::Int64}, Field{"y", Type::Utf8}}});
}

TEST_CASE("the members of a struct are null where the struct is", "[sdk][batch][nested]") {
  const auto tree = GENERATE(0, 1, 2);
  const Batch batch = import(tree == 0   ? all_types()
                             : tree == 1 ? all_types_behind_column_offsets()
                                         : all_types_behind_table_offset());
  const Batch pair = batch.child("pair");
  const auto none = std::nullopt;
  REQUIRE(pair.rows() == 6);
  CHECK(values<std::int64_t>(pair, "x") == Optionals<std::int64_t>{1, 2, none, none, 5, 6});
  CHECK(values<std::string_view>(pair, "y") ==
        Optionals<std::string_view>{"p", none, none, "q", "r", "s"});

  const Batch part = batch.slice(2, 3).child("pair");
  CHECK(values<std::int64_t>(part, "x") == Optionals<std::int64_t>{none, none, 5});
}

TEST_CASE("the child of a list holds the items of its rows, which list_range divides",
          "[sdk][batch][nested]") {
  const auto tree = GENERATE(0, 1, 2);
  const Batch batch = import(tree == 0   ? all_types()
                             : tree == 1 ? all_types_behind_column_offsets()
                                         : all_types_behind_table_offset());
  using Range = std::pair<std::int64_t, std::int64_t>;
  const auto none = std::nullopt;
  const Batch items = batch.child("items");
  CHECK(values<std::int32_t>(items, "item") == Optionals<std::int32_t>{1, 2, 3, none, 5, 6});
  CHECK(batch.list_range("items", 0) == Range{0, 2});
  CHECK(batch.list_range("items", 1) == Range{2, 2});
  CHECK(batch.list_range("items", 2) == Range{0, 0});
  CHECK(batch.list_range("items", 5) == Range{4, 6});

  const Batch part = batch.slice(3, 3);
  CHECK(values<std::int32_t>(part.child("items"), "item") ==
        Optionals<std::int32_t>{3, none, 5, 6});
  CHECK(part.list_range("items", 0) == Range{0, 1});
  CHECK(part.list_range("items", 2) == Range{2, 4});
  CHECK(code_of([&] { (void)part.list_range("items", 3); }) == MR_INVALID_ARGUMENT);
  CHECK(code_of([&] { (void)part.list_range("pair", 0); }) == MR_DATA_INVALID);
  CHECK(code_of([&] { (void)part.child("text"); }) == MR_DATA_INVALID);
}

TEST_CASE("slices of slices read as the rows they name", "[sdk][batch][slice]") {
  const Batch batch = import(all_types_behind_table_offset());
  const auto& rows = all_types_rows();
  CHECK(rows_of(batch.slice(1, 4)) == join({rows[1], rows[2], rows[3], rows[4]}));
  CHECK(rows_of(batch.slice(1, 4).slice(2, 2)) == join({rows[3], rows[4]}));
  CHECK(batch.slice(6, 0).rows() == 0);
  CHECK(rows_of(batch.slice(0, 6)) == join(rows));
  CHECK(code_of([&] { (void)batch.slice(5, 2); }) == MR_INVALID_ARGUMENT);
  CHECK(code_of([&] { (void)batch.slice(-1, 2); }) == MR_INVALID_ARGUMENT);
  CHECK(code_of([&] { (void)batch.slice(0, -1); }) == MR_INVALID_ARGUMENT);
  CHECK(code_of([&] { (void)batch.slice(1, INT64_MAX); }) == MR_INVALID_ARGUMENT);
}

TEST_CASE("size_bytes counts what the rows of a slice use", "[sdk][batch][slice]") {
  Builder<std::string_view> text;
  Builder<std::int64_t> number;
  Builder<bool> flag;
  for (int i = 0; i < 100; ++i) {
    text.append(std::string(static_cast<std::size_t>(i), 'x'));
    i % 2 == 0 ? number.append(i) : number.append_null();
    flag.append(true);
  }
  const Batch batch = Batch{}
                          .with("text", std::move(text))
                          .with("number", std::move(number))
                          .with("flag", std::move(flag));
  CHECK(batch.size_bytes() == (101 * 4 + 4950) + (100 * 8 + 13) + 13);
  CHECK(batch.slice(10, 8).size_bytes() == (9 * 4 + (10 + 17) * 8 / 2) + (8 * 8 + 1) + 1);
  CHECK(batch.slice(10, 0).size_bytes() == 0);
  CHECK(Batch{}.size_bytes() == 0);

  // items: validity 1 + offsets 7 * 4 + six items of 4 with validity 1; pair: 1 + (1 + 6 * 8) + (1
  // + 7 * 4 + 5).
  const std::vector<std::string_view> nested{"items", "pair"};
  CHECK(import(all_types()).select(nested).size_bytes() == (1 + 28 + 24 + 1) + (1 + 49 + 34));
}

TEST_CASE("an empty batch has no columns and no rows, and travels", "[sdk][batch]") {
  Batch batch;
  CHECK(batch.empty());
  CHECK(batch.schema().empty());
  ArrowArray array{};
  ArrowSchema schema{};
  std::move(batch).export_to(&array, &schema);
  REQUIRE(array.release != nullptr);
  const Batch back = Batch::import(&array, &schema);
  CHECK(back.schema().empty());
  CHECK(back.rows() == 0);
}

TEST_CASE("a batch of no rows has all of its columns", "[sdk][batch]") {
  const Batch none = import(all_types()).slice(3, 0);
  CHECK(none.schema().size() == 10);
  CHECK(none.column<std::string_view>("text").size() == 0);
  CHECK(none.child("items").rows() == 0);
  CHECK(none.child("pair").rows() == 0);
  CHECK(rows_of(none).empty());
  CHECK(none.take({}).schema() == none.schema());
}
