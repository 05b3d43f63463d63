#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>
#include <millrace/row_codec.hpp>

using namespace millrace;

namespace {

// Writes each row of a batch and builds them anew.
Batch through_bytes(const Batch& batch) {
  const RowEncoder encoder{batch};
  RowDecoder decoder{batch.schema()};
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < batch.schema().size(); ++i) places.push_back(i);
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    std::string bytes;
    encoder.append(bytes, row);
    decoder.add(bytes, places);
  }
  CHECK(decoder.rows() == batch.rows());
  return decoder.take();
}

// All values as text: the rows written out again.
std::vector<std::string> bytes_of(const Batch& batch) {
  const RowEncoder encoder{batch};
  std::vector<std::string> rows;
  for (std::int64_t row = 0; row < batch.rows(); ++row) encoder.append(rows.emplace_back(), row);
  return rows;
}

Batch nested() {
  Builder<std::string_view> texts;
  for (const char* text : {"a", "b", "", "d"}) texts.append(text);
  Builder<std::int64_t> numbers;
  numbers.append(1);
  numbers.append_null();
  numbers.append(-3);
  const std::vector<std::int64_t> lengths{2, -1, 2};
  Batch members;
  Builder<double> inner;
  inner.append(0.5);
  inner.append_null();
  inner.append(-0.0);
  Builder<bool> flags;
  flags.append(true);
  flags.append(false);
  flags.append_null();
  members = std::move(members).with("inner", std::move(inner)).with("flag", std::move(flags));
  return Batch{}
      .with("number", std::move(numbers))
      .with_list("tags", lengths, Batch{}.with("item", std::move(texts)))
      .with_struct("both", std::move(members));
}

}  // namespace

TEST_CASE("rows of all types come back from their bytes, from slices too", "[sdk][row_codec]") {
  const Batch whole = nested();
  const auto begin = GENERATE(0, 1, 2);
  const Batch given = whole.slice(begin, 3 - begin);
  const Batch made = through_bytes(given);
  made.validate();
  CHECK((made.schema() == given.schema()));
  CHECK(bytes_of(made) == bytes_of(given));
  CHECK(made.list_range("tags", made.rows() - 1).second > 0);
}

TEST_CASE("a column that a row lacks is null, and columns may change their places",
          "[sdk][row_codec]") {
  Builder<std::string_view> texts;
  texts.append("x");
  const Batch given = Batch{}.with("text", std::move(texts));
  RowDecoder decoder{{{"number", Type::Int64}, {"text", Type::Utf8}}};
  std::string bytes;
  RowEncoder{given}.append(bytes, 0);
  const std::vector<std::size_t> places{1};
  decoder.add(bytes, places);
  const Batch made = decoder.take();
  CHECK(made.column<std::string_view>("text")[0] == "x");
  CHECK_FALSE(made.column<std::int64_t>("number")[0]);
  CHECK(decoder.take().rows() == 0);
}

TEST_CASE("bytes that are no row are refused", "[sdk][row_codec]") {
  const Batch given = nested();
  std::string bytes;
  RowEncoder{given}.append(bytes, 0);
  const std::vector<std::size_t> places{0, 1, 2};
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    RowDecoder decoder{given.schema()};
    CHECK_THROWS_AS(decoder.add(std::string_view{bytes}.substr(0, size), places), Failure);
  }
  RowDecoder decoder{given.schema()};
  CHECK_THROWS_AS(decoder.add(bytes + '\0', places), Failure);
}

TEST_CASE("a schema comes back from its text", "[sdk][row_codec]") {
  const Batch given = nested();
  CHECK((read_schema_text(schema_text(given.schema())) == given.schema()));
  CHECK((read_schema_text(schema_text({})) == Schema{}));
  const auto text = schema_text(given.schema());
  for (std::size_t size = 0; size < text.size(); ++size)
    CHECK_THROWS_AS(read_schema_text(text.substr(0, size)), Failure);
  CHECK_THROWS_AS(read_schema_text(text + "0"), Failure);
  CHECK_THROWS_AS(read_schema_text("0000000100000063000000000000000000000000"), Failure);
}
