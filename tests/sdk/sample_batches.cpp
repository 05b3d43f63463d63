#include "tests/sdk/sample_batches.hpp"

#include <utility>

#include "tests/sdk/arrow_walker.hpp"

namespace millrace::sdk_test {

namespace {

using std::int32_t;
using std::int64_t;

// Columns with `skip` rows of rubbish before the rows (0 or 2), which `offset` of each column
// skips, or of the table.
std::vector<ForeignNode> columns(int64_t skip, int64_t column_offset) {
  const bool has_rubbish = skip != 0;
  const auto mask = [&](std::string_view rows) {
    return bits((has_rubbish ? "01" : "") + std::string{rows});
  };
  const auto either = [&](Buffer with, Buffer without) {
    return has_rubbish ? std::move(with) : std::move(without);
  };
  const int64_t length = 6 + skip - column_offset;
  const int64_t unknown = -1;
  std::vector<ForeignNode> made;
  made.push_back({"b", "flag", length, column_offset, unknown, {mask("110111"), mask("100101")}});
  made.push_back({"i",
                  "small",
                  length,
                  column_offset,
                  unknown,
                  {mask("111011"), either(buffer<int32_t>({77, 77, 1, -2, 3, 99, 5, 6}),
                                          buffer<int32_t>({1, -2, 3, 99, 5, 6}))}});
  made.push_back({"l",
                  "big",
                  length,
                  column_offset,
                  unknown,
                  {mask("110111"), either(buffer<int64_t>({77, 77, 10, 20, 99, 40, 50, 60}),
                                          buffer<int64_t>({10, 20, 99, 40, 50, 60}))}});
  made.push_back({"f",
                  "ratio",
                  length,
                  column_offset,
                  unknown,
                  {mask("101111"), either(buffer<float>({77, 77, 0.5F, 9, 1.5F, 2.5F, 3.5F, 4.5F}),
                                          buffer<float>({0.5F, 9, 1.5F, 2.5F, 3.5F, 4.5F}))}});
  made.push_back({"g",
                  "exact",
                  length,
                  column_offset,
                  unknown,
                  {mask("111101"), either(buffer<double>({77, 77, 1.25, 2.25, 3.25, 4.25, 9, 6.25}),
                                          buffer<double>({1.25, 2.25, 3.25, 4.25, 9, 6.25}))}});
  made.push_back({"u",
                  "text",
                  length,
                  column_offset,
                  unknown,
                  {mask("110111"),
                   either(buffer<int32_t>({0, 3, 5, 6, 6, 6, 9, 12, 13}),
                          buffer<int32_t>({5, 6, 6, 6, 9, 12, 13})),
                   text_buffer("xxxyyad\xC3\xA9"
                               "eeef")}});
  made.push_back({"z",
                  "bytes",
                  length,
                  column_offset,
                  unknown,
                  {mask("101111"),
                   either(buffer<int32_t>({0, 0, 0, 1, 1, 3, 3, 4, 5}),
                          buffer<int32_t>({0, 1, 1, 3, 3, 4, 5})),
                   text_buffer("ACCEF")}});
  made.push_back({"tsu:UTC",
                  "when",
                  length,
                  column_offset,
                  unknown,
                  {mask("111110"), either(buffer<int64_t>({77, 77, 1, 2, 3, 4, 5, 99}),
                                          buffer<int64_t>({1, 2, 3, 4, 5, 99}))}});
  made.push_back({"+l",
                  "items",
                  length,
                  column_offset,
                  unknown,
                  {mask("110111"), either(buffer<int32_t>({0, 1, 1, 3, 3, 3, 4, 5, 7}),
                                          buffer<int32_t>({1, 3, 3, 3, 4, 5, 7}))},
                  {{"i",
                    "element",
                    7,
                    1,
                    1,
                    {bits("11111011"), buffer<int32_t>({88, 77, 1, 2, 3, 99, 5, 6})}}}});
  // The third row of x has a value; that the struct is null there hides it. So it is with y.
  ForeignNode x{"l",
                "x",
                6 + skip,
                1,
                unknown,
                {bits(has_rubbish ? "100111011" : "1111011"),
                 either(buffer<int64_t>({88, 77, 77, 1, 2, 3, 99, 5, 6}),
                        buffer<int64_t>({88, 1, 2, 3, 99, 5, 6}))}};
  ForeignNode y{
      "u",
      "y",
      6 + skip,
      0,
      unknown,
      {mask("101111"),
       either(buffer<int32_t>({0, 0, 0, 1, 1, 2, 3, 4, 5}), buffer<int32_t>({0, 1, 1, 2, 3, 4, 5})),
       text_buffer("pzqrs")}};
  made.push_back({"+s",
                  "pair",
                  length,
                  column_offset,
                  unknown,
                  {mask("110111")},
                  {std::move(x), std::move(y)}});
  return made;
}

}  // namespace

ForeignNode all_types() { return table(6, columns(0, 0)); }
ForeignNode all_types_behind_column_offsets() { return table(6, columns(2, 2)); }
ForeignNode all_types_behind_table_offset() { return table(6, columns(2, 0), 2); }

Batch import(const ForeignNode& tree, Releases* releases) {
  ForeignPair pair = make_pair(tree, releases);
  return Batch::import(&pair.array, &pair.schema);
}

std::string rows_of(const Batch& batch) {
  ArrowArray array{};
  ArrowSchema schema{};
  batch.share().export_to(&array, &schema);
  std::string rows = walk(array, schema);
  array.release(&array);
  schema.release(&schema);
  return rows;
}

const std::vector<std::string>& all_types_rows() {
  static const std::vector<std::string> rows{
      "{flag: true, small: 1, big: 10, ratio: 0.5, exact: 1.25, text: \"a\", bytes: 'A', when: @1, "
      "items: [1, 2], "
      "pair: {x: 1, y: \"p\"}}",
      "{flag: false, small: -2, big: 20, ratio: null, exact: 2.25, text: \"\", bytes: null, when: "
      "@2, items: [], "
      "pair: {x: 2, y: null}}",
      "{flag: null, small: 3, big: null, ratio: 1.5, exact: 3.25, text: null, bytes: 'CC', when: "
      "@3, items: null, "
      "pair: null}",
      "{flag: true, small: null, big: 40, ratio: 2.5, exact: 4.25, text: \"d\xC3\xA9\", bytes: '', "
      "when: @4, "
      "items: [3], pair: {x: null, y: \"q\"}}",
      "{flag: false, small: 5, big: 50, ratio: 3.5, exact: null, text: \"eee\", bytes: 'E', when: "
      "@5, "
      "items: [null], pair: {x: 5, y: \"r\"}}",
      "{flag: true, small: 6, big: 60, ratio: 4.5, exact: 6.25, text: \"f\", bytes: 'F', when: "
      "null, items: [5, 6], "
      "pair: {x: 6, y: \"s\"}}"};
  return rows;
}

std::string join(const std::vector<std::string>& rows) {
  std::string text;
  for (const auto& row : rows) text += (text.empty() ? "" : "\n") + row;
  return text;
}

}  // namespace millrace::sdk_test
