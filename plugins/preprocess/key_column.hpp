#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <millrace/batch.hpp>

namespace millrace::preprocess {

/// What a KeyColumn reads, for the trait "reads".
inline constexpr std::string_view kKeyColumnTypes =
    "utf8|binary|int64|int32|timestamp|float64|float32|bool";

/// The values of a column as bytes whose order, byte by byte, is theirs. [any thread]
class KeyColumn {
 public:
  struct Order {
    bool is_descending = false, has_nulls_first = false;
  };

  /// Throws Failure with DataInvalid when there is no such column, or it is of lists or structs.
  KeyColumn(const Batch& batch, const std::string& name, Order order);
  KeyColumn(const Batch& batch, const std::string& name) : KeyColumn{batch, name, Order{}} {}

  void append(std::string& key, std::int64_t row) const;
  /// Appends what stands for a null: of a batch that has no such column.
  static void append_null(std::string& key, Order order);
  [[nodiscard]] bool has_value(std::int64_t row) const {
    return std::visit([row](const auto& column) { return column[row].has_value(); }, values_);
  }
  [[nodiscard]] bool has_text() const {
    return std::holds_alternative<Column<std::string_view>>(values_);
  }

 private:
  using Values =
      std::variant<Column<bool>, Column<std::int64_t>, Column<double>, Column<std::string_view>>;
  static Values read(const Batch& batch, const std::string& name);

  Order order_;
  Values values_;
};

}  // namespace millrace::preprocess
