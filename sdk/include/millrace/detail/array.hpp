#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include <millrace/batch.hpp>
#include <millrace/detail/memory.hpp>

namespace millrace {

/// One column: a view of Arrow buffers and what keeps them alive. Immutable once made, so batches
/// share it freely. Row `row` lies at position offset + row of the buffers, and of the children of
/// a Struct.
struct Array {
  Type type = Type::Utf8;
  std::int64_t length = 0;
  std::int64_t offset = 0;
  const char* validity = nullptr;  // bitmap; null when no row is null
  const char* values = nullptr;    // bits, numbers, or the int32 offsets of utf8, binary and list
  const char* bytes = nullptr;     // of utf8 and binary
  std::vector<std::shared_ptr<const Array>> children{};
  std::shared_ptr<const void> owner{};  // shared by all arrays over the same buffers

  [[nodiscard]] bool is_null(std::int64_t row) const {
    return validity != nullptr && !detail::load_bit(validity, offset + row);
  }
};

namespace detail {

template <class T>
inline constexpr bool kIsColumnValue =
    std::is_same_v<T, bool> || std::is_same_v<T, std::int32_t> || std::is_same_v<T, std::int64_t> ||
    std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, std::string_view>;

/// Whether a column of this type can be read as T.
template <class T>
[[nodiscard]] constexpr bool is_readable_as(Type type) {
  static_assert(kIsColumnValue<T>,
                "a column is read as bool, int32_t, int64_t, float, double or string_view");
  if constexpr (std::is_same_v<T, bool>) return type == Type::Bool;
  if constexpr (std::is_same_v<T, std::int32_t>) return type == Type::Int32;
  if constexpr (std::is_same_v<T, std::int64_t>) {
    return type == Type::Int64 || type == Type::Timestamp || type == Type::Int32;
  }
  if constexpr (std::is_same_v<T, float>) return type == Type::Float32;
  if constexpr (std::is_same_v<T, double>) {
    return type == Type::Float64 || type == Type::Float32 || type == Type::Int64 ||
           type == Type::Int32;
  }
  if constexpr (std::is_same_v<T, std::string_view>) {
    return type == Type::Utf8 || type == Type::Binary;
  }
}

/// The words for errors: what T reads.
template <class T>
[[nodiscard]] constexpr std::string_view wanted_word() {
  if constexpr (std::is_same_v<T, bool>) return "bool";
  if constexpr (std::is_same_v<T, std::int32_t>) return "int32";
  if constexpr (std::is_same_v<T, std::int64_t>) return "int64, int32 or timestamp";
  if constexpr (std::is_same_v<T, float>) return "float32";
  if constexpr (std::is_same_v<T, double>) return "a number";
  if constexpr (std::is_same_v<T, std::string_view>) return "utf8 or binary";
}

/// Reads the value at a position of the buffers; the type has been checked and the value is not
/// null.
template <class T>
[[nodiscard]] inline T load_value(const Array& array, std::int64_t position) {
  if constexpr (std::is_same_v<T, bool>) {
    return load_bit(array.values, position);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    const auto begin = load<std::int32_t>(array.values, position);
    const auto end = load<std::int32_t>(array.values, position + 1);
    if (begin == end) return {};
    return {array.bytes + begin, static_cast<std::size_t>(end - begin)};
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return array.type == Type::Int32 ? load<std::int32_t>(array.values, position)
                                     : load<std::int64_t>(array.values, position);
  } else if constexpr (std::is_same_v<T, double>) {
    switch (array.type) {
      case Type::Float32:
        return static_cast<double>(load<float>(array.values, position));
      case Type::Int64:
        return static_cast<double>(load<std::int64_t>(array.values, position));
      case Type::Int32:
        return static_cast<double>(load<std::int32_t>(array.values, position));
      default:
        return load<double>(array.values, position);
    }
  } else {
    return load<T>(array.values, position);
  }
}

// Errors are thrown out of line, so that the readers stay small.
[[noreturn]] void throw_other_type(std::string_view name, Type found, std::string_view wanted);
[[noreturn]] void throw_cannot_build(Type type);
[[noreturn]] void throw_too_many_bytes();

/// The most bytes that one utf8 or binary column of one batch holds: its offsets are int32.
inline constexpr std::int64_t kMaxColumnBytes = INT32_MAX;

}  // namespace detail
}  // namespace millrace
