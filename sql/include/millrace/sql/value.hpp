#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace millrace::sql {

/// A value bound to a statement or read from a row. Text may be any bytes that its column takes.
using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string>;

/// Returns a number as an integer; 0 for null and for text.
inline std::int64_t integer(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  const auto* real = std::get_if<double>(&value);
  return real != nullptr ? static_cast<std::int64_t>(*real) : 0;
}

struct Rows {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;
};

}  // namespace millrace::sql
