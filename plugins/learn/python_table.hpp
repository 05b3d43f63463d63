#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

namespace millrace::learn {

inline constexpr std::size_t kMostTableBytes = std::size_t{16} << 20;

/// Called for each number of a table, with the keys that lead to it, from the outermost.
using TableEntry = std::function<void(std::span<const char32_t> keys, double value)>;

/// Reads a Python source file that does one thing, `P={...}`: dictionaries, `depth` of them nested,
/// whose keys are texts of one character ('B', '\u4e00') and whose values are numbers. Comments and
/// imports from __future__ may stand before. Anything else is a Failure with DataInvalid that names
/// `name` and the line: nothing is ever run.
void read_python_table(std::string_view name, std::string_view text, std::size_t depth,
                       const TableEntry& each);

}  // namespace millrace::learn
