#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <catch2/catch.hpp>

#include <millrace/batch_block.hpp>
#include <millrace/context.hpp>

using namespace millrace;

namespace {

const Schema kAll{{"id", Type::Int64},  {"when", Type::Timestamp}, {"size", Type::Float64},
                  {"good", Type::Bool}, {"name", Type::Utf8},      {"bytes", Type::Binary},
                  {"none", Type::Int64}};
using TextBytes = std::array<std::size_t, 7>;

// Row i has i in each column, null where i % 3 is 2.
Batch make(std::int64_t rows) {
  std::size_t texts = 0;
  for (std::int64_t row = 0; row < rows; ++row) texts += row % 3 == 2 ? 0 : 2;
  BatchBlock block{kAll, rows, TextBytes{0, 0, 0, 0, texts, texts, 0}};
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::array<char, 2> text{static_cast<char>('a' + row % 26), 'x'};
    for (std::size_t column = 0; column < 6; ++column) {
      if (row % 3 == 2) {
        block.append_null(column);
      } else if (column < 2) {
        block.append(column, row);
      } else if (column == 2) {
        block.append(column, static_cast<double>(row) / 2);
      } else if (column == 3) {
        block.append(column, row % 2 == 1);
      } else {
        block.append(column, std::string_view{text.data(), text.size()});
      }
    }
    block.append_null(6);
  }
  return block.finish();
}

void check(const Batch& batch, std::int64_t rows) {
  batch.validate();
  CHECK(batch.schema() == kAll);
  REQUIRE(batch.rows() == rows);
  const auto id = batch.column<std::int64_t>("id"), when = batch.column<std::int64_t>("when"),
             none = batch.column<std::int64_t>("none");
  const auto size = batch.column<double>("size");
  const auto good = batch.column<bool>("good");
  const auto name = batch.column<std::string_view>("name"),
             bytes = batch.column<std::string_view>("bytes");
  for (std::int64_t row = 0; row < rows; ++row) {
    CAPTURE(row);
    const bool is_null = row % 3 == 2;
    const std::array<char, 2> text{static_cast<char>('a' + row % 26), 'x'};
    CHECK(id[row] == (is_null ? std::nullopt : std::optional{row}));
    CHECK(when[row] == (is_null ? std::nullopt : std::optional{row}));
    CHECK(size[row] == (is_null ? std::nullopt : std::optional{static_cast<double>(row) / 2}));
    CHECK(good[row] == (is_null ? std::nullopt : std::optional{row % 2 == 1}));
    CHECK(name.value(row) == (is_null ? "" : std::string_view{text.data(), text.size()}));
    CHECK(name[row].has_value() != is_null);
    CHECK(bytes[row] == name[row]);
    CHECK_FALSE(none[row]);
  }
}

}  // namespace

TEST_CASE("a block of columns reads as columns built one by one", "[sdk][batch]") {
  const auto rows = GENERATE(std::int64_t{0}, 1, 2, 3, 7, 8, 9, 63, 64, 65, 1000);
  check(make(rows), rows);
  check(make(rows).share(), rows);
  ArrowArray array{};
  ArrowSchema schema{};
  make(rows).export_to(&array, &schema);
  check(Batch::import(&array, &schema), rows);
}

TEST_CASE("a block lives as long as one of its columns", "[sdk][batch][memory]") {
  std::optional<Column<std::string_view>> kept;
  {
    const Batch batch = make(9);
    kept = batch.column<std::string_view>("name");
  }
  CHECK((*kept)[8] == std::nullopt);
  CHECK((*kept)[7] == "hx");
  Batch one = make(9).slice(3, 2).select(std::array<std::string_view, 1>{"id"});
  CHECK(one.column<std::int64_t>("id").value(1) == 4);
}

TEST_CASE("a block without columns has its rows", "[sdk][batch]") {
  Batch batch = BatchBlock{Schema{}, 2, {}}.finish();
  CHECK(batch.rows() == 2);
  Builder<std::int64_t> values;
  values.append(1);
  values.append(2);
  batch = std::move(batch).with("id", std::move(values));
  CHECK(batch.column<std::int64_t>("id").value(1) == 2);
}

TEST_CASE("a block takes what fits into columns without children", "[sdk][batch]") {
  const std::array<std::size_t, 1> too_many{std::size_t{1} << 31};
  CHECK_THROWS_AS((BatchBlock{{{"text", Type::Utf8}}, 1, too_many}), Failure);
  CHECK_THROWS_AS((BatchBlock{{{"list", Type::List}}, 1, too_many}), Failure);
  CHECK_THROWS_AS((BatchBlock{{{"struct", Type::Struct}}, 1, too_many}), Failure);
  // Of what is no text the bytes do not count.
  CHECK_NOTHROW(BatchBlock{{{"id", Type::Int64}}, 1, too_many});
}
