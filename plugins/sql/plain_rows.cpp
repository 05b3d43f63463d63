#include "plugins/sql/plain_rows.hpp"

#include <algorithm>

namespace millrace::sql_operators {

void PlainRows::begin() {
  reader_.reset();
  has_begun_ = false;
  spread_.reset();
  if (table_name_ != query_.table.table) table_.reset();
  block_ = {};  // another table has other columns
}

bool PlainRows::find_table(Context& context) {
  if (!connection_) connection_ = connect_source(context, query_);
  if (!table_) {
    table_ = std::make_unique<SourceTable>(*connection_, query_);
    table_name_ = query_.table.table;
  }
  if (table_->is_missing()) tell_missing(context, query_);
  return !table_->is_missing();
}

const std::vector<SourceTable::Emitted>& PlainRows::look(Context& context) {
  attempts_.call(
      context, [this] { return doing(); }, [&] { find_table(context); });
  return table_->columns();
}

bool PlainRows::open(Context& context) {
  if (!find_table(context)) return false;
  if (!query_.spread.empty() && table_->has_index_of_query()) return open_piece();
  reader_ = table_->stream();
  return true;
}

bool PlainRows::open_piece() {
  if (!spread_) {
    const auto span = table_->time_span();
    if (!span) return false;
    spread_ = Spread{.first = span->first,
                     .last = span->second,
                     .pieces = std::min(kMostPieces, query_.limit),
                     .left = query_.limit};
  }
  const std::int64_t pieces = spread_->pieces;
  if (spread_->piece == pieces || spread_->left == 0) return false;
  const std::int64_t length = spread_->last - spread_->first + 1;
  const auto border = [&](std::int64_t piece) {
    return spread_->first + length / pieces * piece + length % pieces * piece / pieces;
  };
  const std::int64_t pieces_left = pieces - spread_->piece;
  reader_ = table_->stream(border(spread_->piece), border(spread_->piece + 1),
                           (spread_->left + pieces_left - 1) / pieces_left);
  ++spread_->piece;
  return true;
}

std::optional<Batch> PlainRows::next(Context& context) {
  while (true) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
    try {
      if (!reader_ && !open(context)) return std::nullopt;
      if (!reader_->read(block_, query_.batch_rows, query_.batch_bytes)) {
        reader_.reset();
        if (spread_) continue;
        return std::nullopt;
      }
      break;
    } catch (const sql::Failure& failure) {
      reader_.reset();
      if (has_begun_) {
        throw Failure{static_cast<int>(failure.code()),
                      doing() + ", amid its rows: " + failure.what()};
      }
      spread_.reset();
      attempts_.failed(context, failure, doing());
    }
  }
  has_begun_ = true;
  if (spread_) spread_->left -= block_.rows();
  mend_block(context, *table_, block_);
  rows_.clear();
  for (std::int64_t row = 0; row < block_.rows(); ++row) rows_.push_back({&block_, row});
  return make_batch(context, *table_, rows_, {});
}

}  // namespace millrace::sql_operators
