#include "plugins/filter/expression_rows.hpp"

#include <string>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>
#include <millrace/testing/batch.hpp>

using namespace millrace::expression;
using millrace::Batch;
using millrace::testing::batch;
using millrace::testing::null;

namespace {

Batch rows() {
  return batch({{"width", {640, 800, 12, null}},
                {"score", {0.5, 1.0, null, -2.0}},
                {"type", {"image", "video", null, "image"}},
                {"flagged", {true, false, null, false}},
                {"at", millrace::Type::Timestamp, {10, 20, 30, null}}});
}

// The rows that are kept, as digits.
std::string kept(std::string_view text, const Batch& over) {
  const auto parsed = parse(text);
  INFO(text);
  REQUIRE(std::holds_alternative<Expression>(parsed));
  const auto& expression = std::get<Expression>(parsed);
  const ExpressionRows reader{expression, over};
  std::string digits;
  for (std::int64_t row = 0; row < over.rows(); ++row) {
    if (reader.is_true(row)) digits += std::to_string(row);
  }
  return digits;
}

std::string kept(std::string_view text) { return kept(text, rows()); }

std::string failure(std::string_view text) {
  const auto parsed = parse(text);
  REQUIRE(std::holds_alternative<Expression>(parsed));
  const Batch over = rows();
  try {
    const ExpressionRows reader{std::get<Expression>(parsed), over};
  } catch (const millrace::Failure& thrown) {
    CHECK(thrown.code() == MR_DATA_INVALID);
    return thrown.what();
  }
  return {};
}

}  // namespace

TEST_CASE("comparisons hold for numbers, texts, flags and times", "[filter][expression]") {
  CHECK(kept("width >= 640") == "01");
  CHECK(kept("width < 640.5") == "02");
  CHECK(kept("640 = width") == "0");
  CHECK(kept("width != 640") == "12");
  CHECK(kept("score > width") == "");
  CHECK(kept("score < width") == "01");
  CHECK(kept("type = 'image'") == "03");
  CHECK(kept("type > \"image\"") == "1");
  CHECK(kept("flagged") == "0");
  CHECK(kept("not flagged") == "13");
  CHECK(kept("flagged = false") == "13");
  CHECK(kept("at >= 20") == "12");
  CHECK(kept("1 < 2") == "0123");
  CHECK(kept("false") == "");
}

TEST_CASE("and binds closer than or, not closest", "[filter][expression]") {
  CHECK(kept("width = 12 or type = 'image' and flagged") == "02");
  CHECK(kept("(width = 12 or type = 'image') and flagged") == "0");
  CHECK(kept("not flagged and width = 800") == "1");
  CHECK(kept("width >= 640 and (type = \"image\" or not flagged)") == "01");
}

TEST_CASE("nulls follow SQL", "[filter][expression]") {
  CHECK(kept("type is null") == "2");
  CHECK(kept("type is not null") == "013");
  CHECK(kept("not (type = 'image')") == "1");
  CHECK(kept("type = 'image' or not (type = 'image')") == "013");
  CHECK(kept("type = 'image' or width = 12") == "023");
  CHECK(kept("not (type = 'image' and width = 640)") == "12");
  CHECK(kept("type in ('video', 'image')") == "013");
  CHECK(kept("type not in ('video')") == "03");
}

TEST_CASE("integers beyond the doubles compare exactly", "[filter][expression]") {
  const auto big = batch({{"id", {9007199254740993, 9007199254740992}}});
  CHECK(kept("id = 9007199254740993", big) == "0");
  CHECK(kept("id in (9007199254740992)", big) == "1");
  CHECK(kept("id = 9007199254740992.0", big) == "1");
  CHECK(kept("id > 9007199254740992.0", big) == "0");
  CHECK(kept("9007199254740992.0 < id", big) == "0");
  CHECK(kept("id <= 9.3e18", big) == "01");
  CHECK(kept("id > -1e300", big) == "01");
  CHECK(kept("id > 9007199254740991.0", big) == "01");
  CHECK(kept("id > 4503599627370495.5", big) == "01");
}

TEST_CASE("what does not fit is told before any row is read", "[filter][expression]") {
  using Catch::Contains;
  CHECK_THAT(failure("nothing = 1"), Contains("nothing") && Contains("width"));
  CHECK_THAT(failure("width = 'x'"), Contains("width"));
  CHECK_THAT(failure("width"), Contains("width"));
  CHECK_THAT(failure("type in ('x', 1)"), Contains("type"));
  CHECK_THAT(failure("flagged > true"), Contains("flag"));
  CHECK_THAT(failure("type is null or width = true"), Contains("width"));
}
