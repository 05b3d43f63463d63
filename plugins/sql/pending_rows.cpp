#include "plugins/sql/pending_rows.hpp"

#include <algorithm>

#include <millrace/context.hpp>

#include "plugins/sql/wall_time.hpp"

#include <fmt/format.h>

namespace millrace::sql_operators {

namespace {

constexpr std::size_t kPlaceBytes = 16;  // of a value, besides a text

sql::Type column_type_of(const Field& field) {
  switch (field.type) {
    case Type::Bool:
    case Type::Int32:
    case Type::Int64:
      return sql::Type::Integer;
    case Type::Float32:
    case Type::Float64:
      return sql::Type::Real;
    case Type::Utf8:
      return sql::Type::Text;
    case Type::Binary:
      return sql::Type::Bytes;
    case Type::Timestamp:
      return sql::Type::DateTime;
    case Type::List:
    case Type::Struct:
      break;
  }
  throw Failure{MR_DATA_INVALID, "column " + field.name + " is a " +
                                     std::string{to_string(field.type)} +
                                     ", which no column of a table takes"};
}

sql::Type column_type_of(const sql::Value& constant) {
  if (std::holds_alternative<std::int64_t>(constant)) return sql::Type::Integer;
  return std::holds_alternative<double>(constant) ? sql::Type::Real : sql::Type::Text;
}

const Field& field_named(const Batch& batch, const std::string& name) {
  const Schema& schema = batch.schema();
  const auto found = std::find_if(schema.begin(), schema.end(),
                                  [&](const Field& field) { return field.name == name; });
  if (found == schema.end()) throw Failure{MR_DATA_INVALID, "rows have no column " + name};
  return *found;
}

}  // namespace

std::string time_text(std::int64_t microseconds) {
  constexpr std::int64_t kFirst = -62'167'219'200 * kSecond;   // 0000-01-01
  constexpr std::int64_t kBehind = 253'402'300'800 * kSecond;  // 10000-01-01
  if (microseconds < kFirst || microseconds >= kBehind) {
    throw Failure{MR_DATA_INVALID,
                  fmt::format("a time outside of the years 0 to 9999: {} us", microseconds)};
  }
  return spell_wall_time(microseconds);
}

void PendingRows::add(const Batch& batch, std::int64_t begin, std::int64_t end) {
  if (begin == end) return;
  find_tables(batch, begin, end);
  std::size_t column = 0;
  for (const auto& [name, from] : settings_.columns)
    add_column(batch, begin, column++, field_named(batch, from));
  for (const auto& [name, value] : settings_.constants) add_constant(column++, value);
  rows_ += end - begin;
}

void PendingRows::clear() {
  for (TableRows& table : tables_) table.rows.clear();
  rows_ = 0;
  bytes_ = 0;
}

void PendingRows::find_tables(const Batch& batch, std::int64_t begin, std::int64_t end) {
  const auto rows = static_cast<std::size_t>(end - begin);
  if (settings_.table_column.empty()) {
    places_.assign(rows, place_of(settings_.table));
  } else {
    const auto names = batch.column<std::string_view>(settings_.table_column);
    places_.resize(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      const auto name = names[begin + static_cast<std::int64_t>(i)];
      if (!name) {
        throw Failure{MR_DATA_INVALID,
                      "a row names no table, column " + settings_.table_column + " is null in it"};
      }
      // Most rows go where the one before went.
      const bool is_same = i > 0 && tables_[places_[i - 1]].table == *name;
      places_[i] = is_same ? places_[i - 1] : place_of(*name);
    }
  }
  for (TableRows& table : tables_) {
    if (!table.rows.columns.empty()) continue;
    for (const auto& [name, from] : settings_.columns) {
      auto& made = table.rows.columns.emplace_back();
      made.name = name;
      made.type = column_type_of(field_named(batch, from));
    }
    for (const auto& [name, value] : settings_.constants) {
      auto& made = table.rows.columns.emplace_back();
      made.name = name;
      made.type = column_type_of(value);
    }
  }
}

std::size_t PendingRows::place_of(std::string_view table) {
  const auto found = std::find_if(tables_.begin(), tables_.end(),
                                  [&](const TableRows& one) { return one.table == table; });
  if (found != tables_.end()) return static_cast<std::size_t>(found - tables_.begin());
  const auto& allowed = settings_.tables;
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), table) == allowed.end()) {
    throw Failure{MR_DATA_INVALID,
                  fmt::format("a row names a table that is none of `tables`: {}", table)};
  }
  if (tables_.size() == kMostTables) {
    throw Failure{MR_EXHAUSTED, fmt::format("column {} names more than {} tables",
                                            settings_.table_column, kMostTables)};
  }
  tables_.push_back({std::string{table}, {}});
  return tables_.size() - 1;
}

void PendingRows::add_column(const Batch& batch, std::int64_t begin, std::size_t column,
                             const Field& field) {
  const sql::Type type = column_type_of(field);
  // What one row adds; column by column, so that how it is read is asked once.
  const auto add_all = [&](const auto& values, const auto& convert) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      sql::Column& to = column_of(places_[i], column);
      if (to.type != type) {
        throw Failure{MR_DATA_INVALID,
                      fmt::format("column {} was {} before and is {} now", field.name,
                                  sql::to_string(to.type), sql::to_string(type))};
      }
      const auto value = values[begin + static_cast<std::int64_t>(i)];
      bytes_ += kPlaceBytes;
      value ? convert(to, *value) : to.append_null();
    }
  };
  const auto add_text = [this](sql::Column& to, std::string_view text) {
    bytes_ += text.size();
    to.append(text);
  };
  switch (field.type) {
    case Type::Bool:
      return add_all(batch.column<bool>(field.name),
                     [](sql::Column& to, bool value) { to.append(std::int64_t{value}); });
    case Type::Int32:
    case Type::Int64:
      return add_all(batch.column<std::int64_t>(field.name),
                     [](sql::Column& to, std::int64_t value) { to.append(value); });
    case Type::Float32:
    case Type::Float64:
      return add_all(batch.column<double>(field.name),
                     [](sql::Column& to, double value) { to.append(value); });
    case Type::Timestamp:
      return add_all(batch.column<std::int64_t>(field.name),
                     [&](sql::Column& to, std::int64_t value) { add_text(to, time_text(value)); });
    default:
      return add_all(batch.column<std::string_view>(field.name), add_text);
  }
}

void PendingRows::add_constant(std::size_t column, const sql::Value& value) {
  for (const std::size_t place : places_) {
    sql::Column& to = column_of(place, column);
    bytes_ += kPlaceBytes;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      to.append(*number);
    } else if (const auto* real = std::get_if<double>(&value)) {
      to.append(*real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      bytes_ += text->size();
      to.append(std::string_view{*text});
    } else {
      to.append_null();
    }
  }
}

}  // namespace millrace::sql_operators
