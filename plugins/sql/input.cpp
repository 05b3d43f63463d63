// Reads a table of a database: by time, window by window, or as one query.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <millrace/operator.hpp>

#include "plugins/sql/operators.hpp"
#include "plugins/sql/plain_rows.hpp"
#include "plugins/sql/source_query.hpp"
#include "plugins/sql/split.hpp"
#include "plugins/sql/split_plan.hpp"
#include "plugins/sql/time_rows.hpp"
#include "plugins/sql/wall_time.hpp"

namespace millrace::sql_operators {

namespace {

constexpr std::string_view kBegin = "begin", kEnd = "end";

// Where an index has the rows in the order of time, it emits the ranges that read.sql, which the
// planner puts behind it, reads on several connections; else the rows themselves. A checkpoint is
// the start of a window, so that rows which come to the table meanwhile move no border.
class SqlInput final : public Source, public Checkpointed {
 public:
  static constexpr auto kName = "input.sql";
  static constexpr auto kRole = Role::Input;
  static constexpr auto kDoc =
      "Reads rows of a table of a database, whole columns by name. With `time` it reads those of a "
      "span of time, in the order of time and of the bytes of `id`, and says of each in which "
      "window it is; empty years cost nothing. Where an index begins with the time (or with "
      "columns that `where` holds fixed, and then the time), ranges of it are read on "
      "`connections` connections side by side; else one query reads and the database sorts all "
      "rows: the result is the same. A connection that is lost is opened anew, and no row comes "
      "twice or is left out for it. Without `time` the rows come as one query gives them. Integers "
      "are int64, other numbers float64, dates and times timestamps as on the wall, decimals and "
      "all else texts. Text that is no UTF-8 is mended and counted as `mendedTexts`, a date that "
      "no calendar has is null and counted as `badTimes`.";
  static constexpr auto kParams = kSourceParams;
  static constexpr auto kTraits = R"json({"stability": "alpha", "blocking": true, "emits": null,
    "read_by": "read.sql", "hints": {"accepts": ["columns"]},
    "examples": [
      {"params": {"connection": "data", "table": "posts", "order": ["id"], "columns": ["id", "author"]},
       "databases": {"data": ["CREATE TABLE posts (id TEXT PRIMARY KEY, author TEXT, post_time DATETIME)",
         "INSERT INTO posts VALUES ('a', 'Ann', '2021-01-01 00:00:00'), ('b', NULL, '2021-01-02 12:00:00')"]}},
      {"params": {"connection": "data", "table": "posts", "id": "id", "columns": ["id", "author"],
         "time": {"column": "post_time", "from": "2021-01-01", "to": "2021-01-03"}},
       "databases": {"data": ["CREATE TABLE posts (id TEXT PRIMARY KEY, author TEXT, post_time DATETIME)",
         "INSERT INTO posts VALUES ('b', 'Bob', '2021-01-01 00:00:00'), ('a', 'Ann', '2021-01-01 00:00:00'), ('c', NULL, '2021-01-02 12:00:00')"]}},
      {"params": {"connection": "data", "table": "posts", "split_windows": 1,
         "time": {"column": "post_time", "from": "2021-01-01", "to": "2021-01-03"}},
       "databases": {"data": ["CREATE TABLE posts (id TEXT PRIMARY KEY, post_time DATETIME)",
         "CREATE INDEX by_time ON posts (post_time)",
         "INSERT INTO posts VALUES ('a', '2021-01-01 00:00:00'), ('b', '2021-01-02 12:00:00')"]}}]})json";

  static void plan(Context& context, const Params& params) {
    check_source_query(context, params);
    if (params["time"].is_null()) context.trait("read_by", "\"\"");
  }

  explicit SqlInput(const Params& params)
      : query_{params}, position_{query_.windows.from}, plan_{query_} {}

  bool produce(Context& context) override {
    if (is_done_) return false;
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
    if (!query_.is_by_time()) {
      is_done_ = !produce_rows(context, plain());
    } else if (position_ >= query_.windows.end()) {
      is_done_ = true;
    } else {
      is_done_ = has_index(context) ? !produce_split(context) : !produce_rows(context, streamed());
    }
    tell_progress(context);
    return !is_done_;
  }

  std::string snapshot(Context&) override {
    if (is_done_) return std::string{kEnd};
    if (!query_.is_by_time()) {
      if (!plain_) return std::string{kBegin};
      throw Failure{MR_UNAVAILABLE, "rows that are not read by time have no place to go on from"};
    }
    const auto place = place_now();
    if (!place) throw Failure{MR_UNAVAILABLE, "amid a window"};
    return spell_wall_time(*place);
  }

  void restore(Context&, std::string_view state) override {
    if (state == kBegin && !query_.is_by_time()) return;
    is_done_ = state == kEnd;
    if (is_done_) return;
    const auto place = parse_wall_time(state);
    if (!place || !query_.is_by_time() || !is_place(*place))
      throw Failure{MR_DATA_INVALID, "the checkpoint of a table's input names no window of it"};
    position_ = *place;
  }

 private:
  [[nodiscard]] bool is_place(std::int64_t time) const {
    const Windows& windows = query_.windows;
    return time >= windows.from && time <= windows.end() &&
           (windows.is_border(time) || time == windows.end());
  }

  // The start of the window of the row that comes next; nothing amid one.
  [[nodiscard]] std::optional<std::int64_t> place_now() const {
    if (is_streaming_) return rows_->position();
    return is_place(position_) ? std::optional{position_} : std::nullopt;
  }

  TimeRows& rows() {
    if (!rows_) rows_ = std::make_unique<TimeRows>(query_, TimeRows::Batches::ByWindows);
    return *rows_;
  }
  PlainRows& plain() {
    if (!plain_) plain_ = std::make_unique<PlainRows>(query_);
    return *plain_;
  }
  // The rows from position_ to the end, by one query.
  TimeRows& streamed() {
    if (!std::exchange(is_streaming_, true)) rows().begin({position_, query_.windows.end()});
    return rows();
  }

  bool has_index(Context& context) {
    return rows().ask(context, position_, [](SourceTable& table) { return table.has_index(); });
  }

  bool produce_split(Context& context) {
    const auto range = rows().ask(context, position_,
                                  [&](SourceTable& table) { return plan_.next(table, position_); });
    if (!range) return false;
    position_ = range->to;
    context.emit(split_batch(*range));
    return true;
  }

  // One batch, or all where others wait for the end of the query to write to the database.
  template <class Rows>
  bool produce_rows(Context& context, Rows& found) {
    while (auto batch = found.next(context)) {
      read_ += batch->rows();
      context.count("read", batch->rows());
      context.emit(*std::move(batch));
      if (!found.blocks_writers()) return true;
    }
    return false;
  }

  void tell_progress(Context& context) const {
    const Windows& windows = query_.windows;
    const auto count = [&](std::int64_t to) {
      return static_cast<std::uint64_t>((to - windows.from + windows.step - 1) / windows.step);
    };
    if (!query_.is_by_time()) {
      context.progress(static_cast<std::uint64_t>(read_), 0, "rows");
    } else if (is_done_) {
      context.progress(count(windows.end()), count(windows.end()), "windows");
    } else if (const auto place = place_now()) {
      context.progress(count(*place), count(windows.end()), "windows");
    }
  }

  const SourceQuery query_;
  std::int64_t position_;  // of splits: behind the last one
  SplitPlan plan_;
  std::unique_ptr<TimeRows> rows_;    // by time: the table, and rows where they are streamed
  std::unique_ptr<PlainRows> plain_;  // not by time
  bool is_streaming_ = false, is_done_ = false;
  std::int64_t read_ = 0;
};

}  // namespace

OperatorDefinition define_input() { return detail::define<SqlInput>(); }

}  // namespace millrace::sql_operators
