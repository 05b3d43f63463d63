#include "plugins/sql/time_rows.hpp"

#include <algorithm>
#include <utility>

#include "plugins/sql/wall_time.hpp"

namespace millrace::sql_operators {

namespace {

// Appends a row of one block to another of the same columns, and returns its bytes, about.
std::size_t append_row(sql::Block& to, const sql::Block& from, std::int64_t row) {
  if (to.columns.empty()) {
    for (const sql::Column& column : from.columns) to.columns.push_back({column.name, column.type});
  }
  std::size_t bytes = 0;
  for (std::size_t place = 0; place < from.columns.size(); ++place) {
    const sql::Column& column = from.columns[place];
    bytes += sizeof(std::int64_t);
    if (column.is_null(row)) {
      to.columns[place].append_null();
    } else if (column.type == sql::Type::Integer) {
      to.columns[place].append(column.integer(row));
    } else if (column.type == sql::Type::Real) {
      to.columns[place].append(column.real(row));
    } else {
      to.columns[place].append(column.text(row));
      bytes += column.text(row).size();
    }
  }
  return bytes;
}

// Null comes first, as databases have it.
bool is_before(const sql::Column& ids, std::int64_t left, std::int64_t right) {
  if (ids.is_null(left) || ids.is_null(right)) return ids.is_null(left) && !ids.is_null(right);
  if (ids.type == sql::Type::Integer) return ids.integer(left) < ids.integer(right);
  if (ids.type == sql::Type::Real) return ids.real(left) < ids.real(right);
  return ids.text(left) < ids.text(right);
}

}  // namespace

SourceTable& TimeRows::connected(Context& context) {
  if (!table_) {
    connection_ = connect_source(context, query_);
    table_ = std::make_unique<SourceTable>(*connection_, query_);
    if (table_->is_missing()) tell_missing(context, query_);
  }
  return *table_;
}

std::string TimeRows::doing(std::int64_t time) const {
  return "read table " + query_.table.table + ", window " +
         spell_wall_time(query_.windows.start_of(time));
}

void TimeRows::begin(Windows::Range range) {
  reader_.reset();
  range_ = range;
  resume_ = range.from;
  is_ended_ = false;
  rows_.clear();
  emitted_ = 0;
  held_.clear();
  held_bytes_ = 0;
  block_.clear();
  rest_ = 0;
  last_window_.reset();
}

std::int64_t TimeRows::first_window(std::int64_t time) const {
  return query_.windows.starts_of(time, range_).first;
}

std::optional<std::int64_t> TimeRows::position() const {
  if (!last_window_) return first_window(range_.from);
  std::int64_t next = range_.to;
  if (emitted_ < rows_.size()) {
    next = rows_[emitted_].window;
  } else if (rest_ < block_.rows()) {
    next = first_window(times_[static_cast<std::size_t>(rest_)]);
  }
  return next > *last_window_ ? std::optional{next} : std::nullopt;
}

std::optional<Batch> TimeRows::next(Context& context) {
  if (emitted_ == rows_.size() && !fill(context)) return std::nullopt;
  const std::size_t size = part_size();
  const std::span<const FoundRow> part{rows_.data() + emitted_, size};
  Batch batch = make_batch(context, *table_, part, query_.window_column);
  last_window_ = part.back().window;
  emitted_ += size;
  return batch;
}

// All rows, or those before the last window that begins among them.
std::size_t TimeRows::part_size() const {
  const std::size_t left = rows_.size() - emitted_;
  if (batches_ == Batches::Full || rows_[emitted_].window == rows_.back().window) return left;
  std::size_t end = rows_.size();
  while (rows_[end - 1].window == rows_.back().window) --end;
  return end - emitted_;
}

// Gets rows whose order is known. False: there are no more.
bool TimeRows::fill(Context& context) {
  hold_rest();
  rows_.clear();
  emitted_ = 0;
  while (rows_.empty() && !is_ended_) {
    if (!read_block(context)) {
      is_ended_ = true;
      add_group(held_, 0, held_.rows(), held_time_);
      break;
    }
    const std::int64_t rows = block_.rows();
    const auto time = [&](std::int64_t row) { return times_[static_cast<std::size_t>(row)]; };
    std::int64_t first = 0;
    if (held_.rows() > 0) {
      while (first < rows && time(first) == held_time_) hold(first++);
      if (first == rows) {
        rest_ = rows;
        continue;
      }
      add_group(held_, 0, held_.rows(), held_time_);
    }
    rest_ = rows - 1;
    while (rest_ > first && time(rest_ - 1) == time(rows - 1)) --rest_;
    while (first < rest_) {
      std::int64_t last = first + 1;
      while (last < rest_ && time(last) == time(first)) ++last;
      add_group(block_, first, last, time(first));
      first = last;
    }
    if (rows_.empty()) hold_rest();
  }
  return !rows_.empty();
}

// The rows of the last time of a block, behind those that were emitted.
void TimeRows::hold_rest() {
  if (rest_ >= block_.rows()) {
    if (is_ended_) held_.clear();
    return;
  }
  held_.clear();
  held_bytes_ = 0;
  held_time_ = resume_ = times_[static_cast<std::size_t>(rest_)];
  while (rest_ < block_.rows()) hold(rest_++);
}

void TimeRows::hold(std::int64_t row) {
  held_bytes_ += append_row(held_, block_, row);
  if (held_bytes_ <= query_.same_time_bytes) return;
  throw Failure{MR_EXHAUSTED, "read table " + query_.table.table + ": the rows of " +
                                  spell_wall_time(held_time_) + " take more than " +
                                  std::to_string(query_.same_time_bytes) +
                                  " bytes, and their order is known when all are there; raise "
                                  "\"same_time_bytes\", or read fewer columns"};
}

void TimeRows::add_group(const sql::Block& block, std::int64_t first, std::int64_t last,
                         std::int64_t time) {
  const auto begin = static_cast<std::ptrdiff_t>(rows_.size());
  const auto starts = query_.windows.starts_of(time, range_);
  for (std::int64_t row = first; row < last; ++row)
    rows_.push_back({&block, row, time, starts.first});
  if (const auto id = table_->id_place(); id && last - first > 1) {
    const sql::Column& ids = block.columns[*id];
    const auto by_id = [&](const FoundRow& left, const FoundRow& right) {
      return is_before(ids, left.row, right.row);
    };
    const auto from = rows_.begin() + begin;
    if (!std::is_sorted(from, rows_.end(), by_id)) std::stable_sort(from, rows_.end(), by_id);
  }
  for (std::int64_t window = starts.first + query_.windows.step; window <= starts.last;
       window += query_.windows.step) {
    for (std::int64_t row = 0; row < last - first; ++row) {
      FoundRow again = rows_[static_cast<std::size_t>(begin + row)];
      again.window = window;
      rows_.push_back(again);
    }
  }
}

// False: the range has no more rows. What is held is read again after a lost connection, since the
// others of its time may have gone with it.
bool TimeRows::read_block(Context& context) {
  const std::int64_t before = query_.windows.before(range_);
  while (true) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
    try {
      if (!reader_) {
        held_.clear();
        held_bytes_ = 0;
        if (connected(context).is_missing()) return false;
        reader_ = connected(context).stream(resume_, before);
      }
      const bool is_any = reader_->read(block_, query_.batch_rows, query_.batch_bytes);
      times_.clear();
      const sql::Column& times = block_.columns[table_->time_place()];
      for (std::int64_t row = 0; row < block_.rows(); ++row)
        times_.push_back(table_->time().read(times, row, range_.from, before));
      if (!is_any) reader_.reset();
      if (is_any) mend_block(context, *table_, block_);
      attempts_.succeeded();
      return is_any;
    } catch (const sql::Failure& failure) {
      reader_.reset();
      block_.clear();
      rest_ = 0;
      attempts_.failed(context, failure, doing(resume_));
    }
  }
}

}  // namespace millrace::sql_operators
