#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>

namespace millrace::sql_operators {

/// Where output.sql stands behind a batch.
struct OutputState {
  std::int64_t seen = 0;                 // rows
  std::optional<std::int64_t> position;  // of the ledger, which is never behind it again
  std::optional<std::int64_t> window;    // whose rows may still come
  std::vector<Batch> rows;               // of that window, all of one schema

  static constexpr std::size_t kMostBytes = 8 * 1024 * 1024;  // of those rows
};

/// Writes a state as text. Unavailable: the rows have more than kMostBytes.
[[nodiscard]] std::string write_state(const OutputState& state);
/// Reads it; DataInvalid where it is none.
[[nodiscard]] OutputState read_state(std::string_view text);

}  // namespace millrace::sql_operators
