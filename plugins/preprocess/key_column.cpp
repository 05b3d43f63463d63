#include "plugins/preprocess/key_column.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include <millrace/context.hpp>

#include "plugins/preprocess/key_bytes.hpp"

namespace millrace::preprocess {
namespace {

constexpr char kNullFirst = 0, kValue = 1, kNullLast = 2;

void put(std::string& key, bool value) { key.push_back(value ? '\1' : '\0'); }
void put(std::string& key, std::int64_t value) { append_key(key, value); }
void put(std::string& key, std::string_view value) { append_key(key, value); }

// Both zeros are one value; what is not a number stands behind all numbers.
void put(std::string& key, double value) {
  if (std::isnan(value)) return append_key(key, ~std::uint64_t{0});
  const auto bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
  append_key(key, bits >> 63 != 0 ? ~bits : bits ^ (std::uint64_t{1} << 63));
}

}  // namespace

KeyColumn::KeyColumn(const Batch& batch, const std::string& name, Order order)
    : order_{order}, values_{read(batch, name)} {}

KeyColumn::Values KeyColumn::read(const Batch& batch, const std::string& name) {
  const auto& schema = batch.schema();
  const auto found = std::find_if(schema.begin(), schema.end(),
                                  [&](const Field& field) { return field.name == name; });
  switch (found == schema.end() ? Type::Utf8 : found->type) {
    case Type::Bool:
      return batch.column<bool>(name);
    case Type::Int32:
    case Type::Int64:
    case Type::Timestamp:
      return batch.column<std::int64_t>(name);
    case Type::Float32:
    case Type::Float64:
      return batch.column<double>(name);
    case Type::Utf8:
    case Type::Binary:
      return batch.column<std::string_view>(name);  // throws when there is no such column
    case Type::List:
    case Type::Struct:
      break;
  }
  throw Failure{MR_DATA_INVALID, "a list or a struct has no order: " + name};
}

void KeyColumn::append(std::string& key, std::int64_t row) const {
  const auto begin = key.size();
  const bool is_value = std::visit(
      [&](const auto& column) {
        const auto value = column[row];
        if (!value) return false;
        key.push_back(kValue);
        put(key, *value);
        return true;
      },
      values_);
  if (!is_value) {
    append_null(key, order_);
  } else if (order_.is_descending) {
    for (auto i = begin + 1; i < key.size(); ++i) key[i] = static_cast<char>(~key[i]);
  }
}

void KeyColumn::append_null(std::string& key, Order order) {
  key.push_back(order.has_nulls_first ? kNullFirst : kNullLast);
}

}  // namespace millrace::preprocess
