#include <cassert>
#include <cstring>
#include <numeric>
#include <utility>

#include <millrace/batch_block.hpp>

#include "arrow.hpp"

namespace millrace {

namespace {

constexpr std::size_t kAlignment = 8;  // of each buffer

std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

void set_bit(char* bits, std::int64_t place) {
  char& byte = bits[place >> 3];
  byte = static_cast<char>(static_cast<unsigned char>(byte) | (1U << (place & 7)));
}

bool is_text(Type type) { return type == Type::Utf8 || type == Type::Binary; }

// Where the next row of a column is written.
struct Cursor {
  Type type;
  char *validity, *values, *bytes;
  std::size_t capacity;  // of `bytes`
  std::size_t used = 0;
  std::int64_t row = 0;
  bool has_null = false;
};

}  // namespace

struct BatchBlock::State {
  // Kept alive by each column.
  struct Memory {
    std::unique_ptr<char[]> buffers;
    std::vector<Array> arrays;
  };

  std::shared_ptr<Schema> schema;  // the batch's, from finish() on
  std::int64_t rows;
  std::shared_ptr<Memory> memory;  // shared with the columns
  std::vector<Cursor> cursors;

  Cursor& next(std::size_t column, [[maybe_unused]] bool is_of_type) {
    Cursor& cursor = cursors[column];
    assert(is_of_type && cursor.row < rows);
    set_bit(cursor.validity, cursor.row);
    return cursor;
  }

  template <class Number>
  void append_number(std::size_t column, Number value) {
    Cursor& cursor = next(column, detail::width_of(cursors[column].type) == sizeof value);
    std::memcpy(cursor.values + cursor.row * static_cast<std::int64_t>(sizeof value), &value,
                sizeof value);
    ++cursor.row;
  }

  // Ends the text of the row.
  static void end_text(Cursor& cursor) {
    const auto end = static_cast<std::int32_t>(cursor.used);
    ++cursor.row;
    std::memcpy(cursor.values + cursor.row * static_cast<std::int64_t>(sizeof end), &end,
                sizeof end);
  }
};

BatchBlock::BatchBlock(Schema schema, std::int64_t rows, std::span<const std::size_t> text_bytes)
    : state_{std::make_unique<State>()} {
  State& state = *state_;
  state.rows = rows;
  const auto count = static_cast<std::size_t>(rows);
  const auto bits = aligned((count + 7) / 8);
  const auto bytes_of = [&](std::size_t column) {
    const Type type = schema[column].type;
    if (is_text(type))
      return aligned((count + 1) * sizeof(std::int32_t)) + aligned(text_bytes[column]);
    if (type == Type::Bool) return bits;
    if (detail::width_of(type) == 0) detail::throw_cannot_build(type);
    return aligned(count * detail::width_of(type));
  };
  std::size_t size = 0;
  for (std::size_t column = 0; column < schema.size(); ++column) {
    if (text_bytes[column] > static_cast<std::size_t>(detail::kMaxColumnBytes) &&
        is_text(schema[column].type))
      detail::throw_too_many_bytes();
    size += bits + bytes_of(column);
  }
  state.memory = std::make_shared<State::Memory>();
  state.memory->buffers = std::make_unique<char[]>(size);  // zeros: no row is valid by now
  char* free = state.memory->buffers.get();
  state.cursors.reserve(schema.size());
  for (std::size_t column = 0; column < schema.size(); ++column) {
    const Type type = schema[column].type;
    char* const values = free + bits;
    char* const bytes = values + aligned((count + 1) * sizeof(std::int32_t));
    state.cursors.push_back({type, free, values, is_text(type) ? bytes : nullptr,
                             is_text(type) ? text_bytes[column] : 0});
    free += bits + bytes_of(column);
  }
  state.schema = std::make_shared<Schema>(std::move(schema));
}

BatchBlock::~BatchBlock() = default;

void BatchBlock::append(std::size_t column, std::int64_t value) {
  state_->append_number(column, value);
}

void BatchBlock::append(std::size_t column, double value) { state_->append_number(column, value); }

void BatchBlock::append(std::size_t column, bool value) {
  Cursor& cursor = state_->next(column, state_->cursors[column].type == Type::Bool);
  if (value) set_bit(cursor.values, cursor.row);
  ++cursor.row;
}

void BatchBlock::append(std::size_t column, std::string_view value) {
  Cursor& cursor = state_->next(column, is_text(state_->cursors[column].type));
  assert(value.size() <= cursor.capacity - cursor.used);
  if (!value.empty()) std::memcpy(cursor.bytes + cursor.used, value.data(), value.size());
  cursor.used += value.size();
  State::end_text(cursor);
}

void BatchBlock::append_null(std::size_t column) {
  Cursor& cursor = state_->cursors[column];
  assert(cursor.row < state_->rows);
  cursor.has_null = true;
  is_text(cursor.type) ? State::end_text(cursor) : static_cast<void>(++cursor.row);
}

Batch BatchBlock::finish() {
  State& state = *state_;
  auto& arrays = state.memory->arrays;
  arrays.reserve(state.cursors.size());
  detail::Columns columns;
  columns.reserve(state.cursors.size());
  for (const Cursor& cursor : state.cursors) {
    assert(cursor.row == state.rows);
    arrays.push_back({.type = cursor.type,
                      .length = state.rows,
                      .validity = cursor.has_null ? cursor.validity : nullptr,
                      .values = cursor.values,
                      .bytes = cursor.bytes});
    columns.emplace_back(state.memory, &arrays.back());
  }
  ArrowArray array{};
  ArrowSchema schema{};
  detail::export_table({std::move(state.schema), std::move(columns), state.rows}, array, schema);
  return Batch::import(&array, &schema);
}

}  // namespace millrace
