#include "api/audience/row_values.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include <fmt/format.h>

namespace millrace::audience {

namespace {

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json{};
}

}  // namespace

std::string time_text(std::int64_t micros, TimeSpelling spelling) {
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds{micros}};
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{floor<std::chrono::seconds>(time - day)};
  return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     spelling == TimeSpelling::WithT ? 'T' : ' ', clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

Json single_of(Json value) {
  if (!value.is_number_float()) return value;
  const auto text = fmt::format("{}", static_cast<float>(value.get<double>()));
  double shortest = 0;
  std::from_chars(text.data(), text.data() + text.size(), shortest);
  return shortest;
}

Json value_of(const Batch& rows, std::string_view column, std::int64_t row, TimeSpelling spelling) {
  const auto& schema = rows.schema();
  const auto field = std::find_if(schema.begin(), schema.end(),
                                  [column](const auto& one) { return one.name == column; });
  if (field == schema.end()) return nullptr;
  switch (field->type) {
    case Type::Bool:
      return or_null(rows.column<bool>(column)[row]);
    case Type::Int32:
    case Type::Int64:
      return or_null(rows.column<std::int64_t>(column)[row]);
    case Type::Float32:
    case Type::Float64:
      return or_null(rows.column<double>(column)[row]);
    case Type::Utf8:
      return or_null(rows.column<std::string_view>(column)[row]);
    case Type::Timestamp: {
      const auto micros = rows.column<std::int64_t>(column)[row];
      return micros ? Json(time_text(*micros, spelling)) : Json{};
    }
    case Type::Binary:
    case Type::List:
    case Type::Struct:
      break;
  }
  return nullptr;
}

}  // namespace millrace::audience
