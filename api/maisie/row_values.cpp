#include "api/maisie/row_values.hpp"

#include <chrono>
#include <ctime>

#include "api/route/json_text.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

Json text(const Batch& rows, std::string_view column, std::int64_t row) {
  const auto value = rows.column<std::string_view>(column)[row];
  return value ? Json(*value) : Json(nullptr);
}

std::int64_t integer(const Batch& rows, std::string_view column, std::int64_t row) {
  return rows.column<std::int64_t>(column).value(row);
}

Json integer_or_null(const Batch& rows, std::string_view column, std::int64_t row) {
  const auto value = rows.column<std::int64_t>(column)[row];
  return value ? Json(*value) : Json(nullptr);
}

Json document(const Batch& rows, std::string_view column, std::int64_t row) {
  return api::read_row(rows.column<std::string_view>(column).value(row, "{}"));
}

std::string date(const Batch& rows, std::string_view column, std::int64_t row) {
  return date_text(integer(rows, column, row));
}

std::string date_text(std::int64_t micros) {
  const std::chrono::microseconds since{micros};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const auto time = static_cast<std::time_t>(seconds.count());
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+00:00", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     (since - seconds).count());
}

}  // namespace millrace::maisie
