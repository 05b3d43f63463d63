#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::records {

/// A column and the word of its type.
using ColumnType = std::pair<std::string, std::string_view>;

/// Columns with their types as a JSON object, for the traits "reads", "adds" and "emits".
[[nodiscard]] std::string column_types(const std::vector<ColumnType>& columns);

}  // namespace millrace::records
