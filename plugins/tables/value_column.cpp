#include "plugins/tables/value_column.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

#include <millrace/context.hpp>

#include "plugins/records/float_text.hpp"
#include "plugins/records/wall_time.hpp"

namespace millrace::tables {
namespace {

// The type as which a column of a batch is read.
Type read_type(const Batch& batch, const std::string& name) {
  const auto& schema = batch.schema();
  const auto found = std::find_if(schema.begin(), schema.end(),
                                  [&](const Field& field) { return field.name == name; });
  if (found == schema.end()) throw Failure{MR_DATA_INVALID, "there is no column '" + name + "'"};
  switch (found->type) {
    case Type::Int32:
      return Type::Int64;
    case Type::Float32:
      return Type::Float64;
    case Type::Bool:
    case Type::Int64:
    case Type::Float64:
    case Type::Utf8:
    case Type::Timestamp:
      return found->type;
    case Type::Binary:
    case Type::List:
    case Type::Struct:
      break;
  }
  throw Failure{MR_DATA_INVALID, "column '" + name + "' is " + std::string{to_string(found->type)} +
                                     ", but texts, numbers, times and flags are read here"};
}

std::string spell_time(std::int64_t time) {
  constexpr std::int64_t kYear1 = -62'135'596'800'000'000, kYear10000 = 253'402'300'800'000'000;
  if (time < kYear1 || time >= kYear10000) {
    throw Failure{MR_DATA_INVALID,
                  "a time that is to be a text is in none of the years 1 to 9999: " +
                      std::to_string(time) + " microseconds since 1970"};
  }
  return records::spell_wall_time(time);
}

template <class T>
Cell cell_of(const std::optional<T>& value) {
  return value ? Cell{*value} : Cell{};
}

}  // namespace

Cell view(const OwnCell& cell) {
  return std::visit([](const auto& value) { return Cell{value}; }, cell);
}

OwnCell own(const Cell& cell) {
  return std::visit(
      [](const auto& value) -> OwnCell {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          return std::string{value};
        } else {
          return value;
        }
      },
      cell);
}

ValueColumn::ValueColumn(const Batch& batch, const std::string& name)
    : type_{read_type(batch, name)} {
  if (type_ == Type::Bool) values_ = batch.column<bool>(name);
  if (type_ == Type::Int64 || type_ == Type::Timestamp) values_ = batch.column<std::int64_t>(name);
  if (type_ == Type::Float64) values_ = batch.column<double>(name);
  if (type_ == Type::Utf8) values_ = batch.column<std::string_view>(name);
  has_values_ = std::visit(
      [](const auto& column) {
        for (std::int64_t row = 0; row < column.size(); ++row)
          if (column[row]) return true;
        return false;
      },
      values_);
}

Cell ValueColumn::operator[](std::int64_t row) const {
  return std::visit([row](const auto& column) { return cell_of(column[row]); }, values_);
}

ValueBuilder::ValueBuilder(Type type) : builder_{Builder<std::string_view>{}} {
  if (type == Type::Bool) builder_ = Builder<bool>{};
  if (type == Type::Int64 || type == Type::Timestamp) builder_ = Builder<std::int64_t>{type};
  if (type == Type::Float64) builder_ = Builder<double>{};
}

void ValueBuilder::append(const Cell& cell) {
  std::visit(
      [&]<class T>(Builder<T>& builder) {
        has_value(cell) ? builder.append(std::get<T>(cell)) : builder.append_null();
      },
      builder_);
}

Batch ValueBuilder::put(Batch batch, std::string_view name) && {
  return std::visit([&](auto& builder) { return std::move(batch).with(name, std::move(builder)); },
                    builder_);
}

void append_text(std::string& text, Type type, const Cell& cell) {
  if (const auto* words = std::get_if<std::string_view>(&cell)) {
    text.append(*words);
  } else if (const auto* flag = std::get_if<bool>(&cell)) {
    text.append(*flag ? "true" : "false");
  } else if (const auto* number = std::get_if<double>(&cell)) {
    records::append_float(text, *number);
  } else if (const auto* whole = std::get_if<std::int64_t>(&cell)) {
    text.append(type == Type::Timestamp ? spell_time(*whole) : std::to_string(*whole));
  }
}

}  // namespace millrace::tables
