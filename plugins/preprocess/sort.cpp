// Sorts all rows by columns, on the disk where memory does not hold them: 10,000,000 rows of 100
// bytes stay below 300 MB of the whole process (tests/bench/sort_bench.cpp).
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/external_sort.hpp>
#include <millrace/operator.hpp>
#include <millrace/row_codec.hpp>

#include "plugins/preprocess/key_column.hpp"
#include "plugins/preprocess/row_shapes.hpp"

namespace {

using millrace::Batch;
using millrace::Builder;
using millrace::Context;
using millrace::Failure;
using millrace::Field;
using millrace::Params;
using millrace::preprocess::KeyColumn;
using millrace::preprocess::RowShapes;

struct SortColumn {
  std::string name;
  KeyColumn::Order order;
};

std::vector<SortColumn> read_columns(const Params& params) {
  std::vector<SortColumn> columns;
  const auto by = params["by"];
  for (std::size_t i = 0; i < by.size(); ++i) {
    const auto column = by.at(i);
    columns.push_back({std::string{column["column"].string()},
                       {.is_descending = column["order"].string() == "descending",
                        .has_nulls_first = column["nulls"].string() == "first"}});
  }
  return columns;
}

class Sort final : public millrace::Operator, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "preprocess.sort";
  static constexpr auto kRole = millrace::Role::Preprocess;
  static constexpr auto kDoc =
      "Puts all rows into the order of one or more columns. Rows that are equal in them stay in "
      "the order in which they came. Reads everything before it emits anything; what does not "
      "fit into `memory` waits in scratch of the job, in as many bytes as the rows have, or "
      "twice as many when that is more than 64 times `memory`. Texts are compared byte by byte. "
      "A row's `@root`, where there is one, becomes its place in the order.";
  static constexpr auto kParams = R"({
    "by": {"type": "array", "mandatory": true, "minItems": 1, "maxItems": 64,
      "items": {"type": "object", "properties": {
        "column": {"type": "string", "minLength": 1, "doc": "Name of the column."},
        "order": {"type": "string", "enum": ["ascending", "descending"], "default": "ascending",
          "doc": "Which values come first."},
        "nulls": {"type": "string", "enum": ["first", "last"], "default": "last",
          "doc": "Where rows without a value stand, in either order."}},
        "required": ["column"]},
      "doc": "Columns that decide, the first before the second: each with `column`, `order` (ascending or descending) and `nulls` (last or first)."},
    "memory": {"type": "integer", "default": 67108864, "minimum": 65536, "maximum": 4294967296, "unit": "bytes",
      "doc": "Of rows that wait; rows beyond it go to the disk."}
  })";
  static constexpr auto kTraits = R"({"stability": "stable", "blocking": true,
    "conformance": {"skip": {"root": "a sorted row has a new place, which its root tells"}},
    "examples": [
      {"params": {"by": [{"column": "score", "order": "descending"}, {"column": "name"}]},
       "rows": {"name": ["b", "a", "c", "d"], "score": [1, 1, 3, null]},
       "doc": "c, a, b and d: the highest score first, a before b, and what has none last."}]})";

  explicit Sort(const Params& params)
      : by_{read_columns(params)},
        sort_{"rows",
              {.memory_bytes = static_cast<std::size_t>(params.integer("memory", 64 << 20))}} {}

  static void plan(Context& context, const Params& params) {
    std::string reads = "{";
    std::vector<std::string> names;
    for (const SortColumn& column : read_columns(params)) {
      if (std::find(names.begin(), names.end(), column.name) != names.end()) {
        context.fault("parameter_range", "/by", "a column decides once: " + column.name);
        return;
      }
      reads.append(reads.size() > 1 ? ", " : "").append(quoted(column.name)).append(R"(: "any")");
      names.push_back(column.name);
    }
    context.trait("reads", reads + '}');
  }

  void process(Context& context, Batch batch) override {
    if (batch.empty()) return;
    std::vector<KeyColumn> columns;
    columns.reserve(by_.size());
    for (const SortColumn& by : by_) columns.emplace_back(batch, by.name, by.order);
    const auto shape = static_cast<char>(shapes_.number_of(batch.schema()));
    const millrace::RowEncoder rows{batch};
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      key_.clear();
      for (const KeyColumn& column : columns) column.append(key_, row);
      row_.assign(1, shape);
      rows.append(row_, row);
      sort_.add(context, key_, row_);
    }
  }

  void finish(Context& context) override {
    if (emit_batch(context)) context.more();
  }

  std::string snapshot(Context& context) override {
    std::string state = std::to_string(shapes_.size());
    for (std::size_t i = 0; i < shapes_.size(); ++i)
      state.append(" ").append(millrace::schema_text(shapes_.schema(i)));
    return state.append(" ")
        .append(std::to_string(emitted_))
        .append(" ")
        .append(sort_.snapshot(context));
  }

  void restore(Context& context, std::string_view state) override {
    const auto word = [&state] {
      const auto found = state.substr(0, state.find(' '));
      state.remove_prefix(std::min(found.size() + 1, state.size()));
      return found;
    };
    const auto number = [&word] {
      const auto text = word();
      std::int64_t value = 0;
      const auto end = text.data() + text.size();
      const auto read = std::from_chars(text.data(), end, value);
      if (read.ec != std::errc{} || read.ptr != end || value < 0)
        throw Failure{MR_DATA_INVALID, "the checkpoint of a sort is not readable"};
      return value;
    };
    for (auto shapes = number(); shapes > 0; --shapes)
      shapes_.number_of(millrace::read_schema_text(word()));
    emitted_ = number();
    sort_.restore(context, state);
  }

 private:
  // Batches with roots stay within blocks of as many (plugins/records/columns.hpp).
  static constexpr std::int64_t kMostRows = 8192, kMostRootedRows = 1024;
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;

  static std::string quoted(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string json = "\"";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20) {
        json.append("\\u00").push_back(kDigits[byte >> 4]);
        json.push_back(kDigits[byte & 15]);
        continue;
      }
      if (c == '"' || c == '\\') json.push_back('\\');
      json.push_back(c);
    }
    return json + '"';
  }

  // Emits the next rows; false when these were the last.
  bool emit_batch(Context& context) {
    const auto total = static_cast<std::int64_t>(sort_.size());
    if (emitted_ >= total) return false;
    if (!rows_) rows_.emplace(shapes_.all());
    const auto& schema = shapes_.all();
    const auto root = std::find_if(schema.begin(), schema.end(), [](const Field& field) {
      return field.name == millrace::kRootColumn;
    });
    const bool has_root = root != schema.end();
    const auto most = has_root ? kMostRootedRows : kMostRows;
    std::size_t bytes = 0;
    std::int64_t count = 0;
    for (millrace::ExternalSort::Item item; count < most && bytes < kMostBytes; ++count) {
      if (!sort_.next(context, item)) break;
      if (item.record.empty()) throw Failure{MR_DATA_INVALID, "a row on the disk is empty"};
      const auto shape = static_cast<unsigned char>(item.record[0]);
      rows_->add(item.record.substr(1), shapes_.places(shape));
      bytes += item.record.size();
    }
    Batch batch = rows_->take();
    if (has_root) batch = with_places(std::move(batch));
    emitted_ += count;
    context.progress(static_cast<std::uint64_t>(emitted_), static_cast<std::uint64_t>(total),
                     "rows");
    if (count > 0) context.emit(std::move(batch));
    return count > 0 && emitted_ < total;
  }

  [[nodiscard]] Batch with_places(Batch batch) const {
    Builder<std::int64_t> places;
    places.reserve(batch.rows());
    for (std::int64_t row = 0; row < batch.rows(); ++row) places.append(emitted_ + row);
    return std::move(batch).with(millrace::kRootColumn, std::move(places));
  }

  const std::vector<SortColumn> by_;
  RowShapes shapes_;
  millrace::ExternalSort sort_;
  std::string key_, row_;  // of one row; members so that their memory is used again
  std::int64_t emitted_ = 0;
  std::optional<millrace::RowDecoder> rows_;
};

}  // namespace

MR_PLUGIN("preprocess_sort", "1.0.0", Sort)
