#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace millrace::workload {

constexpr std::uint64_t kMaxRows = 1'000'000'000;
constexpr std::uint64_t kMaxDays = 36'600;  // with kMaxRows, what 64 bits count
/// Rows of a day in the published run that the workload is like: 39,291,336 in 366 days.
constexpr std::uint64_t kRowsPerDay = 107'354;

/// Returns the days that have the density of that run.
constexpr std::uint64_t usual_days(std::uint64_t rows) {
  return (rows + kRowsPerDay - 1) / kRowsPerDay;
}

/// Which rows there are. `rows` is 1..kMaxRows, `days` 1..kMaxDays, and the last day no later than
/// 9999-12-31.
struct RowSet {
  std::uint64_t rows = 0;
  std::uint64_t seed = 1;
  std::chrono::sys_days start{};
  std::uint64_t days = 1;
  bool has_content = true;  // otherwise title and content are empty
};

/// A row of a table that audience tasks read. Texts are UTF-8; nothing holds a tab, a line break or
/// a backslash.
struct Row {
  std::string id, s_id, s_area_id;
  std::optional<std::string> author;
  std::string title;
  std::optional<std::string> content;  // up to 20,000 characters and a phrase
  std::string post_time;               // YYYY-MM-DD hh:mm:ss
};

/// Returns row `index` of 0..rows-1, which depends on no other. Times ascend with the index.
/// [any thread]
Row make_row(const RowSet& set, std::uint64_t index);

/// Appends a row with tabs between its values and a line feed behind them; null is \N.
void append_tsv(std::string& out, const Row& row);

}  // namespace millrace::workload
