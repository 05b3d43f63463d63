// Reads, for each row, rows of a table that it names.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <millrace/batch_block.hpp>
#include <millrace/operator.hpp>

#include "plugins/sql/operators.hpp"
#include "plugins/sql/pending_rows.hpp"
#include "plugins/sql/plain_rows.hpp"
#include "plugins/sql/source_query.hpp"

namespace millrace::sql_operators {

namespace {

const Field& field_of(const Batch& batch, const std::string& name) {
  const auto found = std::find_if(batch.schema().begin(), batch.schema().end(),
                                  [&](const Field& field) { return field.name == name; });
  if (found == batch.schema().end()) throw Failure{MR_DATA_INVALID, "rows have no column " + name};
  return *found;
}

Failure no_plain_value(const Field& field) {
  return {MR_DATA_INVALID, "column " + field.name + " is a " + std::string{to_string(field.type)} +
                               ", and wanted is a column of plain values"};
}

// What a column of a table is compared with; null for null.
sql::Value value_in(const Batch& batch, std::int64_t row, const std::string& name) {
  const Field& field = field_of(batch, name);
  const auto of = [](const auto& found, const auto& convert) {
    return found ? sql::Value{convert(*found)} : sql::Value{nullptr};
  };
  switch (field.type) {
    case Type::Bool:
      return of(batch.column<bool>(name)[row], [](bool value) { return std::int64_t{value}; });
    case Type::Int32:
    case Type::Int64:
      return of(batch.column<std::int64_t>(name)[row], [](std::int64_t value) { return value; });
    case Type::Float32:
    case Type::Float64:
      return of(batch.column<double>(name)[row], [](double value) { return value; });
    case Type::Timestamp:
      return of(batch.column<std::int64_t>(name)[row], time_text);
    case Type::Utf8:
    case Type::Binary:
      return of(batch.column<std::string_view>(name)[row],
                [](std::string_view value) { return std::string{value}; });
    case Type::List:
    case Type::Struct:
      break;
  }
  throw no_plain_value(field);
}

// Adds a column that has the value of one row of another batch in all rows.
template <class T>
Batch with_repeated(Batch batch, const Batch& from, std::int64_t row, const Field& field) {
  const auto value = from.column<T>(field.name)[row];
  const std::int64_t rows = batch.rows();
  Builder<T> column{field.type};
  column.reserve(rows);
  for (std::int64_t i = 0; i < rows; ++i) column.append(value);
  return std::move(batch).with(field.name, std::move(column));
}

Batch with_repeated(Batch batch, const Batch& from, std::int64_t row, const Field& field) {
  switch (field.type) {
    case Type::Bool:
      return with_repeated<bool>(std::move(batch), from, row, field);
    case Type::Int32:
      return with_repeated<std::int32_t>(std::move(batch), from, row, field);
    case Type::Int64:
    case Type::Timestamp:
      return with_repeated<std::int64_t>(std::move(batch), from, row, field);
    case Type::Float32:
      return with_repeated<float>(std::move(batch), from, row, field);
    case Type::Float64:
      return with_repeated<double>(std::move(batch), from, row, field);
    case Type::Utf8:
    case Type::Binary:
      return with_repeated<std::string_view>(std::move(batch), from, row, field);
    case Type::List:
    case Type::Struct:
      break;
  }
  throw no_plain_value(field);
}

// Rows of which each asks the database once, and what is found leaves in the order of the rows that
// asked. Tables are read on one connection, one after the other.
class SqlFetch final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "fetch.sql";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kDoc =
      "Reads for each row rows of a table of a database: of `table`, or of the table that the row "
      "names in `table_column`. `where` compares columns of the table with values of the row, or "
      "with others. What is found leaves in the order of the rows that asked for it, within one of "
      "them in `order`, with the columns of the row that are to be kept. A table that a row names "
      "is a name and no more, whatever is in it, and has to be there, or is passed over with "
      "`missing`. A connection that is lost before the first row of a table is opened anew. "
      "Columns "
      "are read as input.sql reads them.";
  static constexpr auto kParams = R"({
    "connection": {"type": "string", "mandatory": true, "minLength": 1, "maxLength": 128,
      "doc": "Name of the database, among the pipeline's `connections` or the server's."},
    "schema": {"type": "string", "default": "", "maxLength": 128,
      "doc": "Schema of the tables; the connection's own where this is empty."},
    "table": {"type": "string", "minLength": 1, "maxLength": 128, "doc": "The table or view."},
    "table_column": {"type": "string", "minLength": 1, "doc": "Instead of a table: the column of the rows that names it."},
    "prefix": {"type": "string", "default": "", "maxLength": 128, "doc": "Stands before what that column names."},
    "columns": {"type": "any", "anyOf": [
        {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": 1000},
        {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}}],
      "doc": "Columns of the table to emit, a list of names or an object of names and what each is called; all of the table when absent."},
    "where": {"type": "array", "maxItems": 64, "default": [],
      "doc": "Conditions that must all hold: {column, op, value} or {column, op, from}.",
      "items": {"type": "object", "required": ["column"], "properties": {
        "column": {"type": "string", "minLength": 1, "doc": "Column of the table."},
        "op": {"type": "string", "enum": ["=", "!=", "<", "<=", ">", ">=", "in", "is_null"], "default": "=", "doc": "How it is compared."},
        "value": {"type": "any", "doc": "What it is compared with; a list for in, true or false for is_null."},
        "from": {"type": "string", "minLength": 1, "doc": "Instead of a value: the column of the row that has it. A null equals nothing, so that its row finds nothing."}}}},
    "order": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 64,
      "doc": "Columns to order by, texts by their bytes, in a server by the first 65,535; \"-\" before a name orders downwards."},
    "limit": {"type": "integer", "minimum": 1, "unit": "rows", "doc": "Rows at the most, for each row that asks."},
    "spread": {"type": "string", "minLength": 1,
      "doc": "A column of times: the `limit` rows are not the first ones, but some of each tenth of the span between the first time and the last. That takes an index on the columns of the conditions, all of them with `=`, and then this one; without it they are the first ones."},
    "keep": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 1000, "default": [],
      "doc": "Columns of the row to keep, of plain values; they stand behind those of the table."},
    "missing": {"type": "string", "enum": ["fail", "skip"], "default": "fail",
      "doc": "What to do where there is no such table, or a row names none: fail, or `skip` it, which finds nothing and is counted as `missingTables`."},
    "empty": {"type": "string", "enum": ["drop", "keep"], "default": "drop",
      "doc": "What becomes of a row that found nothing: dropped, or one row with nulls in the columns of the table."},
    "attempts": {"type": "integer", "default": 5, "minimum": 1, "maximum": 1000,
      "doc": "How often in a row the server is tried when it is away or loses the connection."},
    "attempt_wait_s": {"type": "number", "default": 3, "minimum": 0, "maximum": 3600, "unit": "seconds",
      "doc": "Time between two attempts."},
    "silence_s": {"type": "integer", "default": 3600, "minimum": 1, "maximum": 86400, "unit": "seconds",
      "doc": "How long a server may keep silent before it counts as away: one that sorts a big table is silent until it has done so."},
    "batch_rows": {"type": "integer", "default": 16384, "minimum": 1, "maximum": 1048576, "unit": "rows",
      "doc": "Rows of a batch at the most."},
    "batch_bytes": {"type": "integer", "default": 4194304, "minimum": 1, "maximum": 67108864, "unit": "bytes",
      "doc": "Text of a batch, about."}
  })";
  static constexpr std::int64_t kMostRows = 10'000;
  static inline const std::string kTraits =
      R"json({"stability": "alpha", "blocking": true,
    "limits": {"sql.fetched_tables": {"value": )json" +
      std::to_string(kMostRows) +
      R"json(, "unit": "rows", "doc": "that fetch.sql takes in a job, each of which asks the database; more fails the job"}},
    "examples": [
      {"params": {"connection": "shop", "table_column": "kind", "columns": {"name": "name", "price": "costs"},
         "where": [{"column": "price", "op": "<=", "from": "money"}], "order": ["name"], "keep": ["kind"]},
       "rows": {"kind": ["pens", "cups"], "money": [3, 1]},
       "databases": {"shop": ["CREATE TABLE pens (name TEXT, price INTEGER)", "CREATE TABLE cups (name TEXT, price INTEGER)",
         "INSERT INTO pens VALUES ('quill', 4), ('ballpoint', 2), ('biro', 1)", "INSERT INTO cups VALUES ('mug', 1)"]},
       "doc": "ballpoint, biro and mug; quill costs more than there is."},
      {"params": {"connection": "shop", "table": "people", "columns": ["name"], "where": [{"column": "id", "from": "customer"}],
         "keep": ["customer"], "empty": "keep"},
       "rows": {"customer": [2, 7, null]}, "types": {"customer": "int64"},
       "databases": {"shop": ["CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO people VALUES (1, 'Ada'), (2, 'Bob')"]},
       "doc": "Bob, and two rows without a name."}]})json";

  static void plan(Context& context, const Params& params);

  explicit SqlFetch(const Params& params)
      : query_{params},
        table_column_{params.string("table_column")},
        prefix_{params.string("prefix")},
        keep_{params.strings("keep")},
        keeps_empty_{params.string("empty") == "keep"},
        batch_rows_{query_.batch_rows},
        rows_{query_} {
    const Value where = params["where"];
    for (std::size_t i = 0; i < where.size(); ++i) from_.emplace_back(where.at(i)["from"].string());
  }

  void process(Context& context, Batch batch) override {
    if (batch.empty()) return;
    if (taken_ + batch.rows() > kMostRows) {
      throw Failure{MR_EXHAUSTED, "more than " + std::to_string(kMostRows) +
                                      " rows ask for rows of tables; bring the tables together "
                                      "with a view, or split the job"};
    }
    asking_ = std::move(batch);
    kept_ = keep_;
    if (asking_.has(kRootColumn) &&
        std::find(kept_.begin(), kept_.end(), kRootColumn) == kept_.end())
      kept_.emplace_back(kRootColumn);
    row_ = 0;
    is_reading_ = false;
    found_.clear();
    found_rows_ = 0;
    found_bytes_ = 0;
    process_more(context);
  }

  void process_more(Context& context) override {
    bool has_emitted = false;
    // All at once where others wait for the end of the reading to write to the database.
    while (row_ < asking_.rows() && (!has_emitted || rows_.blocks_writers()))
      has_emitted = step(context) || has_emitted;
    if (row_ < asking_.rows()) return context.more();
    emit_found(context);
    taken_ += asking_.rows();
    asking_ = {};
  }

  std::string snapshot(Context&) override { return std::to_string(taken_); }
  void restore(Context&, std::string_view state) override {
    const auto* const end = state.data() + state.size();
    const auto read = std::from_chars(state.data(), end, taken_);
    if (read.ec != std::errc{} || read.ptr != end || taken_ < 0)
      throw Failure{MR_DATA_INVALID, "the checkpoint of fetch.sql is not readable"};
  }

 private:
  static constexpr std::size_t kLongestTable = 1024;  // bytes; more than any server takes

  // Reads one batch of the row that asks, or goes to the next row. Returns whether it emitted.
  bool step(Context& context);
  // False: the row finds nothing.
  bool begin_row(Context& context);
  bool choose_table(Context& context);
  void note_columns(const std::vector<SourceTable::Emitted>& columns) {
    if (!columns.empty()) columns_ = columns;
  }
  // Of a row that found nothing.
  [[nodiscard]] Batch nothing() const;
  [[nodiscard]] Batch with_kept(Batch batch) const;
  bool add_found(Context& context, Batch batch);
  bool emit_found(Context& context);

  SourceQuery query_;  // of the row that asks
  const std::string table_column_, prefix_;
  const std::vector<std::string> keep_;
  const bool keeps_empty_;
  const std::int64_t batch_rows_;
  std::vector<std::string> from_;  // for each condition; empty: it has a value
  PlainRows rows_;
  std::vector<SourceTable::Emitted> columns_;  // of the table that was read last

  Batch asking_;
  std::vector<std::string> kept_;  // of it
  std::int64_t row_ = 0;           // of it
  bool is_reading_ = false;        // rows of row_
  bool has_found_ = false;         // some
  std::int64_t taken_ = 0;         // rows in all

  std::vector<Batch> found_;  // of one schema, to be emitted as one batch
  std::int64_t found_rows_ = 0;
  std::size_t found_bytes_ = 0;
};

bool SqlFetch::step(Context& context) {
  if (!is_reading_) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
    has_found_ = false;
    is_reading_ = begin_row(context);
  }
  if (is_reading_) {
    if (auto batch = rows_.next(context)) {
      has_found_ = true;
      context.count("read", batch->rows());
      return add_found(context, with_kept(*std::move(batch)));
    }
    note_columns(rows_.columns());
    is_reading_ = false;
  }
  const bool has_emitted = !has_found_ && keeps_empty_ && add_found(context, with_kept(nothing()));
  ++row_;
  return has_emitted;
}

bool SqlFetch::begin_row(Context& context) {
  if (!choose_table(context)) return false;
  for (std::size_t i = 0; i < from_.size(); ++i) {
    if (from_[i].empty()) continue;
    sql::Value& value = query_.where[i].values.at(0);
    value = value_in(asking_, row_, from_[i]);
    if (!std::holds_alternative<std::nullptr_t>(value)) continue;
    rows_.begin();
    if (keeps_empty_) note_columns(rows_.look(context));
    return false;
  }
  // What is kept stands in each row of a batch.
  std::size_t kept_bytes = 1;
  for (const auto& name : kept_) {
    const Type type = field_of(asking_, name).type;
    if (type == Type::Utf8 || type == Type::Binary)
      kept_bytes += asking_.column<std::string_view>(name).value(row_).size();
  }
  query_.batch_rows = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(query_.batch_bytes / kept_bytes), 1, batch_rows_);
  rows_.begin();
  return true;
}

bool SqlFetch::choose_table(Context& context) {
  if (table_column_.empty()) return true;
  const auto name = asking_.column<std::string_view>(table_column_)[row_];
  if (!name) {
    if (!query_.skips_missing)
      throw Failure{MR_DATA_INVALID,
                    "a row names no table, column " + table_column_ + " is null in it"};
    context.count("missingTables");
    return false;
  }
  if (name->size() > kLongestTable) {
    throw Failure{MR_DATA_INVALID, "a row names a table of " + std::to_string(name->size()) +
                                       " bytes, column " + table_column_};
  }
  query_.table.table = prefix_ + std::string{*name};
  return true;
}

// Of a table that is missing nobody knows the types; others tell, or else they are texts.
Batch SqlFetch::nothing() const {
  Schema schema;
  for (const auto& [name, type] : columns_) schema.push_back({name, type});
  if (schema.empty())
    for (const auto& column : query_.columns) schema.push_back({column.name, Type::Utf8});
  const std::vector<std::size_t> no_texts(schema.size(), 0);
  BatchBlock row{schema, 1, no_texts};
  for (std::size_t column = 0; column < schema.size(); ++column) row.append_null(column);
  return row.finish();
}

Batch SqlFetch::with_kept(Batch batch) const {
  if (batch.has(kRootColumn))
    throw Failure{MR_INVALID_ARGUMENT, "table " + query_.table.table +
                                           " has a column @root, which is the engine's own; name "
                                           "others in \"columns\""};
  for (const auto& name : kept_) {
    if (batch.has(name)) {
      throw Failure{MR_INVALID_ARGUMENT, "table " + query_.table.table + " has a column " + name +
                                             ", which is kept of the rows, too; name others in "
                                             "\"columns\", or give it another name there"};
    }
    batch = with_repeated(std::move(batch), asking_, row_, field_of(asking_, name));
  }
  return batch;
}

bool SqlFetch::add_found(Context& context, Batch batch) {
  const bool fits = found_.empty() || (found_.back().schema() == batch.schema() &&
                                       found_rows_ + batch.rows() <= batch_rows_);
  const bool has_emitted = !fits && emit_found(context);
  found_rows_ += batch.rows();
  found_bytes_ += batch.size_bytes();
  found_.push_back(std::move(batch));
  const bool is_full = found_rows_ >= batch_rows_ || found_bytes_ >= query_.batch_bytes;
  return (is_full && emit_found(context)) || has_emitted;
}

bool SqlFetch::emit_found(Context& context) {
  if (found_.empty()) return false;
  auto found = std::exchange(found_, {});
  found_rows_ = 0;
  found_bytes_ = 0;
  context.emit(found.size() == 1 ? std::move(found.front()) : Batch::concat(std::move(found)));
  return true;
}

// Faults of conditions, each at its place.
void check_conditions(Context& context, const Value& where) {
  for (std::size_t i = 0; i < where.size(); ++i) {
    const Value condition = where.at(i), value = condition["value"], from = condition["from"];
    const std::string_view op = condition["op"].string();
    const auto fault = [&](const char* member, const char* message) {
      context.fault("parameter_value", "/where/" + std::to_string(i) + member, message);
    };
    const bool is_plain = value.kind() != MR_ARRAY && value.kind() != MR_OBJECT;
    if (op == "in" || op == "is_null") {
      if (!from.is_null()) fault("/from", "this comparison takes a value, and no column of rows");
      if (op == "in" && !is_value_list(value))
        fault("/value", "wanted is a list of 1 to 1000 texts, numbers, true or false");
      if (op == "is_null" && !value.is_null() && value.kind() != MR_BOOL)
        fault("/value", "the value of is_null is true or false");
    } else if (value.is_null() == from.is_null()) {
      fault("",
            "name a value, or in `from` the column that has it: one of them; null equals "
            "nothing, and is asked for with is_null");
    } else if (!is_plain) {
      fault("/value", "wanted is a text, a number, true or false");
    }
  }
}

void SqlFetch::plan(Context& context, const Params& params) {
  const SourceQuery query{params};
  const auto table_column = params.string("table_column");
  const auto keep = params.strings("keep");
  if (query.table.table.empty() == table_column.empty()) {
    context.fault("parameter_value", "/table",
                  "name the table, or in table_column the column that names it: one of them");
  }
  if (table_column.empty() && !params.string("prefix").empty())
    context.fault("parameter_value", "/prefix", "it is for table_column, which is not given");
  if (!query.spread.empty() && (query.limit == 0 || !query.order.empty())) {
    context.fault("parameter_value", "/spread",
                  "rows that are spread over times have a limit, and the order of their times: "
                  "give \"limit\", and leave \"order\" out");
  }
  check_conditions(context, params["where"]);
  auto reads = nlohmann::ordered_json::object(), adds = nlohmann::ordered_json::object();
  std::vector<std::string> names = keep;
  for (const auto& column : query.columns) {
    names.push_back(column.name);
    adds[column.name] = "any";
    if (column.name == kRootColumn)
      context.fault("parameter_value", "/columns",
                    "the engine's own column cannot be added: @root");
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end())
    context.fault("parameter_value", "/columns", "two columns would have one name: " + *twice);
  if (params["columns"].kind() == MR_OBJECT && query.columns.empty())
    context.fault("parameter_value", "/columns", "name one column at the least");
  if (query.columns.empty() && query.skips_missing && params.string("empty") == "keep") {
    context.fault("parameter_value", "/columns",
                  "name them: of a table that is missing nobody knows which there would be");
  }
  for (const auto& name : keep) reads[name] = "any";
  const Value where = params["where"];
  for (std::size_t i = 0; i < where.size(); ++i) {
    const Value from = where.at(i)["from"];
    if (!from.is_null()) reads[std::string{from.string()}] = "any";
  }
  if (!table_column.empty()) reads[table_column] = "utf8";
  context.trait("reads", reads.dump());
  context.trait("adds", adds.dump());
}

}  // namespace

OperatorDefinition define_fetch() { return detail::define<SqlFetch>(); }

}  // namespace millrace::sql_operators
