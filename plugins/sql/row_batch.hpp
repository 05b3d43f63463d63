#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <millrace/batch.hpp>
#include <millrace/context.hpp>
#include <millrace/sql/block.hpp>

#include "plugins/sql/source_table.hpp"

namespace millrace::sql_operators {

/// Where a row that is to be emitted stands. Time and window are of rows by time.
struct FoundRow {
  const sql::Block* block = nullptr;
  std::int64_t row = 0;
  std::int64_t time = 0, window = 0;
};

/// Mends what is no UTF-8 in the texts of a block that was just read; counted as "mendedTexts".
void mend_block(Context& context, const SourceTable& table, sql::Block& block);

/// Makes a batch of rows; `window_column` empty: without windows. A date that no calendar has
/// (0000-00-00) is null and counted as "badTimes". Throws Failure.
Batch make_batch(Context& context, const SourceTable& table, std::span<const FoundRow> rows,
                 const std::string& window_column);

}  // namespace millrace::sql_operators
