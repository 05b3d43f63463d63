#include "plugins/sql/plain_rows.hpp"

namespace millrace::sql_operators {

void PlainRows::begin() {
  reader_.reset();
  has_begun_ = false;
  if (table_name_ != query_.table.table) table_.reset();
  block_ = {};  // another table has other columns
}

bool PlainRows::open(Context& context) {
  if (!connection_) connection_ = connect_source(context, query_);
  if (!table_) {
    table_ = std::make_unique<SourceTable>(*connection_, query_);
    table_name_ = query_.table.table;
  }
  if (table_->is_missing()) {
    tell_missing(context, query_);
    return false;
  }
  reader_ = table_->stream();
  return true;
}

std::optional<Batch> PlainRows::next(Context& context) {
  while (true) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
    try {
      if (!reader_ && !open(context)) return std::nullopt;
      if (!reader_->read(block_, query_.batch_rows, query_.batch_bytes)) {
        reader_.reset();
        return std::nullopt;
      }
      break;
    } catch (const sql::Failure& failure) {
      reader_.reset();
      const std::string doing = "read table " + query_.table.table;
      if (has_begun_) {
        throw Failure{static_cast<int>(failure.code()),
                      doing + ", amid its rows: " + failure.what()};
      }
      attempts_.failed(context, failure, doing);
    }
  }
  has_begun_ = true;
  mend_block(context, *table_, block_);
  rows_.clear();
  for (std::int64_t row = 0; row < block_.rows(); ++row) rows_.push_back({&block_, row});
  return make_batch(context, *table_, rows_, {});
}

}  // namespace millrace::sql_operators
