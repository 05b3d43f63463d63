#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <millrace/batch.hpp>
#include <millrace/context.hpp>
#include <millrace/sql/connection.hpp>

#include "plugins/sql/attempts.hpp"
#include "plugins/sql/row_batch.hpp"
#include "plugins/sql/source_query.hpp"
#include "plugins/sql/source_table.hpp"

namespace millrace::sql_operators {

/// Reads the rows of a range of time, in the order of window, time, and the bytes of ids. The
/// database orders by time alone: rows of one time are held until all are there, and ordered here.
/// A connection that is lost is opened anew, and goes on with the first time whose rows were not
/// emitted. Throws Failure, which names the window. [one thread at a time; blocks]
class TimeRows {
 public:
  /// Whether a batch also ends with a window, so that there is a position between two batches.
  enum class Batches { Full, ByWindows };

  explicit TimeRows(const SourceQuery& query, Batches batches)
      : query_{query}, attempts_{query}, batches_{batches} {}

  /// Begins to read a range, which is not empty; what is left of another is dropped.
  void begin(Windows::Range range);
  /// Returns the next batch; nothing at the end of the range.
  std::optional<Batch> next(Context& context);
  /// After next(): whether to read on at once, since others cannot write meanwhile.
  [[nodiscard]] bool blocks_writers() const { return table_ && table_->blocks_writers(); }
  /// Start of the window that is read next, where none of its rows were emitted; nothing amid one.
  [[nodiscard]] std::optional<std::int64_t> position() const;
  /// Calls `work` with the table, again where the database is away; it is at `time`.
  template <class Work>
  auto ask(Context& context, std::int64_t time, const Work& work) {
    return attempts_.call(
        context, [&] { return doing(time); }, [&] { return work(connected(context)); });
  }

 private:
  SourceTable& connected(Context& context);
  [[nodiscard]] std::string doing(std::int64_t time) const;
  bool fill(Context& context);
  bool read_block(Context& context);
  void hold_rest();
  void hold(std::int64_t row);
  void add_group(const sql::Block& block, std::int64_t first, std::int64_t last, std::int64_t time);
  [[nodiscard]] std::size_t part_size() const;
  [[nodiscard]] std::int64_t first_window(std::int64_t time) const;

  const SourceQuery& query_;
  Attempts attempts_;
  const Batches batches_;
  std::unique_ptr<sql::Connection> connection_;
  std::unique_ptr<SourceTable> table_;
  std::unique_ptr<sql::Reader> reader_;
  Windows::Range range_;
  std::int64_t resume_ = 0;  // all rows before this time have been given on
  bool is_ended_ = true;     // the database has no more rows of the range

  sql::Block block_;                 // as read last
  std::vector<std::int64_t> times_;  // of its rows
  std::int64_t rest_ = 0;            // its rows from here on wait for the others of their time
  sql::Block held_;                  // rows of one time, of which more may come
  std::int64_t held_time_ = 0;
  std::size_t held_bytes_ = 0;

  std::vector<FoundRow> rows_;               // of block_ and held_, in order
  std::size_t emitted_ = 0;                  // of rows_
  std::optional<std::int64_t> last_window_;  // of what was emitted of this range
};

}  // namespace millrace::sql_operators
