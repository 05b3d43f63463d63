#pragma once

#include <cstdint>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>

#include <millrace/abi.h>

namespace millrace::sdk_test {
namespace walker {

inline bool bit(const void* bitmap, std::int64_t index) {
  return ((static_cast<const std::uint8_t*>(bitmap)[index / 8] >> (index % 8)) & 1) != 0;
}

template <class T>
T element(const ArrowArray& array, int buffer, std::int64_t index) {
  T value;
  std::memcpy(&value,
              static_cast<const char*>(array.buffers[buffer]) + index * std::int64_t{sizeof(T)},
              sizeof value);
  return value;
}

// Writes the logical element `row` of an array: physically it lies at array.offset + row.
inline void write(std::ostream& out, const ArrowArray& array, const ArrowSchema& schema,
                  std::int64_t row) {
  const std::int64_t at = array.offset + row;
  if (array.buffers[0] != nullptr && !bit(array.buffers[0], at)) {
    out << "null";
    return;
  }
  const std::string_view format = schema.format;
  if (format == "b") {
    out << (bit(array.buffers[1], at) ? "true" : "false");
  } else if (format == "i") {
    out << element<std::int32_t>(array, 1, at);
  } else if (format == "l") {
    out << element<std::int64_t>(array, 1, at);
  } else if (format == "f") {
    out << element<float>(array, 1, at);
  } else if (format == "g") {
    out << element<double>(array, 1, at);
  } else if (format == "tsu:UTC") {
    out << '@' << element<std::int64_t>(array, 1, at);
  } else if (format == "u" || format == "z") {
    const auto begin = element<std::int32_t>(array, 1, at);
    const auto end = element<std::int32_t>(array, 1, at + 1);
    out << (format == "u" ? '"' : '\'');
    if (end > begin) out.write(static_cast<const char*>(array.buffers[2]) + begin, end - begin);
    out << (format == "u" ? '"' : '\'');
  } else if (format == "+l") {
    const auto begin = element<std::int32_t>(array, 1, at);
    const auto end = element<std::int32_t>(array, 1, at + 1);
    out << '[';
    for (auto item = begin; item < end; ++item) {
      if (item != begin) out << ", ";
      write(out, *array.children[0], *schema.children[0], item);
    }
    out << ']';
  } else {  // "+s"
    out << '{';
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
      if (i != 0) out << ", ";
      if (const char* name = schema.children[i]->name) out << name;  // null: no name
      out << ": ";
      write(out, *array.children[i], *schema.children[i], at);
    }
    out << '}';
  }
}

}  // namespace walker

/// Writes what a pair holds, one row a line, straight from the Arrow specification and without any
/// of the SDK's code: {a: 1, b: "x", c: null, d: [1, 2], e: {f: true}}. It knows the closed list of
/// formats and believes every pointer.
inline std::string walk(const ArrowArray& array, const ArrowSchema& schema) {
  std::ostringstream out;
  for (std::int64_t row = 0; row < array.length; ++row) {
    if (row != 0) out << '\n';
    walker::write(out, array, schema, row);
  }
  return out.str();
}

}  // namespace millrace::sdk_test
