#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <millrace/batch.hpp>

namespace millrace::preprocess {

/// What a TextColumn reads, for the trait "reads".
inline constexpr std::string_view kTextColumnTypes = "utf8|binary|int64|int32";

/// A column of texts or whole numbers, which are read as their digits. [one thread at a time]
class TextColumn {
 public:
  /// Throws Failure with DataInvalid when there is no such column, or it has another type.
  TextColumn(const Batch& batch, const std::string& name);
  /// Returns the text of a row, or nothing where it is null. A view lives until the next call.
  [[nodiscard]] std::optional<std::string_view> operator[](std::int64_t row);

 private:
  std::variant<Column<std::string_view>, Column<std::int64_t>> values_;
  std::array<char, 24> digits_{};
};

/// The texts of several columns as one, with `separator` between. [one thread at a time]
class JoinedColumns {
 public:
  JoinedColumns(const Batch& batch, const std::vector<std::string>& names, std::string separator);
  /// Returns the text of a row, or nothing where one of the columns is null. A view lives until the
  /// next call.
  [[nodiscard]] std::optional<std::string_view> operator[](std::int64_t row);

 private:
  std::vector<TextColumn> columns_;
  std::string separator_, joined_;
};

/// Returns a text without the white space at both ends, as Python's str.strip() does: the code
/// points for which str.isspace() is true, U+3000 and the separators U+001C to U+001F among them.
[[nodiscard]] std::string_view strip(std::string_view text);

}  // namespace millrace::preprocess
