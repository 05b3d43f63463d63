#include <limits>

#include <millrace/sql/block.hpp>
#include <millrace/sql/failure.hpp>

namespace millrace::sql {

std::string_view to_string(Type type) {
  switch (type) {
    case Type::Integer:
      return "integer";
    case Type::Real:
      return "real";
    case Type::Text:
      return "text";
    case Type::Bytes:
      return "bytes";
    case Type::Decimal:
      return "decimal";
    case Type::Date:
      return "date";
    case Type::DateTime:
      return "datetime";
    case Type::Time:
      return "time";
  }
  return "unknown";
}

void Column::append(std::string_view value) {
  constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max();
  if (value.size() > kMost - bytes.size()) {
    throw Failure{Code::Exhausted, "database: column " + name +
                                       " holds more than 2 GiB of text in one block; "
                                       "read fewer rows at once"};
  }
  bytes.append(value);
  offsets.push_back(static_cast<std::int32_t>(bytes.size()));
  append_valid();
}

void Column::append_null() {
  // Until now none was null: those before are valid.
  if (validity.empty()) validity.assign(static_cast<std::size_t>(rows / 8 + 1), 0xff);
  append_bit(false);
  if (type == Type::Integer) {
    integers.push_back(0);
  } else if (type == Type::Real) {
    reals.push_back(0);
  } else {
    offsets.push_back(static_cast<std::int32_t>(bytes.size()));
  }
  ++rows;
  ++nulls;
}

void Column::append_bit(bool is_valid) {
  const auto place = static_cast<std::size_t>(rows / 8);
  if (place == validity.size()) validity.push_back(0xff);
  if (!is_valid) validity[place] &= static_cast<std::uint8_t>(~(1u << (rows % 8)));
}

void Column::clear() {
  rows = nulls = 0;
  validity.clear();
  integers.clear();
  reals.clear();
  offsets.resize(1);
  bytes.clear();
}

void Block::clear() {
  for (Column& column : columns) column.clear();
}

}  // namespace millrace::sql
