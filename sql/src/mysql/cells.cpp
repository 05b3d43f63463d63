#include "cells.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include <cppconn/datatype.h>

namespace millrace::sql {

namespace {

Type type_of_driver(int type) {
  using cppconn::DataType;
  switch (type) {
    case DataType::BIT:
    case DataType::TINYINT:
    case DataType::SMALLINT:
    case DataType::MEDIUMINT:
    case DataType::INTEGER:
    case DataType::BIGINT:
    case DataType::YEAR:
      return Type::Integer;
    case DataType::REAL:
    case DataType::DOUBLE:
      return Type::Real;
    case DataType::DECIMAL:
    case DataType::NUMERIC:
      return Type::Decimal;
    case DataType::BINARY:
    case DataType::VARBINARY:
    case DataType::LONGVARBINARY:
    case DataType::GEOMETRY:
      return Type::Bytes;
    case DataType::DATE:
      return Type::Date;
    case DataType::TIMESTAMP:  // DATETIME too
      return Type::DateTime;
    case DataType::TIME:
      return Type::Time;
    default:
      return Type::Text;
  }
}

}  // namespace

std::vector<MysqlColumn> columns_of(cppconn::ResultSet& found) {
  cppconn::ResultSetMetaData& meta = *found.getMetaData();  // owned by the result set
  std::vector<MysqlColumn> columns;
  for (unsigned place = 1; place <= meta.getColumnCount(); ++place) {
    columns.push_back({meta.getColumnLabel(place).asStdString(),
                       type_of_driver(meta.getColumnType(place)), meta.isSigned(place)});
  }
  return columns;
}

std::int64_t read_integer(cppconn::ResultSet& found, unsigned place, const MysqlColumn& column) {
  if (column.is_signed) return found.getInt64(place);
  const std::uint64_t value = found.getUInt64(place);
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    throw Failure{Code::DataInvalid, "database: column " + column.name + " holds " +
                                         std::to_string(value) +
                                         ", which is over 2^63-1; read it as CAST(... AS CHAR)"};
  }
  return static_cast<std::int64_t>(value);
}

double read_real(std::string_view text) {
  double value = 0;
  const auto* const last = text.data() + text.size();
  const auto [end, fault] = std::from_chars(text.data(), last, value);
  if (fault != std::errc{} || end != last)
    throw Failure{Code::DataInvalid, "database: not a number: " + std::string{text}};
  return value;
}

Type type_of_mysql(std::string_view data_type) {
  struct Known {
    std::string_view name;
    Type type;
  };
  constexpr Known kKnown[] = {
      {"bit", Type::Integer},       {"tinyint", Type::Integer},    {"smallint", Type::Integer},
      {"mediumint", Type::Integer}, {"int", Type::Integer},        {"bigint", Type::Integer},
      {"year", Type::Integer},      {"float", Type::Real},         {"double", Type::Real},
      {"decimal", Type::Decimal},   {"binary", Type::Bytes},       {"varbinary", Type::Bytes},
      {"tinyblob", Type::Bytes},    {"blob", Type::Bytes},         {"mediumblob", Type::Bytes},
      {"longblob", Type::Bytes},    {"geometry", Type::Bytes},     {"date", Type::Date},
      {"datetime", Type::DateTime}, {"timestamp", Type::DateTime}, {"time", Type::Time}};
  const auto* const found =
      std::find_if(std::begin(kKnown), std::end(kKnown),
                   [data_type](const Known& one) { return one.name == data_type; });
  return found == std::end(kKnown) ? Type::Text : found->type;
}

}  // namespace millrace::sql
