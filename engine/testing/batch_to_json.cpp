#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/base/sha1.hpp"
#include "engine/plugin/text.hpp"
#include "engine/testing/batch_json.hpp"

namespace millrace::testing {
namespace {

std::vector<Json> column_values(const Batch& batch, const Field& field);

Json number(double value) {
  if (std::isfinite(value)) return value;
  if (std::isnan(value)) return "nan";
  return value > 0 ? "infinity" : "-infinity";
}

Json binary(std::string_view bytes) {
  return Json::object({{"bytes", bytes.size()}, {"sha256", to_hex(sha256(bytes))}});
}

template <class T, class Convert>
std::vector<Json> scalars(const Batch& batch, const std::string& name, Convert convert) {
  const auto column = batch.column<T>(name);
  std::vector<Json> values;
  values.reserve(static_cast<std::size_t>(column.size()));
  for (std::int64_t row = 0; row < column.size(); ++row) {
    const auto value = column[row];
    values.push_back(value ? Json(convert(*value)) : Json{});
  }
  return values;
}

std::vector<Json> rows_of(const Batch& batch) {
  std::vector<Json> rows(static_cast<std::size_t>(batch.rows()), Json::array());
  for (const auto& field : batch.schema()) {
    auto values = column_values(batch, field);
    for (std::size_t row = 0; row < rows.size(); ++row) rows[row].push_back(std::move(values[row]));
  }
  return rows;
}

std::vector<Json> list_values(const Batch& batch, const std::string& name) {
  const Batch inside = batch.child(name);
  const auto items = rows_of(inside);
  std::vector<Json> values;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    const auto [first, last] = batch.list_range(name, row);
    Json list = Json::array();
    for (auto item = first; item < last; ++item)
      list.push_back(items[static_cast<std::size_t>(item)]);
    values.push_back(std::move(list));
  }
  return values;
}

std::vector<Json> column_values(const Batch& batch, const Field& field) {
  const auto same = [](auto value) { return Json(value); };
  switch (field.type) {
    case Type::Bool:
      return scalars<bool>(batch, field.name, same);
    case Type::Int32:
    case Type::Int64:
    case Type::Timestamp:
      return scalars<std::int64_t>(batch, field.name, same);
    case Type::Float32:
    case Type::Float64:
      return scalars<double>(batch, field.name, number);
    case Type::Utf8:
      return scalars<std::string_view>(
          batch, field.name, [](std::string_view text) { return Json(clean_utf8(text)); });
    case Type::Binary:
      return scalars<std::string_view>(batch, field.name, binary);
    case Type::List:
      return list_values(batch, field.name);
    case Type::Struct:
      return rows_of(batch.child(field.name));
  }
  return {};
}

}  // namespace

Json rows_to_json(const Batch& batch) { return Json(rows_of(batch)); }

Json schema_to_json(const Schema& schema) {
  Json columns = Json::array();
  for (const auto& field : schema) {
    Json column = Json::array({field.name, std::string{to_string(field.type)}});
    if (!field.children.empty()) column.push_back(schema_to_json(field.children));
    columns.push_back(std::move(column));
  }
  return columns;
}

bool fits_word(Type type, std::string_view word) {
  if (word == "any") return true;
  if (word == "number") {
    return type == Type::Int32 || type == Type::Int64 || type == Type::Float32 ||
           type == Type::Float64;
  }
  return to_string(type) == word;
}

}  // namespace millrace::testing
