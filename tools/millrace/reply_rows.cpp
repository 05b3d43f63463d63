#include "tools/millrace/reply_rows.hpp"

#include <utility>

#include "engine/base/base64.hpp"
#include "engine/base/clock.hpp"
#include "engine/base/json_members.hpp"

namespace millrace::tool {
namespace {

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

std::vector<Json> column_json(const Batch& batch, const Field& field);

std::vector<Json> lists(const Batch& batch, const Field& field) {
  const Batch inside = batch.child(field.name);
  const auto& item = field.children.at(0);
  const auto items = item.type == Type::Struct ? rows_json(inside) : column_json(inside, item);
  std::vector<Json> values;
  values.reserve(static_cast<std::size_t>(batch.rows()));
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    const auto [first, last] = batch.list_range(field.name, row);
    values.emplace_back(Json::array_t(items.begin() + first, items.begin() + last));
  }
  return values;
}

std::vector<Json> column_json(const Batch& batch, const Field& field) {
  const auto same = [](auto value) { return value; };
  switch (field.type) {
    case Type::Bool:
      return scalars<bool>(batch, field.name, same);
    case Type::Int32:
    case Type::Int64:
      return scalars<std::int64_t>(batch, field.name, same);
    case Type::Float32:
    case Type::Float64:
      return scalars<double>(batch, field.name, same);
    case Type::Utf8:
      return scalars<std::string_view>(batch, field.name, same);
    case Type::Binary:
      return scalars<std::string_view>(batch, field.name, to_base64);
    case Type::Timestamp:
      return scalars<std::int64_t>(
          batch, field.name, [](std::int64_t micros) { return to_rfc3339(from_micros(micros)); });
    case Type::List:
      return lists(batch, field);
    case Type::Struct:
      return rows_json(batch.child(field.name));
  }
  return {};
}

}  // namespace

std::vector<Json> rows_json(const Batch& batch) {
  std::vector<Json> rows(static_cast<std::size_t>(batch.rows()), Json::object());
  for (const auto& field : batch.schema()) {
    if (field.name == kRootColumn) continue;
    auto values = column_json(batch, field);
    for (std::size_t row = 0; row < rows.size(); ++row)
      append_member(rows[row], field.name, std::move(values[row]));
  }
  return rows;
}

void ReplyRows::take(JobId job, std::vector<NodeRows> rows) {
  const std::lock_guard lock{mutex_};
  if (job.value < newest_.value) return;
  newest_ = job;
  rows_ = std::move(rows);
}

std::vector<NodeRows> ReplyRows::give() {
  const std::lock_guard lock{mutex_};
  return std::exchange(rows_, {});
}

}  // namespace millrace::tool
