#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::tables {

/// A text with columns in braces, "{done} of {rows}"; "{{" and "}}" are braces themselves.
class TextTemplate {
 public:
  /// Throws Failure with InvalidArgument where braces do not belong together.
  explicit TextTemplate(std::string_view text);

  /// What stands before each column, and behind the last one: one more than columns.
  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }
  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }

 private:
  std::vector<std::string> texts_, columns_;
};

}  // namespace millrace::tables
