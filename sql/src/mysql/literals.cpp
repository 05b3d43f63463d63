#include "literals.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace millrace::sql {

namespace {

void append_hexadecimal(std::string& sql, std::string_view value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  sql += "X'";
  for (const char letter : value) {
    const auto byte = static_cast<unsigned char>(letter);
    sql += kDigits[byte >> 4];
    sql += kDigits[byte & 0xf];
  }
  sql += '\'';
}

void append_value(std::string& sql, const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    append_literal(sql, *number);
  } else if (const auto* real = std::get_if<double>(&value)) {
    append_literal(sql, *real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    append_text_literal(sql, *text);
  } else {
    sql += "NULL";
  }
}

void append_cell(std::string& sql, const Column& column, std::int64_t row) {
  if (column.is_null(row)) {
    sql += "NULL";
  } else if (column.type == Type::Integer) {
    append_literal(sql, column.integer(row));
  } else if (column.type == Type::Real) {
    append_literal(sql, column.real(row));
  } else if (column.type == Type::Bytes) {
    append_bytes_literal(sql, column.text(row));
  } else {
    append_text_literal(sql, column.text(row));
  }
}

// Returns how far the text, name or comment goes that begins at `place`: at least one letter. In
// our sql_mode a backslash is a letter like others.
std::size_t end_of_token(std::string_view sql, std::size_t place) {
  const auto behind = [&](std::string_view end, std::size_t from) {
    const auto found = sql.find(end, from);
    return found == std::string_view::npos ? sql.size() : found + end.size();
  };
  const auto rest = sql.substr(place);
  const char first = rest.front();
  // A doubled quote ends one text and begins the next.
  if (first == '\'' || first == '"' || first == '`') return behind({&first, 1}, place + 1);
  if (rest.substr(0, 2) == "/*") return behind("*/", place + 2);
  const bool is_dashes = rest.substr(0, 2) == "--" && (rest.size() == 2 || rest[2] <= ' ');
  if (first == '#' || is_dashes) return behind("\n", place);
  return place + 1;
}

std::string head_of(const Target& target) {
  std::string head = "INSERT INTO " + quote_table(Dialect::MySql, target.table);
  const char* before = " (";
  for (const std::string& column : target.columns) {
    head += before + quote_name(Dialect::MySql, column);
    before = ", ";
  }
  return head + ") VALUES ";
}

}  // namespace

void append_literal(std::string& sql, std::int64_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  sql.append(digits.data(), end);
}

void append_literal(std::string& sql, double value) {
  if (!std::isfinite(value)) {
    throw Failure{Code::InvalidArgument,
                  fmt::format("database: {} is no number that MySQL can hold; write NULL", value)};
  }
  // With an exponent: without one it would be an exact decimal.
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                 std::chars_format::scientific)
                       .ptr;
  sql.append(digits.data(), end);
}

void append_text_literal(std::string& sql, std::string_view value) {
  if (value.find('\\') != std::string_view::npos) {
    sql += "_utf8mb4 ";
    return append_hexadecimal(sql, value);
  }
  sql += '\'';
  for (auto quote = value.find('\''); quote != std::string_view::npos; quote = value.find('\'')) {
    sql += value.substr(0, quote + 1);
    sql += '\'';
    value.remove_prefix(quote + 1);
  }
  sql += value;
  sql += '\'';
}

void append_bytes_literal(std::string& sql, std::string_view value) {
  append_hexadecimal(sql, value);
}

std::string with_literals(std::string_view sql, const std::vector<Value>& values) {
  std::string out;
  auto value = values.begin();
  for (std::size_t place = 0; place < sql.size();) {
    const auto end = end_of_token(sql, place);
    if (sql[place] != '?') {
      out += sql.substr(place, end - place);
    } else if (value != values.end()) {
      append_value(out, *value++);
    } else {
      throw Failure{Code::Internal,
                    "database: a statement has another number of values",
                    {.statement = std::string{sql}}};
    }
    place = end;
  }
  if (value != values.end()) {
    throw Failure{Code::Internal,
                  "database: a statement has another number of values",
                  {.statement = std::string{sql}}};
  }
  return out;
}

InsertStatements::InsertStatements(const Target& target, const Block& rows,
                                   std::size_t max_allowed_packet)
    : rows_{rows}, largest_{most_statement_bytes(max_allowed_packet)}, head_{head_of(target)} {}

const std::string& InsertStatements::next() {
  statement_.clear();
  const std::size_t aim = std::min(kStatementBytes, largest_);
  // A row that no longer fits stays in row_text_ for the next statement.
  while (row_ < rows_.rows() || !row_text_.empty()) {
    if (row_text_.empty()) append_row();
    if (!statement_.empty() && statement_.size() + 1 + row_text_.size() > aim) break;
    if (statement_.empty() && head_.size() + row_text_.size() > largest_) {
      throw Failure{Code::InvalidArgument,
                    fmt::format("database: row {} takes {} bytes, which are more than the server "
                                "takes at once, max_allowed_packet is {}: raise it there, or make "
                                "less of it",
                                row_ - 1, head_.size() + row_text_.size(), largest_ + 2)};
    }
    statement_ += statement_.empty() ? head_ : ",";
    statement_ += row_text_;
    row_text_.clear();
  }
  return statement_;
}

void InsertStatements::append_row() {
  char before = '(';
  for (const Column& column : rows_.columns) {
    row_text_ += before;
    append_cell(row_text_, column, row_);
    before = ',';
  }
  row_text_ += ')';
  ++row_;
}

}  // namespace millrace::sql
