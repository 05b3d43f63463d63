#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::records {

/// A column and the word of its type.
using ColumnType = std::pair<std::string, std::string_view>;

/// Columns with their types as a JSON object, for the traits "reads", "adds" and "emits".
class ColumnTypes {
 public:
  ColumnTypes() = default;
  explicit ColumnTypes(const std::vector<ColumnType>& columns) {
    for (const auto& [name, type] : columns) add(name, type);
  }
  /// Adds a column with the word of its type, or several with "|" between. Of a name that is there
  /// already the first types count; one that is empty is no column.
  ColumnTypes& add(std::string_view name, std::string_view types);
  [[nodiscard]] bool empty() const { return names_.empty(); }
  [[nodiscard]] std::string json() const { return '{' + members_ + '}'; }

 private:
  std::set<std::string, std::less<>> names_;
  std::string members_;
};

}  // namespace millrace::records
