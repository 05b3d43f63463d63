#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/base/base64.hpp"
#include "engine/base/json_numbers.hpp"
#include "engine/testing/batch_json.hpp"

namespace millrace::testing {
namespace {

constexpr std::array<std::pair<std::string_view, Type>, 10> kTypes{{{"bool", Type::Bool},
                                                                    {"int32", Type::Int32},
                                                                    {"int64", Type::Int64},
                                                                    {"float32", Type::Float32},
                                                                    {"float64", Type::Float64},
                                                                    {"utf8", Type::Utf8},
                                                                    {"binary", Type::Binary},
                                                                    {"timestamp", Type::Timestamp},
                                                                    {"list", Type::List},
                                                                    {"struct", Type::Struct}}};

// The values of one column, as pointers into the document; null pointers and JSON null are null.
using Values = std::vector<const Json*>;

Batch add_column(Batch rows, const std::string& name, const Values& values,
                 std::optional<Type> type);

bool is_null(const Json* value) { return value == nullptr || value->is_null(); }

Type guess(const Values& values) {
  std::optional<Type> type;
  for (const auto* value : values) {
    if (is_null(value)) continue;
    if (value->is_number_float()) return Type::Float64;
    if (value->is_number()) {
      type = Type::Int64;
    } else if (value->is_boolean()) {
      type = Type::Bool;
    } else if (value->is_array()) {
      type = Type::List;
    } else if (value->is_object()) {
      type = Type::Struct;
    } else {
      type = Type::Utf8;
    }
  }
  return type.value_or(Type::Utf8);
}

[[noreturn]] void refuse(const std::string& name, Type type, const Json& value) {
  throw std::invalid_argument{
      "column \"" + name + "\" is " + std::string{to_string(type)} + ", which this is not: " +
      value.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 80)};
}

// The value as the type of the column, or nothing where it would become another.
template <class T>
std::optional<T> to_cell(const Json& value) {
  if constexpr (std::is_same_v<T, bool>) {
    if (value.is_boolean()) return value.get<bool>();
    return std::nullopt;
  } else if constexpr (std::is_integral_v<T>) {
    const auto whole = whole_number(value);
    if (!whole || *whole < std::numeric_limits<T>::min() || *whole > std::numeric_limits<T>::max())
      return std::nullopt;
    return static_cast<T>(*whole);
  } else {
    const auto exact = exact_number(value);
    if (!exact) return std::nullopt;
    // A fraction is rounded to float32 as everywhere; an integer must be one of its own.
    if (value.is_number_integer() && static_cast<double>(static_cast<T>(*exact)) != *exact)
      return std::nullopt;
    return static_cast<T>(*exact);
  }
}

template <class T>
Batch add_numbers(Batch rows, const std::string& name, const Values& values, Type type) {
  Builder<T> builder{type};
  for (const auto* value : values) {
    if (is_null(value)) {
      builder.append_null();
    } else if (const auto cell = to_cell<T>(*value)) {
      builder.append(*cell);
    } else {
      refuse(name, type, *value);
    }
  }
  return std::move(rows).with(name, std::move(builder));
}

Batch add_texts(Batch rows, const std::string& name, const Values& values, Type type) {
  Builder<std::string_view> builder{type};
  for (const auto* value : values) {
    if (is_null(value)) {
      builder.append_null();
    } else if (type == Type::Utf8) {
      builder.append(value->is_string() ? value->get<std::string>() : value->dump());
    } else {
      if (!value->is_string()) refuse(name, type, *value);
      const auto bytes = from_base64(value->get_ref<const std::string&>());
      if (!bytes) refuse(name, type, *value);
      builder.append(std::string_view{*bytes});
    }
  }
  return std::move(rows).with(name, std::move(builder));
}

// The members of a struct column, as a batch of as many rows. Members are those of any row, in
// order of appearance.
Batch struct_members(const std::string& name, const Values& values) {
  std::vector<std::string> members;
  for (const auto* value : values) {
    if (is_null(value)) continue;
    if (!value->is_object()) refuse(name, Type::Struct, *value);
    for (const auto& [member, held] : value->items()) {
      if (std::find(members.begin(), members.end(), member) == members.end())
        members.push_back(member);
    }
  }
  Batch rows;
  for (const auto& member : members) {
    Values column;
    for (const auto* value : values) {
      const auto found = is_null(value) ? Json::const_iterator{} : value->find(member);
      column.push_back(is_null(value) || found == value->end() ? nullptr : &*found);
    }
    rows = add_column(std::move(rows), member, column, std::nullopt);
  }
  return rows;
}

Batch add_list(Batch rows, const std::string& name, const Values& values) {
  std::vector<std::int64_t> lengths;
  Values items;
  for (const auto* value : values) {
    if (is_null(value)) {
      lengths.push_back(-1);
      continue;
    }
    if (!value->is_array()) refuse(name, Type::List, *value);
    lengths.push_back(static_cast<std::int64_t>(value->size()));
    for (const auto& item : *value) items.push_back(&item);
  }
  const bool has_structs = guess(items) == Type::Struct;
  Batch inside =
      has_structs ? struct_members(name, items) : add_column(Batch{}, "item", items, std::nullopt);
  return std::move(rows).with_list(name, lengths, std::move(inside));
}

Batch add_column(Batch rows, const std::string& name, const Values& values,
                 std::optional<Type> wanted) {
  const Type type = wanted ? *wanted : guess(values);
  switch (type) {
    case Type::Bool:
      return add_numbers<bool>(std::move(rows), name, values, type);
    case Type::Int32:
      return add_numbers<std::int32_t>(std::move(rows), name, values, type);
    case Type::Int64:
    case Type::Timestamp:
      return add_numbers<std::int64_t>(std::move(rows), name, values, type);
    case Type::Float32:
      return add_numbers<float>(std::move(rows), name, values, type);
    case Type::Float64:
      return add_numbers<double>(std::move(rows), name, values, type);
    case Type::Utf8:
    case Type::Binary:
      return add_texts(std::move(rows), name, values, type);
    case Type::List:
      return add_list(std::move(rows), name, values);
    case Type::Struct:
      return std::move(rows).with_struct(name, struct_members(name, values));
  }
  return rows;
}

Result<std::optional<Type>> type_for(const std::string& column, const Json& types) {
  const auto found = types.is_object() ? types.find(column) : types.end();
  if (found == types.end()) return std::optional<Type>{};
  for (const auto& [word, type] : kTypes) {
    if (*found == word) return std::optional<Type>{type};
  }
  if (*found == "any") return std::optional<Type>{};
  if (*found == "number") return std::optional<Type>{};
  return Error{Code::DataInvalid, "unknown type of column \"" + column + "\": " + found->dump()};
}

}  // namespace

Result<Batch> batch_from_json(const Json& columns, const Json& types) {
  if (!columns.is_object())
    return Error{Code::DataInvalid, "rows must be an object: column -> values"};
  Batch rows;
  std::optional<std::size_t> count;
  for (const auto& [name, values] : columns.items()) {
    if (!values.is_array())
      return Error{Code::DataInvalid, "column \"" + name + "\" must be an array of values"};
    if (count && *count != values.size()) {
      return Error{Code::DataInvalid, "column \"" + name + "\" is not as long as the others"};
    }
    count = values.size();
    MR_TRY(const auto type, type_for(name, types));
    Values pointers;
    for (const auto& value : values) pointers.push_back(&value);
    try {
      rows = add_column(std::move(rows), name, pointers, type);
    } catch (const std::exception& caught) {
      return Error{Code::DataInvalid, caught.what()};
    }
  }
  return rows;
}

}  // namespace millrace::testing
