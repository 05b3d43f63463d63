// Makes a row of each item of lists that stand in texts.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/preprocess/text_column.hpp"
#include "plugins/records/column_types.hpp"
#include "plugins/tables/operators.hpp"

namespace millrace::tables {
namespace {

constexpr std::string_view kListTypes = "utf8|int64|int32";

// A column with lists, and the one for their items.
struct SplitColumn {
  std::string from, to;
};

std::vector<SplitColumn> read_split_columns(const Params& params) {
  std::vector<SplitColumn> columns;
  const Value given = params["columns"];
  for (std::size_t i = 0; i < given.size(); ++i)
    columns.push_back({std::string{given.key(i)}, std::string{given.at(i).string()}});
  return columns;
}

class SplitRows final : public Operator {
 public:
  static constexpr auto kName = "split.rows";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kDoc =
      "Makes a row of each item of lists that stand in texts, \"a,b,c\", with the other columns of "
      "the row beside it. Lists of several columns are split side by side, and have as many items "
      "as one another in each row; beside them a null gives nulls. Nothing stands between two "
      "separators: an empty item. A text without any is a list without items, or, beside lists of "
      "one item, with an empty one.";
  static constexpr auto kParams = R"({
    "columns": {"type": "object", "mandatory": true, "additionalProperties": {"type": "string", "minLength": 1},
      "doc": "Columns with lists, and for each the column for its items: {\"tables\": \"table\"}. It may be the same; a list that is not is left out, unless `keep` names it."},
    "separator": {"type": "string", "default": ",", "minLength": 1, "doc": "Stands between two items."},
    "strip": {"type": "boolean", "default": false, "doc": "Items are stripped of white space at both ends, as Python's str.strip() does."},
    "keep": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 1000,
      "doc": "The other columns that stay. Absent: all do."},
    "empty": {"type": "string", "enum": ["drop", "keep"], "default": "drop",
      "doc": "What becomes of rows whose lists have no items: dropped, and counted as `emptyRows`, or kept with nulls."}
  })";
  static constexpr auto kTraits = R"({"stability": "stable", "replicable": true,
    "limits": {"split.columns": {"value": 100, "unit": "columns", "doc": "that are split side by side"}},
    "examples": [
      {"params": {"columns": {"result": "table", "authors": "count"}},
       "rows": {"result": ["Ptt,blog", "", null, "news"], "authors": ["12,7", null, null, "3"], "id": [1, 2, 3, 4]},
       "doc": "Ptt with 12 and blog with 7, both with the id 1, and news with 3."},
      {"params": {"columns": {"tags": "tags"}, "separator": ";", "strip": true, "empty": "keep", "keep": []},
       "rows": {"tags": ["a; b", null], "id": [1, 2]}, "doc": "a, b and a null, without the id."}]})";

  static void plan(Context& context, const Params& params);

  explicit SplitRows(const Params& params)
      : columns_{read_split_columns(params)},
        separator_{params.string("separator", ",")},
        strips_{params.boolean("strip", false)},
        keeps_empty_{params.string("empty", "drop") == "keep"} {
    if (!params["keep"].is_null()) keep_ = params.strings("keep");
  }

  void process(Context& context, Batch batch) override {
    lists_.clear();
    for (const auto& column : columns_) lists_.emplace_back(list_column(batch, column.from));
    items_.resize(columns_.size());
    rest_ = rest_of(std::move(batch));
    row_ = 0;
    is_within_ = false;
    process_more(context);
  }

  void process_more(Context& context) override {
    Given given{columns_.size()};
    std::int64_t empty = 0;
    const auto rows = rows_of_batch_;
    for (; row_ < rows && !given.is_full(); is_within_ ? void() : void(++row_)) {
      if (!is_within_ && !begin_row()) {
        keeps_empty_ ? given.add_nulls(row_) : void(++empty);
        continue;
      }
      give_items(given);
    }
    if (empty > 0) context.count("emptyRows", empty);
    if (!given.rows.empty()) context.emit(made_of(std::move(given)));
    if (row_ < rows) return context.more();
    lists_.clear();
    rest_ = {};
  }

 private:
  static constexpr std::size_t kMostColumns = 100;
  static constexpr std::size_t kMostRows = 8192;  // of a batch that is emitted
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;

  // The items of one list that are still to come.
  struct Items {
    std::string text;
    std::size_t at = 0;
    bool is_null = false;
  };

  // Rows that leave together.
  struct Given {
    explicit Given(std::size_t columns) : items(columns) {}

    [[nodiscard]] bool is_full() const { return rows.size() >= kMostRows || bytes >= kMostBytes; }
    void add_nulls(std::int64_t row) {
      rows.push_back(row);
      for (auto& column : items) column.append_null();
    }

    std::vector<std::int64_t> rows;  // of the batch, which they descend from
    std::vector<Builder<std::string_view>> items;
    std::size_t bytes = 0;
  };

  static preprocess::TextColumn list_column(const Batch& batch, const std::string& name) {
    const auto& schema = batch.schema();
    const auto found = std::find_if(schema.begin(), schema.end(),
                                    [&](const Field& field) { return field.name == name; });
    if (found != schema.end() && found->type == Type::Binary)
      throw Failure{MR_DATA_INVALID, "column '" + name + "' is binary, but lists are texts"};
    return {batch, name};
  }

  // What of a batch stands beside the items.
  Batch rest_of(Batch batch) {
    rows_of_batch_ = batch.rows();
    std::vector<std::string> names;
    for (const Field& field : batch.schema()) {
      const bool is_list =
          std::any_of(columns_.begin(), columns_.end(), [&](const SplitColumn& column) {
            return column.from == field.name && column.to != field.name;
          });
      if (keep_ ? field.name == kRootColumn : !is_list) names.push_back(field.name);
    }
    if (keep_)
      std::remove_copy(keep_->begin(), keep_->end(), std::back_inserter(names), kRootColumn);
    if (names.empty()) return {};
    return std::move(batch).select(std::vector<std::string_view>{names.begin(), names.end()});
  }

  // Finds the items of a row's lists; false where there are none.
  bool begin_row();
  // Gives them, or as many as there is room for.
  void give_items(Given& given);

  Batch made_of(Given given) {
    Batch batch = rest_.schema().empty() ? Batch{} : rest_.take(given.rows);
    for (std::size_t i = 0; i < columns_.size(); ++i)
      batch = std::move(batch).with(columns_[i].to, std::move(given.items[i]));
    return batch;
  }

  const std::vector<SplitColumn> columns_;
  const std::string separator_;
  const bool strips_, keeps_empty_;
  std::optional<std::vector<std::string>> keep_;  // nothing: all columns

  // Of the batch that is being split.
  std::vector<preprocess::TextColumn> lists_;
  Batch rest_;
  std::int64_t rows_of_batch_ = 0, row_ = 0;
  bool is_within_ = false;  // row_ has items_ that are still to come
  std::vector<Items> items_;
  std::size_t row_bytes_ = 0;  // of what stands beside each item
};

bool SplitRows::begin_row() {
  std::optional<std::size_t> count, counted;  // how many items, and the column that said so
  bool has_empty = false;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto text = lists_[i][row_];
    items_[i] = {std::string{text.value_or("")}, 0, !text};
    if (items_[i].text.empty()) {
      has_empty = has_empty || text.has_value();
      continue;
    }
    std::size_t items = 1;
    for (auto at = text->find(separator_); at != std::string_view::npos;
         at = text->find(separator_, at + separator_.size()))
      ++items;
    if (count && *count != items) {
      throw Failure{MR_DATA_INVALID, "lists that are split side by side have as many items, but '" +
                                         columns_[*counted].from + "' has " +
                                         std::to_string(*count) + " and '" + columns_[i].from +
                                         "' has " + std::to_string(items)};
    }
    count = items;
    counted = i;
  }
  if (!count) return false;
  if (has_empty && *count > 1) {
    throw Failure{MR_DATA_INVALID, "lists that are split side by side have as many items, but '" +
                                       columns_[*counted].from + "' has " + std::to_string(*count) +
                                       " beside one that is empty"};
  }
  row_bytes_ = rest_.schema().empty() || *count == 1 ? 0 : rest_.slice(row_, 1).size_bytes();
  is_within_ = true;
  return true;
}

void SplitRows::give_items(Given& given) {
  while (is_within_ && !given.is_full()) {
    given.rows.push_back(row_);
    given.bytes += row_bytes_;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      Items& items = items_[i];
      if (items.is_null) {
        given.items[i].append_null();
        continue;
      }
      const std::string_view rest = std::string_view{items.text}.substr(items.at);
      const auto end = rest.find(separator_);
      const auto item = rest.substr(0, end);
      given.items[i].append(strips_ ? preprocess::strip(item) : item);
      given.bytes += item.size();
      if (end == std::string_view::npos) {
        is_within_ = false;  // all lists end together
      } else {
        items.at += end + separator_.size();
      }
    }
  }
}

void SplitRows::plan(Context& context, const Params& params) {
  const auto columns = read_split_columns(params);
  if (columns.empty() || columns.size() > kMostColumns) {
    return context.fault("parameter_value", "/columns",
                         "there are 1 to " + std::to_string(kMostColumns) + " columns with lists");
  }
  records::ColumnTypes reads, adds, emits;
  std::set<std::string> targets;
  for (const auto& [from, to] : columns) {
    if (from.empty() || from == kRootColumn || to == kRootColumn)
      context.fault("parameter_value", "/columns", "no such column is split: " + from);
    if (!targets.insert(to).second)
      context.fault("parameter_value", "/columns",
                    "each column of items needs a name of its own: " + to);
    reads.add(from, kListTypes);
    adds.add(to, "utf8");
  }
  context.trait("adds", adds.json());
  if (!params["keep"].is_null()) {
    for (const auto& to : targets) emits.add(to, "utf8");
    std::set<std::string> kept;
    for (const auto& name : params.strings("keep")) {
      if (!kept.insert(name).second)
        context.fault("parameter_value", "/keep", "a column stands there once: " + name);
      reads.add(name, "any");
      emits.add(name, "any");
    }
    context.trait("emits", emits.json());
  }
  context.trait("reads", reads.json());
}

}  // namespace

OperatorDefinition define_split_rows() { return detail::define<SplitRows>(); }

}  // namespace millrace::tables
