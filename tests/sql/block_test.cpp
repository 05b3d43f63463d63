#include <catch2/catch.hpp>

#include <millrace/sql/block.hpp>

#include "tests/sql/place.hpp"

namespace sql = millrace::sql;
namespace test = millrace::test;
using millrace::sql::Type;
using millrace::test::column;

TEST_CASE("a column keeps values and nulls in Arrow's layout", "[sql][block]") {
  auto texts = column("a", Type::Text);
  auto numbers = column("b", Type::Integer);
  auto reals = column("c", Type::Real);
  for (int round = 0; round < 2; ++round) {
    for (std::int64_t row = 0; row < 100; ++row) {
      if (row % 7 == 5) {
        texts.append_null();
        numbers.append_null();
        reals.append_null();
      } else {
        texts.append(std::string_view{"xyzxyz"}.substr(0, static_cast<std::size_t>(row % 4)));
        numbers.append(row);
        reals.append(static_cast<double>(row) / 2);
      }
    }
    for (std::int64_t row = 0; row < 100; ++row) {
      const bool is_null = row % 7 == 5;
      REQUIRE(texts.is_null(row) == is_null);
      REQUIRE(numbers.is_null(row) == is_null);
      REQUIRE(texts.text(row).size() == (is_null ? 0u : static_cast<std::size_t>(row % 4)));
      REQUIRE(numbers.integer(row) == (is_null ? 0 : row));
      REQUIRE(reals.real(row) == (is_null ? 0 : static_cast<double>(row) / 2));
    }
    CHECK(texts.rows == 100);
    CHECK(texts.nulls == 14);
    CHECK(texts.offsets.size() == 101);
    CHECK(texts.validity.size() == 13);
    CHECK(numbers.integers.size() == 100);
    texts.clear();
    numbers.clear();
    reals.clear();
    CHECK(texts.offsets.size() == 1);
  }
}

TEST_CASE("a null on the border of a byte is one", "[sql][block]") {
  for (const int place : {0, 7, 8, 15, 16}) {
    auto numbers = column("a", Type::Integer);
    for (int row = 0; row < place; ++row) numbers.append(std::int64_t{1});
    CHECK(numbers.validity.empty());
    numbers.append_null();
    for (int row = 0; row < 20; ++row) numbers.append(std::int64_t{1});
    for (int row = 0; row < place + 21; ++row) REQUIRE(numbers.is_null(row) == (row == place));
  }
}
