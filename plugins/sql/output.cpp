// Writes rows to tables of a database, in transactions behind a ledger: docs/decisions/ledger.md.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/sql/database.hpp"
#include "plugins/sql/operators.hpp"
#include "plugins/sql/output_settings.hpp"
#include "plugins/sql/output_state.hpp"
#include "plugins/sql/pending_rows.hpp"
#include "plugins/sql/transaction_writer.hpp"

namespace millrace::sql_operators {

namespace {

class SqlOutput final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "output.sql";
  static constexpr auto kRole = Role::Output;
  static constexpr auto kDoc =
      "Writes rows to a table of a database, or each to the table that a column names. A "
      "transaction has about a second's rows, and with them a row of a ledger that tells how far "
      "the job is: a job that was interrupted goes on behind it, and no row is written twice. "
      "Rows of one `window` are in one transaction. Tables that are missing can be made; those "
      "that cannot be written as wanted are refused before the first row. Emits a row for each "
      "table at the end, with the rows that the job has written there.";
  static constexpr auto kParams = R"({
    "connection": {"type": "string", "mandatory": true, "minLength": 1, "doc": "Name of the database, as the pipeline or the settings have it."},
    "schema": {"type": "string", "doc": "Schema of the tables; that of the connection when absent."},
    "table": {"type": "string", "minLength": 1, "doc": "The table."},
    "table_column": {"type": "string", "minLength": 1, "doc": "Instead of a table: the column that names it."},
    "tables": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1,
      "doc": "The tables that the column may name; any when absent. All of them are replaced, also those without new rows; when absent, those that rows name."},
    "columns": {"type": "object", "mandatory": true, "additionalProperties": {"type": "string", "minLength": 1},
      "doc": "Columns of the table, and for each the column of the rows that it is from."},
    "constants": {"type": "object", "additionalProperties": {"type": "any"},
      "doc": "Columns of the table that have one value in all rows."},
    "mode": {"type": "string", "enum": ["append", "replace", "update", "swap"], "default": "append",
      "doc": "`append` inserts rows. `replace` deletes the rows that have the constants of `key` and inserts the new ones, in one transaction. `update` changes the rows that have the values of `key`. `swap` makes each table anew beside the one that is there, as NAME_new, and puts it in its place in one step, so that what was there before stays until all rows are safe."},
    "key": {"type": "array", "items": {"type": "string", "minLength": 1}, "doc": "Columns that tell which rows are replaced or updated."},
    "window": {"type": "string", "minLength": 1,
      "doc": "Column of integers that never fall from row to row: rows with the same one are written together."},
    "create": {"type": "object", "doc": "What a missing table is made of: {columns: [{name, type, nullable, auto_increment}], key, indexes, foreign_keys: [{columns, table, references, on_delete}]}, where `key` has the columns of the primary key, and `indexes` those of each further index.", "required": ["columns"],
      "properties": {
        "columns": {"type": "array", "minItems": 1, "doc": "Its columns.",
          "items": {"type": "object", "required": ["name", "type"], "properties": {
            "name": {"type": "string", "minLength": 1, "doc": "Name."},
            "type": {"type": "string", "pattern": "^[A-Za-z]+( [A-Za-z]+)?(\\([0-9]+(, ?[0-9]+)?\\))?( unsigned)?$", "doc": "Type as the database calls it, for example varchar(32)."},
            "nullable": {"type": "boolean", "doc": "Whether it may be null; true when absent."},
            "auto_increment": {"type": "boolean", "doc": "Whether the database gives rows without a value the next number. Such a column is the whole `key`."}}}},
        "key": {"type": "array", "items": {"type": "string"}, "doc": "Columns of the primary key."},
        "indexes": {"type": "array", "items": {"type": "array", "items": {"type": "string"}, "minItems": 1}, "doc": "Columns of each further index."},
        "foreign_keys": {"type": "array", "maxItems": 64, "doc": "Columns whose values are there in another table of the schema, which is there before.",
          "items": {"type": "object", "required": ["columns", "table", "references"], "properties": {
            "columns": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "doc": "Columns of the table."},
            "table": {"type": "string", "minLength": 1, "doc": "The other table."},
            "references": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "doc": "Columns of that, which are a key there."},
            "on_delete": {"type": "string", "enum": ["restrict", "cascade", "set_null"], "doc": "What becomes of a row when that which it refers to is deleted; when absent that is refused."}}}}}},
    "guard": {"type": "object", "required": ["table", "key"],
      "doc": "A row that each transaction locks and changes. Where it is missing, or `unless` says no, the transaction is rolled back and the job is aborted: {schema, table, key, unless, set}. `key` tells which row; one that has a value of `unless` says no; `set` has what its columns become, a value or {\"from\": ...} with `tables` (names with commas between, in the order of their first rows), `written` (rows in all tables), `position` (of the ledger) or `time` (the position as a time).",
      "properties": {
        "schema": {"type": "string", "doc": "Schema of its table; `schema` when absent."},
        "table": {"type": "string", "minLength": 1, "doc": "Its table."},
        "key": {"type": "object", "additionalProperties": {"type": "any"}, "doc": "Columns and values that tell which row it is."},
        "unless": {"type": "object", "additionalProperties": {"type": "any"}, "doc": "A column that has this value says no."},
        "set": {"type": "object", "additionalProperties": {"type": "any"},
          "doc": "What its columns become."}}},
    "ledger": {"type": "object", "doc": "Where the job notes how far it is: {schema, table, key}. The table, `millrace_ledger` when absent, is made where it is missing. Jobs with one `key` do one work: each goes on where the last one stood; without it each job is a work of its own.",
      "properties": {
        "schema": {"type": "string", "doc": "Schema of the ledger; `schema` when absent."},
        "table": {"type": "string", "minLength": 1, "doc": "Its table."},
        "key": {"type": "string", "minLength": 1, "maxLength": 150, "doc": "Name of the work."}}},
    "transaction_s": {"type": "number", "default": 1, "minimum": 0, "maximum": 3600, "unit": "seconds", "doc": "A transaction is ended behind the first window that ends so long after the last one."},
    "transaction_bytes": {"type": "integer", "default": 16777216, "minimum": 1, "maximum": 268435456, "unit": "bytes", "doc": "So many rows wait in memory at the most. A larger window is one transaction that stays open meanwhile."},
    "attempts": {"type": "integer", "default": 5, "minimum": 1, "maximum": 1000, "doc": "How often a transaction is tried while the database is away."},
    "attempt_wait_s": {"type": "number", "default": 3, "minimum": 0, "maximum": 3600, "unit": "seconds", "doc": "How long it is waited between two tries."},
    "silence_s": {"type": "integer", "minimum": 1, "maximum": 86400, "unit": "seconds", "doc": "How long a server may keep silent before it counts as away; when absent 60, and 600 where rows are replaced or tables swapped."}
  })";
  static inline const std::string kTraits =
      R"json({"stability": "alpha", "blocking": true,
    "adds": {"table": "utf8", "rows": "int64"},
    "limits": {
      "sql.tables_written": {"value": )json" +
      std::to_string(PendingRows::kMostTables) +
      R"json(, "unit": "tables", "doc": "that a column may name; more fails the job"},
      "sql.state_of_output": {"value": )json" +
      std::to_string(OutputState::kMostBytes) +
      R"json(, "unit": "bytes", "doc": "of the rows of a window that is not whole at a checkpoint; with more of them the job keeps its earlier one"}},
    "conformance": {"skip": {"root": "its rows are of tables, and not of rows"}},
    "examples": [
      {"params": {"connection": "shop", "table": "people", "columns": {"name": "name", "born": "birth"}},
       "rows": {"name": ["Ada", null], "birth": [-4866048000000000, 1600000000500000]},
       "types": {"name": "utf8", "birth": "timestamp"},
       "databases": {"shop": ["CREATE TABLE people (name TEXT, born DATETIME)"]}},
      {"params": {"connection": "shop", "table_column": "kind", "columns": {"name": "name"}, "window": "hour"},
       "rows": {"name": ["pen", "cup", "jug"], "kind": ["new", "old", "new"], "hour": [7, 7, 9]},
       "databases": {"shop": ["CREATE TABLE new (name TEXT)", "CREATE TABLE old (name TEXT)"]}}]})json";

  static void plan(Context& context, const Params& params) { check_output(context, params); }

  explicit SqlOutput(const Params& params)
      : settings_{params}, ready_{settings_}, writer_{settings_} {
    for (const auto& [column, from] : settings_.columns) add_read(from);
    if (!settings_.table_column.empty()) add_read(settings_.table_column);
  }

  void process(Context& context, Batch batch) override {
    if (batch.rows() == 0) return;
    asking_database([&] {
      open(context);
      take(context, batch);
    });
  }

  void finish(Context& context) override {
    asking_database([&] {
      open(context);
      close_window(context);
      if (ready_.rows() > 0 || writer_.is_within() || is_one_transaction()) commit(context);
      emit_counts(context);
    });
  }

  std::string snapshot(Context& context) override {
    if (is_one_transaction()) {
      if (is_untouched()) return {};
      throw Failure{MR_UNAVAILABLE, "all rows of output.sql are one transaction here"};
    }
    if (writer_.is_within()) {
      throw Failure{
          MR_UNAVAILABLE,
          "the rows of one window are more than transaction_bytes, and are being written"};
    }
    // The input may go on behind these rows, so they have to be in their tables.
    if (ready_.rows() > 0) asking_database([&] { commit(context); });
    OutputState state{seen_, writer_.is_open() ? position() : known_position_, open_window_, {}};
    for (const Batch& rows : open_) state.rows.push_back(rows.share());
    return write_state(state);
  }

  void restore(Context&, std::string_view state) override {
    if (state.empty()) return;
    OutputState known = read_state(state);
    seen_ = known.seen;
    known_position_ = known.position;
    open_window_ = known.window;
    open_ = std::move(known.rows);
    for (const Batch& rows : open_) open_bytes_ += rows.size_bytes();
    may_come_again_ = open_window_.has_value();
  }

 private:
  using SteadyClock = std::chrono::steady_clock;

  void open(Context& context) {
    if (writer_.is_open()) return;
    writer_.open(context);
    last_commit_ = SteadyClock::now();
    // What the checkpoint speaks of would be missing: the input goes on behind it.
    const auto now = position();
    if (known_position_ && (!now || *now < *known_position_)) {
      throw Failure{MR_DATA_INVALID,
                    "the ledger is behind the job's checkpoint: the database was set back, or "
                    "somebody changed the ledger; submit the job anew"};
    }
    drop_written_window(context);
  }

  void add_read(std::string_view column) {
    if (std::find(read_columns_.begin(), read_columns_.end(), column) == read_columns_.end())
      read_columns_.push_back(column);
  }

  [[nodiscard]] bool has_windows() const { return !settings_.window.empty(); }
  // A run without a token cannot be resumed, and what replaces rows is to be seen at once.
  [[nodiscard]] bool is_one_transaction() const {
    return settings_.is_at_once() || (writer_.is_open() && !writer_.has_ledger());
  }
  [[nodiscard]] bool is_untouched() const {
    return !writer_.is_within() && ready_.rows() == 0 && open_.empty() && seen_ == 0;
  }
  [[nodiscard]] std::optional<std::int64_t> position() const {
    return is_one_transaction() ? std::nullopt : writer_.committed().position;
  }
  [[nodiscard]] std::size_t waiting_bytes() const { return ready_.bytes() + open_bytes_; }

  void take(Context& context, const Batch& batch) {
    if (has_windows()) {
      take_windows(context, batch);
    } else {
      take_rows(context, batch);
    }
    if (ready_.rows() == 0) return;
    const bool is_full = waiting_bytes() >= settings_.transaction_bytes;
    if (is_one_transaction()) {
      if (is_full) writer_.send(context, ready_);
    } else if (is_full || SteadyClock::now() - last_commit_ >= settings_.transaction_time) {
      commit(context);
    }
  }

  // Rows are counted, as they come in the same order in each attempt: a batch may be cut otherwise.
  void take_rows(Context& context, const Batch& batch) {
    const auto written = std::clamp<std::int64_t>(position().value_or(0) - seen_, 0, batch.rows());
    count(context, written);
    ready_.add(batch, written, batch.rows());
    seen_ += batch.rows();
    ready_position_ = seen_;
  }

  // All windows before the last one of the batch are whole.
  void take_windows(Context& context, const Batch& batch) {
    const auto windows = batch.column<std::int64_t>(settings_.window);
    auto begin = first_unwritten(context, windows);
    if (begin == batch.rows()) return;
    // An input that goes on at this window's start, or before it, brings all of its rows again.
    if (std::exchange(may_come_again_, false) && *windows[begin] <= *open_window_) forget_window();
    if (windows[begin] == open_window_) begin = keep_run(batch, windows, begin);
    if (begin < batch.rows()) {
      close_window(context);
      auto last_begin = batch.rows() - 1;
      while (last_begin > begin && windows[last_begin - 1] == windows[last_begin]) --last_begin;
      ready_.add(batch, begin, last_begin);
      if (last_begin > begin) ready_position_ = windows[last_begin - 1];
      open_window_ = windows[last_begin];
      keep_run(batch, windows, last_begin);
    }
    if (waiting_bytes() >= settings_.transaction_bytes) write_open_window(context);
  }

  // Keeps the rows of the open window from `begin` on, and returns the first that is none.
  std::int64_t keep_run(const Batch& batch, const Column<std::int64_t>& windows,
                        std::int64_t begin) {
    auto end = begin;
    while (end < windows.size() && windows[end] == open_window_) ++end;
    open_.push_back(batch.slice(begin, end - begin).select(read_columns_));
    open_bytes_ += open_.back().size_bytes();
    return end;
  }

  // Checks the windows of a batch, and returns the first row that is not in its table yet.
  std::int64_t first_unwritten(Context& context, const Column<std::int64_t>& windows) const {
    const auto written = position();
    std::int64_t begin = 0;
    auto before = open_window_ && !may_come_again_ ? open_window_ : std::optional<std::int64_t>{};
    for (std::int64_t row = 0; row < windows.size(); ++row) {
      const auto window = windows[row];
      if (!window)
        throw Failure{MR_DATA_INVALID, "a row has no window, column " + settings_.window};
      if (before && *window < *before) {
        throw Failure{MR_DATA_INVALID, "a row of window " + std::to_string(*window) +
                                           " comes behind rows of " + std::to_string(*before) +
                                           ": rows have to be in the order of column " +
                                           settings_.window};
      }
      before = window;
      if (written && *window <= *written) begin = row + 1;
    }
    count(context, begin);
    return begin;
  }

  // Its rows go with those that are ready: the next one has begun, or there is none.
  void close_window(Context& context) {
    if (!open_window_) return;
    for (const Batch& rows : open_) ready_.add(rows, 0, rows.rows());
    ready_position_ = open_window_;
    forget_window();
    if (std::exchange(is_partly_sent_, false)) commit(context);
  }

  void forget_window() {
    open_window_.reset();
    open_.clear();
    open_bytes_ = 0;
  }

  // More than memory is to hold waits: windows that are whole are committed, and when that is not
  // enough the open one is written in a transaction that ends with it.
  void write_open_window(Context& context) {
    if (ready_.rows() > 0 && !is_one_transaction()) commit(context);
    if (waiting_bytes() < settings_.transaction_bytes) return;
    for (const Batch& rows : open_) ready_.add(rows, 0, rows.rows());
    open_.clear();
    open_bytes_ = 0;
    writer_.send(context, ready_);
    is_partly_sent_ = !is_one_transaction();
  }

  // Of a checkpoint that is older than the ledger.
  void drop_written_window(Context& context) {
    if (!open_window_ || !position() || *open_window_ > *position()) return;
    for (const Batch& rows : open_) count(context, rows.rows());
    forget_window();
    may_come_again_ = false;
  }

  void commit(Context& context) {
    const auto written = writer_.committed().written();
    writer_.commit(context, ready_, is_one_transaction() ? std::nullopt : ready_position_);
    last_commit_ = SteadyClock::now();
    const auto now = writer_.committed().written();
    count(context, settings_.is_at_once() ? now : now - written);
  }

  // Of rows that an earlier attempt has written, too: each row of the job is counted once.
  static void count(Context& context, std::int64_t rows) {
    if (rows > 0) context.count("written", rows);
  }

  void emit_counts(Context& context) const {
    Builder<std::string_view> table;
    Builder<std::int64_t> rows;
    for (const TableCount& counted : writer_.committed().tables) {
      table.append(counted.table);
      rows.append(counted.rows);
    }
    if (table.size() > 0)
      context.emit(Batch{}.with("table", std::move(table)).with("rows", std::move(rows)));
  }

  const OutputSettings settings_;
  std::vector<std::string_view> read_columns_;  // of the rows, each once
  PendingRows ready_;                           // of windows that are whole
  TransactionWriter writer_;
  SteadyClock::time_point last_commit_{};
  std::optional<std::int64_t> ready_position_;  // behind those
  std::int64_t seen_ = 0;                       // rows, where there are no windows
  std::optional<std::int64_t> known_position_;  // of the ledger, at the checkpoint
  // The window whose rows may still come, and those that came.
  std::optional<std::int64_t> open_window_;
  std::vector<Batch> open_;
  std::size_t open_bytes_ = 0;
  bool is_partly_sent_ = false;  // some are in the transaction that is open
  bool may_come_again_ = false;  // they are of a checkpoint, and the input may begin with them
};

}  // namespace

OperatorDefinition define_output() { return detail::define<SqlOutput>(); }

}  // namespace millrace::sql_operators
