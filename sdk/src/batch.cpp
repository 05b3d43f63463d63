#include <algorithm>
#include <utility>

#include <millrace/batch.hpp>
#include <millrace/context.hpp>

#include "arrow.hpp"

namespace millrace {

namespace {

#ifdef MR_CHECK_EDGES
constexpr bool kCheckText = true;
#else
constexpr bool kCheckText = false;
#endif

[[noreturn]] void throw_misuse(const std::string& message) {
  throw Failure{MR_INVALID_ARGUMENT, message};
}

[[noreturn]] void throw_no_column(std::string_view name, const Schema& schema) {
  std::string message = "no such column: '" + std::string{name} + "'; there are:";
  for (const auto& field : schema) message += " '" + field.name + "'";
  if (schema.empty()) message += " none";
  throw Failure{MR_DATA_INVALID, message};
}

std::ptrdiff_t index_of(const Schema& schema, std::string_view name) {
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (schema[i].name == name) return static_cast<std::ptrdiff_t>(i);
  }
  return -1;
}

std::size_t require(const Schema& schema, std::string_view name) {
  const auto index = index_of(schema, name);
  if (index < 0) throw_no_column(name, schema);
  return static_cast<std::size_t>(index);
}

void check_rows(std::span<const std::int64_t> rows, std::int64_t limit) {
  for (const auto row : rows) {
    if (row < 0 || row >= limit) {
      throw_misuse("no such row: " + std::to_string(row) + " of " + std::to_string(limit));
    }
  }
}

void release(ArrowArray& array, ArrowSchema& schema) {
  if (array.release != nullptr) array.release(&array);
  if (schema.release != nullptr) schema.release(&schema);
}

// Whether nobody else holds the object. What earlier holders did with it then happened before.
template <class T>
bool is_sole_owner(const std::shared_ptr<T>& held) {
  if (held.use_count() != 1) return false;
  const auto synchronised = held;  // use_count() alone orders nothing; taking a reference does
  return true;
}

}  // namespace

struct Batch::Parsed {
  std::shared_ptr<Schema> schema;  // shared by the batches that were made of each other
  Columns columns;
  std::shared_ptr<detail::ForeignArray> foreign{};  // as long as the columns are what was imported
};

Batch::Batch() noexcept = default;

// Batches are moved at every hop: what was moved from is only marked as empty.
Batch::Batch(Batch&& other) noexcept
    : array_{other.array_},
      schema_{other.schema_},
      parsed_{std::move(other.parsed_)},
      is_raw_{std::exchange(other.is_raw_, false)} {
  other.array_.release = nullptr;
  other.array_.length = 0;
  other.schema_.release = nullptr;
}

Batch& Batch::operator=(Batch&& other) noexcept {
  Batch taken{std::move(other)};
  std::swap(array_, taken.array_);
  std::swap(schema_, taken.schema_);
  std::swap(parsed_, taken.parsed_);
  std::swap(is_raw_, taken.is_raw_);
  return *this;
}

Batch::~Batch() { release(array_, schema_); }

Batch Batch::import(ArrowArray* array, ArrowSchema* schema) {
  Batch batch;
  batch.array_ = *array;
  batch.schema_ = *schema;
  batch.is_raw_ = true;
  array->release = nullptr;
  schema->release = nullptr;
  return batch;
}

void Batch::export_to(ArrowArray* array, ArrowSchema* schema) && {
  if (!is_raw_) {
    const Parsed& table = parsed();
    if (!table.foreign || !detail::are_sole_owners(table.columns, table.foreign)) {
      detail::export_table({table.schema, std::move(parsed_->columns), rows()}, *array, *schema);
      *this = Batch{};
      return;
    }
    // Nobody else looks at what came in, so it goes out as it came.
    parsed_->columns.clear();
    array_ = std::exchange(parsed_->foreign->array, ArrowArray{});
    parsed_.reset();
  }
  *array = std::exchange(array_, ArrowArray{});
  *schema = std::exchange(schema_, ArrowSchema{});
  is_raw_ = false;
  parsed_.reset();
}

const Batch::Parsed& Batch::parsed() const {
  if (parsed_) return *parsed_;
  if (is_raw_) {
    if (auto ours = detail::exported_table(array_, schema_)) {
      if (kCheckText) detail::check_text(*ours->schema, ours->columns);
      parsed_ = std::make_unique<Parsed>(Parsed{std::move(ours->schema), std::move(ours->columns)});
      return *parsed_;
    }
    auto table = detail::import_table(array_, schema_, kCheckText);
    is_raw_ = false;  // the columns hold the array now; the schema stays, for export
    array_.length = table.rows;
    parsed_ = std::make_unique<Parsed>(
        Parsed{std::move(table.schema), std::move(table.columns), std::move(table.foreign)});
  } else {
    static const auto kNoColumns = std::make_shared<Schema>();
    parsed_ = std::make_unique<Parsed>(Parsed{kNoColumns, {}});
  }
  return *parsed_;
}

Batch Batch::assemble(std::shared_ptr<Schema> schema, Columns columns, std::int64_t rows) {
  Batch batch;
  batch.array_.length = rows;
  batch.parsed_ = std::make_unique<Parsed>(Parsed{std::move(schema), std::move(columns)});
  return batch;
}

Batch Batch::share() const {
  const Parsed& table = parsed();
  return assemble(table.schema, table.columns, rows());
}

void Batch::validate() const {
  const Parsed& table = parsed();
  detail::check_text(*table.schema, table.columns);
}

const Schema& Batch::schema() const { return *parsed().schema; }

bool Batch::has(std::string_view column) const { return index_of(schema(), column) >= 0; }

std::size_t Batch::size_bytes() const {
  const Columns* columns = is_raw_ && !parsed_ ? detail::exported_columns(array_) : nullptr;
  std::size_t bytes = 0;
  for (const auto& column : columns != nullptr ? *columns : parsed().columns)
    bytes += detail::used_bytes(*column);
  return bytes;
}

std::shared_ptr<const Array> Batch::find(std::string_view name) const {
  const Parsed& table = parsed();
  return table.columns[require(*table.schema, name)];
}

Batch Batch::child(std::string_view name) const {
  const Parsed& table = parsed();
  const std::size_t index = require(*table.schema, name);
  const Array& array = *table.columns[index];
  const Field& field = (*table.schema)[index];
  if (array.type == Type::Struct) {
    Columns members;
    for (const auto& member : array.children) {
      members.push_back(detail::mask_array(detail::slice_array(member, array.offset, array.length),
                                           array, array.offset));
    }
    return assemble(std::make_shared<Schema>(field.children), std::move(members), array.length);
  }
  if (array.type != Type::List) detail::throw_other_type(name, array.type, "list or struct");
  std::int64_t first = 0;
  std::int64_t last = 0;
  if (array.length > 0) {
    first = detail::load<std::int32_t>(array.values, array.offset);
    last = detail::load<std::int32_t>(array.values, array.offset + array.length);
  }
  auto items = detail::slice_array(array.children[0], first, last - first);
  Batch inner =
      assemble(std::make_shared<Schema>(field.children), {std::move(items)}, last - first);
  return field.children[0].type == Type::Struct ? inner.child(detail::kItemName) : std::move(inner);
}

std::pair<std::int64_t, std::int64_t> Batch::list_range(std::string_view name,
                                                        std::int64_t row) const {
  const auto array = find(name);
  if (array->type != Type::List) detail::throw_other_type(name, array->type, "list");
  if (row < 0 || row >= array->length) {
    throw_misuse("no such row: " + std::to_string(row) + " of " + std::to_string(array->length));
  }
  if (array->is_null(row)) return {0, 0};
  const std::int64_t first = detail::load<std::int32_t>(array->values, array->offset);
  const std::int64_t position = array->offset + row;
  return {detail::load<std::int32_t>(array->values, position) - first,
          detail::load<std::int32_t>(array->values, position + 1) - first};
}

Batch Batch::slice(std::int64_t offset, std::int64_t length) const {
  const Parsed& table = parsed();
  if (offset < 0 || length < 0 || offset > rows() - length) {
    throw_misuse("no such rows: " + std::to_string(length) + " from " + std::to_string(offset) +
                 " of " + std::to_string(rows()));
  }
  Columns columns;
  columns.reserve(table.columns.size());
  for (const auto& column : table.columns)
    columns.push_back(detail::slice_array(column, offset, length));
  return assemble(table.schema, std::move(columns), length);
}

Batch Batch::take(std::span<const std::int64_t> rows) const {
  const Parsed& table = parsed();
  check_rows(rows, this->rows());
  Columns columns;
  columns.reserve(table.columns.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    detail::ColumnWriter writer{(*table.schema)[i]};
    writer.reserve(std::ssize(rows), 0);
    writer.gather(*table.columns[i], rows, table.columns[i]->offset);
    columns.push_back(writer.finish());
  }
  return assemble(table.schema, std::move(columns), std::ssize(rows));
}

Batch Batch::keep_ascending(std::span<const std::int64_t> rows) && {
  const std::int64_t count = std::ssize(rows);
  if (count == this->rows()) return std::move(*this);
  // A run of most rows costs nothing as a slice. A smaller one is copied, or a few rows would hold
  // the memory of all.
  const bool is_run = count > 0 && rows.back() - rows.front() + 1 == count;
  if (is_run && count >= this->rows() / 2) return slice(rows.front(), count);
  return take(rows);
}

Batch Batch::put(Field field, std::shared_ptr<const Array> column) && {
  const bool is_first = parsed().columns.empty() && rows() == 0;
  if (!is_first && column->length != rows()) {
    throw_misuse("column '" + field.name + "' has " + std::to_string(column->length) +
                 " rows, the batch " + std::to_string(rows()));
  }
  auto table = std::move(parsed_);
  *this = Batch{};  // gives back what was imported
  table->foreign.reset();
  if (!is_sole_owner(table->schema)) table->schema = std::make_shared<Schema>(*table->schema);
  Batch made;
  made.array_.length = column->length;
  const auto index = index_of(*table->schema, field.name);
  if (index < 0) {
    table->schema->push_back(std::move(field));
    table->columns.push_back(std::move(column));
  } else {
    (*table->schema)[static_cast<std::size_t>(index)] = std::move(field);
    table->columns[static_cast<std::size_t>(index)] = std::move(column);
  }
  made.parsed_ = std::move(table);
  return made;
}

Batch Batch::with_struct(std::string_view name, Batch members) && {
  const Parsed& inner = members.parsed();
  auto array = std::make_shared<Array>();
  array->type = Type::Struct;
  array->length = members.rows();
  array->children = inner.columns;
  return std::move(*this).put(Field{std::string{name}, Type::Struct, *inner.schema},
                              std::move(array));
}

Batch Batch::with_list(std::string_view name, std::span<const std::int64_t> lengths,
                       Batch items) && {
  detail::Buffers buffers;
  buffers.values.reserve((lengths.size() + 1) * sizeof(std::int32_t));
  buffers.values.append_value(std::int32_t{0});
  std::int64_t end = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] < -1 || lengths[i] > items.rows() - end) {
      throw_misuse("list '" + std::string{name} + "' has no items for a length of " +
                   std::to_string(lengths[i]) + " in row " + std::to_string(i));
    }
    const bool is_null = lengths[i] < 0;
    if (is_null && buffers.validity.empty())
      buffers.validity.append_run(true, static_cast<std::int64_t>(i));
    if (is_null || !buffers.validity.empty()) buffers.validity.append(!is_null);
    end += is_null ? 0 : lengths[i];
    if (end > detail::kMaxColumnBytes) detail::throw_too_many_bytes();
    buffers.values.append_value(static_cast<std::int32_t>(end));
  }
  if (end != items.rows()) {
    throw_misuse("list '" + std::string{name} + "' has " + std::to_string(items.rows()) +
                 " items, its lengths name " + std::to_string(end));
  }
  if (items.schema().size() != 1 || items.schema()[0].name != detail::kItemName) {
    items = Batch{}.with_struct(detail::kItemName, std::move(items));
  }
  const Parsed& inner = items.parsed();
  return std::move(*this).put(
      Field{std::string{name}, Type::List, *inner.schema},
      detail::make_array(Type::List, std::ssize(lengths), std::move(buffers), inner.columns));
}

Batch Batch::select(std::span<const std::string_view> names) && {
  const Parsed& table = parsed();
  Schema schema;
  Columns columns;
  for (const auto name : names) {
    if (index_of(schema, name) >= 0)
      throw_misuse("column selected twice: '" + std::string{name} + "'");
    const std::size_t index = require(*table.schema, name);
    schema.push_back((*table.schema)[index]);
    columns.push_back(table.columns[index]);
  }
  const std::int64_t length = rows();
  *this = Batch{};
  return assemble(std::make_shared<Schema>(std::move(schema)), std::move(columns), length);
}

Batch Batch::without(std::string_view name) && {
  const std::size_t index = require(schema(), name);
  Schema schema = *parsed_->schema;
  Columns columns = std::move(parsed_->columns);
  schema.erase(schema.begin() + static_cast<std::ptrdiff_t>(index));
  columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(index));
  const std::int64_t length = rows();
  *this = Batch{};
  return assemble(std::make_shared<Schema>(std::move(schema)), std::move(columns), length);
}

Batch Batch::concat(std::vector<Batch> parts) {
  if (parts.empty()) return Batch{};
  if (parts.size() == 1) return std::move(parts.front());
  Schema schema;
  std::int64_t rows = 0;
  for (const auto& part : parts) {
    for (const auto& field : part.schema()) {
      const auto index = index_of(schema, field.name);
      if (index < 0) {
        schema.push_back(field);
      } else if (const Field& known = schema[static_cast<std::size_t>(index)]; !(known == field)) {
        throw Failure{MR_DATA_INVALID, "batches do not fit together: column '" + field.name +
                                           "' is " + std::string{to_string(known.type)} +
                                           " in one and " + std::string{to_string(field.type)} +
                                           " in another" +
                                           (known.type == field.type ? ", of other children" : "")};
      }
    }
    rows += part.rows();
  }
  Columns columns;
  columns.reserve(schema.size());
  for (const auto& field : schema) {
    std::vector<const Array*> pieces;  // null where a part lacks the column
    std::int64_t bytes = 0;
    for (const auto& part : parts) {
      const auto index = index_of(part.schema(), field.name);
      pieces.push_back(index < 0 ? nullptr
                                 : part.parsed().columns[static_cast<std::size_t>(index)].get());
      const Array* piece = pieces.back();
      if (piece != nullptr && piece->bytes != nullptr && piece->length > 0) {
        bytes += detail::load<std::int32_t>(piece->values, piece->offset + piece->length) -
                 detail::load<std::int32_t>(piece->values, piece->offset);
      }
    }
    if (bytes > detail::kMaxColumnBytes) detail::throw_too_many_bytes();
    detail::ColumnWriter writer{field};
    writer.reserve(rows, bytes);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (pieces[i] != nullptr) {
        writer.append(*pieces[i], pieces[i]->offset, pieces[i]->length);
      } else {
        writer.append_nulls(parts[i].rows());
      }
    }
    columns.push_back(writer.finish());
  }
  return assemble(std::make_shared<Schema>(std::move(schema)), std::move(columns), rows);
}

}  // namespace millrace
