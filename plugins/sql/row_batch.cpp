#include "plugins/sql/row_batch.hpp"

#include <charconv>
#include <optional>
#include <vector>

#include <millrace/batch_block.hpp>

#include "plugins/sql/wall_time.hpp"
#include "plugins/sql/whole_text.hpp"

namespace millrace::sql_operators {

namespace {

bool is_text(Type type) { return type == Type::Utf8 || type == Type::Binary; }

bool fits(Type emitted, sql::Type read) {
  if (emitted == Type::Int64) return read == sql::Type::Integer;
  if (emitted == Type::Float64) return read == sql::Type::Real;
  return read != sql::Type::Integer && read != sql::Type::Real;
}

std::size_t text_bytes(std::span<const FoundRow> rows, std::size_t place) {
  std::size_t bytes = 0;
  for (const FoundRow& found : rows) bytes += found.block->columns[place].text(found.row).size();
  return bytes;
}

// A column of SQLite may hold seconds where a time is declared.
std::optional<std::int64_t> time_of(std::string_view text) {
  if (const auto time = parse_wall_time(text)) return time;
  constexpr std::size_t kMostDigits = 12;
  std::int64_t seconds = 0;
  const auto* const end = text.data() + text.size();
  const bool is_number = !text.empty() && text.size() <= kMostDigits &&
                         std::from_chars(text.data(), end, seconds).ptr == end;
  return is_number ? std::optional{seconds * kSecond} : std::nullopt;
}

// Appends one column, and returns how many of its times are none.
std::int64_t append_column(BatchBlock& batch, std::span<const FoundRow> rows, std::size_t place,
                           Type type, bool is_read_by) {
  std::int64_t bad = 0;
  for (const FoundRow& found : rows) {
    const sql::Column& column = found.block->columns[place];
    if (column.is_null(found.row)) {
      batch.append_null(place);
    } else if (type == Type::Int64) {
      batch.append(place, column.integer(found.row));
    } else if (type == Type::Float64) {
      batch.append(place, column.real(found.row));
    } else if (is_text(type)) {
      batch.append(place, column.text(found.row));
    } else if (is_read_by) {
      batch.append(place, found.time);
    } else if (const auto time = time_of(column.text(found.row))) {
      batch.append(place, *time);
    } else {
      batch.append_null(place);
      ++bad;
    }
  }
  return bad;
}

}  // namespace

void mend_block(Context& context, const SourceTable& table, sql::Block& block) {
  std::int64_t mended = 0;
  for (std::size_t place = 0; place < table.columns().size(); ++place) {
    const auto& emitted = table.columns()[place];
    sql::Column& column = block.columns.at(place);
    if (!fits(emitted.type, column.type)) {
      throw Failure{MR_DATA_INVALID, "column " + emitted.name + " comes as " +
                                         std::string{sql::to_string(column.type)} +
                                         ", which is not what the database said of it"};
    }
    if (emitted.type == Type::Utf8) mended += mend_texts(column);
  }
  if (mended > 0) context.count("mendedTexts", mended);
}

Batch make_batch(Context& context, const SourceTable& table, std::span<const FoundRow> rows,
                 const std::string& window_column) {
  const auto& columns = table.columns();
  Schema schema;
  std::vector<std::size_t> bytes;
  for (std::size_t place = 0; place < columns.size(); ++place) {
    schema.push_back({columns[place].name, columns[place].type});
    bytes.push_back(is_text(columns[place].type) ? text_bytes(rows, place) : 0);
  }
  if (!window_column.empty()) {
    schema.push_back({window_column, Type::Int64});
    bytes.push_back(0);
  }
  BatchBlock batch{std::move(schema), static_cast<std::int64_t>(rows.size()), bytes};
  std::int64_t bad = 0;
  for (std::size_t place = 0; place < columns.size(); ++place) {
    const bool is_read_by = !window_column.empty() && place == table.time_place();
    bad += append_column(batch, rows, place, columns[place].type, is_read_by);
  }
  if (!window_column.empty()) {
    for (const FoundRow& found : rows) batch.append(columns.size(), found.window);
  }
  if (bad > 0) context.count("badTimes", bad);
  return batch.finish();
}

}  // namespace millrace::sql_operators
