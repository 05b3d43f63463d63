// Joins rows with those of a table that have the same key, both of any size: a merge of sorted
// rows.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/external_sort.hpp>
#include <millrace/operator.hpp>
#include <millrace/row_codec.hpp>

#include "plugins/preprocess/key_bytes.hpp"
#include "plugins/preprocess/key_column.hpp"
#include "plugins/preprocess/row_shapes.hpp"
#include "plugins/preprocess/state_words.hpp"
#include "plugins/preprocess/text_column.hpp"

namespace millrace::preprocess {
namespace {

class JoinRows final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "join.rows";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kDoc =
      "Joins rows with those of a table that have the same values in `key`, and emits each row "
      "once "
      "for each of them, with the columns that the table `adds`. The table comes from another "
      "node: "
      "rows with a value in the first column of `adds` are the table's, all others are not. Whole "
      "numbers and texts of their digits are equal. What is null in the key, or has no such "
      "column, "
      "is equal to nothing. Rows leave by key, those of one key in the order in which they came. "
      "Rows that found nothing are counted as `unmatchedRows`. Reads everything before it emits "
      "anything; rows wait in scratch of the job.";
  static constexpr auto kParams = R"({
    "key": {"type": "array", "items": {"type": "string", "minLength": 1}, "mandatory": true, "minItems": 1, "maxItems": 16,
      "doc": "Columns by which rows are joined, of the same names in rows and table: texts or whole numbers."},
    "adds": {"type": "array", "items": {"type": "string", "minLength": 1}, "mandatory": true, "minItems": 1, "maxItems": 1000,
      "doc": "Columns of the table that its rows give to others."},
    "keep": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 1000,
      "doc": "Columns of the rows to keep, as far as there are such; all when absent."},
    "unmatched": {"type": "string", "enum": ["drop", "keep"], "default": "drop",
      "doc": "What becomes of rows that found nothing: dropped, or kept without values in what would be added."},
    "memory": {"type": "integer", "default": 67108864, "minimum": 65536, "maximum": 4294967296, "unit": "bytes",
      "doc": "Of rows that wait; rows beyond it go to the disk."}
  })";
  static constexpr auto kTraits = R"({"stability": "alpha", "blocking": true, "accepts_any": true,
    "limits": {"join.table_bytes": {"value": 67108864, "unit": "bytes", "doc": "of the table's rows with one key; more fails the job"}},
    "conformance": {"skip": {"root": "a joined row descends from two"}},
    "examples": [
      {"params": {"key": ["label_id"], "adds": ["label"], "keep": ["text"]},
       "rows": {"text": ["a", null, "b", "c", null], "label_id": [2, 1, 1, null, 2], "label": [null, "one", null, null, "two"]},
       "doc": "b is one, a is two; c has no label."},
      {"params": {"key": ["id"], "adds": ["label"], "unmatched": "keep"},
       "rows": {"text": ["a", "b"], "id": [2, 1]},
       "doc": "Both rows without label: there is no table."}]})";

  static void plan(Context& context, const Params& params) {
    const auto key = params.strings("key"), adds = params.strings("adds");
    for (const auto& name : adds) {
      if (std::count(adds.begin(), adds.end(), name) > 1)
        return context.fault("parameter_value", "/adds", "a column is added once: " + name);
      if (std::count(key.begin(), key.end(), name) > 0)
        return context.fault("parameter_value", "/adds",
                             "a column of the key is there already: " + name);
      if (name == kRootColumn)
        return context.fault("parameter_value", "/adds",
                             "the engine's own column cannot be added: @root");
    }
    context.trait("resources",
                  R"({"memory_bytes": )" + std::to_string(params.integer("memory")) + '}');
  }

  explicit JoinRows(const Params& params)
      : key_{params.strings("key")},
        adds_{params.strings("adds")},
        keep_{params.strings("keep")},
        keeps_all_{params["keep"].is_null()},
        keeps_unmatched_{params.string("unmatched") == "keep"},
        sort_{"rows",
              {.memory_bytes = static_cast<std::size_t>(params.integer("memory", 64 << 20))}} {}

  void process(Context& context, Batch batch) override;
  void finish(Context& context) override;
  std::string snapshot(Context& context) override;
  void restore(Context& context, std::string_view state) override;

 private:
  static constexpr std::int64_t kRowsOfBatch = 8192;
  static constexpr std::size_t kBytesOfBatch = std::size_t{4} << 20;
  static constexpr std::size_t kMostTableBytes = std::size_t{64} << 20;
  static constexpr std::size_t kMostStateBytes = std::size_t{4} << 20;
  // How keys of the sort begin and end.
  static constexpr char kHasKey = 0, kHasNone = 1, kOfTable = 0, kOfRows = 1;

  // Returns the columns of a batch that its rows keep.
  [[nodiscard]] std::vector<std::string_view> kept(const Batch& batch) const;
  struct Kind;
  void take(const ExternalSort::Item& item);
  void take_table_row(std::string_view record);
  void add_row(std::string_view record, std::string_view of_table);
  void prepare_rows();

  const std::vector<std::string> key_, adds_, keep_;
  const bool keeps_all_, keeps_unmatched_;
  RowShapes shapes_, table_shapes_;
  ExternalSort sort_;
  std::string sort_key_, record_;  // of one row; members so that their memory is used again
  std::uint64_t read_ = 0;

  std::string open_key_;               // whose rows of the table are held
  std::vector<std::string> of_table_;  // these, as records
  std::size_t table_bytes_ = 0;

  std::optional<RowDecoder> rows_;  // that leave
  std::size_t bytes_ = 0;
  std::int64_t unmatched_ = 0;       // not counted yet
  std::vector<std::size_t> places_;  // of one row
};

std::vector<std::string_view> JoinRows::kept(const Batch& batch) const {
  const auto holds = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::vector<std::string_view> names;
  for (const Field& field : batch.schema()) {
    const bool is_kept = keeps_all_ || holds(keep_, field.name);
    if (is_kept && !holds(adds_, field.name) && field.name != kRootColumn)
      names.emplace_back(field.name);
  }
  return names;
}

// A kind of rows of a batch, as they are encoded.
struct JoinRows::Kind {
  Kind(const Batch& batch, RowShapes& shapes, const std::vector<std::string_view>& names)
      : Kind{batch.share().select(names), shapes} {}
  Kind(const Batch& selected, RowShapes& shapes)
      : shape{static_cast<char>(shapes.number_of(selected.schema()))}, rows{selected} {}

  char shape;
  RowEncoder rows;
};

void JoinRows::process(Context& context, Batch batch) {
  if (batch.empty()) return;
  std::optional<KeyColumn> marks;
  if (batch.has(adds_.front())) marks.emplace(batch, adds_.front());
  const bool has_key = std::all_of(key_.begin(), key_.end(),
                                   [&](const std::string& name) { return batch.has(name); });
  std::vector<TextColumn> keys;
  if (has_key)
    for (const auto& name : key_) keys.emplace_back(batch, name);
  std::optional<Kind> rows, of_table;
  std::int64_t unmatched = 0;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped while joining"};
    const bool is_table = marks && marks->has_value(row);
    sort_key_.assign(1, kHasKey);
    const bool is_whole = has_key && std::all_of(keys.begin(), keys.end(), [&](TextColumn& column) {
                            const auto text = column[row];
                            if (text) append_key(sort_key_, *text);
                            return text.has_value();
                          });
    if (!is_whole) {
      if (is_table && !has_key)
        throw Failure{MR_DATA_INVALID,
                      "rows of the table have no column of the key: " + key_.front()};
      if (is_table) continue;
      if (!keeps_unmatched_) {
        ++unmatched;
        continue;
      }
      sort_key_.assign(1, kHasNone);
    }
    sort_key_.push_back(is_table ? kOfTable : kOfRows);
    auto& kind = is_table ? of_table : rows;
    if (!kind && is_table)
      kind.emplace(batch, table_shapes_, std::vector<std::string_view>{adds_.begin(), adds_.end()});
    if (!kind) kind.emplace(batch, shapes_, kept(batch));
    record_.assign(1, kind->shape);
    kind->rows.append(record_, row);
    sort_.add(context, sort_key_, record_);
  }
  if (unmatched > 0) context.count("unmatchedRows", unmatched);
}

void JoinRows::finish(Context& context) {
  prepare_rows();
  bool is_end = false;
  while (rows_->rows() < kRowsOfBatch && bytes_ < kBytesOfBatch) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped while joining"};
    ExternalSort::Item item;
    is_end = read_ >= sort_.size() || !sort_.next(context, item);
    if (is_end) break;
    ++read_;
    take(item);
  }
  if (unmatched_ > 0) context.count("unmatchedRows", std::exchange(unmatched_, 0));
  context.progress(read_, sort_.size(), "rows");
  bytes_ = 0;
  if (rows_->rows() > 0) context.emit(rows_->take());
  if (!is_end) context.more();
}

// The columns that leave: those of the rows, and behind them those of the table. Of a table that
// has no rows nobody knows the types.
void JoinRows::prepare_rows() {
  if (rows_) return;
  Schema schema = shapes_.all();
  if (table_shapes_.size() == 0) {
    for (const auto& name : adds_) schema.push_back({name, Type::Utf8});
  } else {
    const auto& added = table_shapes_.all();
    schema.insert(schema.end(), added.begin(), added.end());
  }
  rows_.emplace(std::move(schema));
}

void JoinRows::take(const ExternalSort::Item& item) {
  if (item.key.size() < 2 || item.record.empty())
    throw Failure{MR_DATA_INVALID, "a row on the disk is not readable"};
  const auto key = item.key.substr(0, item.key.size() - 1);
  if (key != open_key_) {
    open_key_ = key;
    of_table_.clear();
    table_bytes_ = 0;
  }
  if (item.key.back() == kOfTable) return take_table_row(item.record);
  if (of_table_.empty()) {
    ++unmatched_;
    if (keeps_unmatched_) add_row(item.record, {});
    return;
  }
  for (const auto& of_table : of_table_) add_row(item.record, of_table);
}

void JoinRows::take_table_row(std::string_view record) {
  table_bytes_ += record.size() + sizeof(std::string);
  if (table_bytes_ > kMostTableBytes) {
    throw Failure{MR_EXHAUSTED,
                  "the table has more than 64 MiB of rows with one key: is `key` right?"};
  }
  of_table_.emplace_back(record);
}

void JoinRows::add_row(std::string_view record, std::string_view of_table) {
  const auto of_rows = shapes_.places(static_cast<unsigned char>(record.front()));
  places_.assign(of_rows.begin(), of_rows.end());
  record_.assign(record.substr(1));
  if (!of_table.empty()) {
    for (const auto place : table_shapes_.places(static_cast<unsigned char>(of_table.front())))
      places_.push_back(shapes_.all().size() + place);
    record_.append(of_table.substr(1));
  }
  rows_->add(record_, places_);
  bytes_ += record_.size();
}

std::string JoinRows::snapshot(Context& context) {
  if (table_bytes_ > kMostStateBytes)
    throw Failure{MR_UNAVAILABLE, "the table's rows with one key are too many for a state"};
  std::string state;
  for (const auto* shapes : {&shapes_, &table_shapes_}) {
    append_word(state, static_cast<std::int64_t>(shapes->size()));
    for (std::size_t i = 0; i < shapes->size(); ++i)
      append_word(state, schema_text(shapes->schema(i)));
  }
  append_word(state, static_cast<std::int64_t>(read_));
  append_word(state, open_key_);
  append_word(state, static_cast<std::int64_t>(of_table_.size()));
  for (const auto& record : of_table_) append_word(state, record);
  append_word(state, sort_.snapshot(context));
  return state;
}

void JoinRows::restore(Context& context, std::string_view state) {
  for (auto* shapes : {&shapes_, &table_shapes_})
    for (auto count = take_number(state); count > 0; --count)
      shapes->number_of(read_schema_text(take_text(state)));
  read_ = static_cast<std::uint64_t>(take_number(state));
  open_key_ = take_text(state);
  for (auto count = take_number(state); count > 0; --count) take_table_row(take_text(state));
  sort_.restore(context, take_text(state));
}

}  // namespace
}  // namespace millrace::preprocess

MR_PLUGIN("join_rows", "1.0.0", millrace::preprocess::JoinRows)
