#include "plugins/learn/forest_data.hpp"

namespace millrace::learn {

ForestData::ForestData(const SparseRows& rows, std::span<const std::uint32_t> classes,
                       std::uint32_t count, const IsStopping& is_stopping)
    : class_count_{count},
      classes_{classes.begin(), classes.end()},
      row_begins_{rows.begins},
      column_begins_(rows.width + 1),
      by_row_(rows.columns.size()),
      by_column_(rows.columns.size()) {
  StopPoll poll{is_stopping};
  for (std::size_t i = 0; i < by_row_.size(); ++i) {
    poll.step();
    by_row_[i] = {rows.columns[i], static_cast<float>(rows.values[i])};
    ++column_begins_[rows.columns[i] + 1];
  }
  for (std::size_t i = 1; i < column_begins_.size(); ++i)
    column_begins_[i] += column_begins_[i - 1];
  auto next = column_begins_;
  for (std::uint32_t row = 0; row < rows.rows(); ++row) {
    poll.step(row_begins_[row + 1] - row_begins_[row] + 1);
    for (auto i = row_begins_[row]; i < row_begins_[row + 1]; ++i)
      by_column_[next[by_row_[i].place]++] = {row, by_row_[i].value};
  }
}

}  // namespace millrace::learn
