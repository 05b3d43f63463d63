#include "engine/run/merge.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace millrace {

std::vector<Batch> merge_parts(std::vector<std::vector<Batch>> parts) {
  std::vector<Batch> rows;
  std::vector<Batch> empty;  // one is kept, for its columns, where there are no rows at all
  std::size_t filled = 0;
  bool rooted = true;
  for (auto& part : parts) {
    bool any = false;
    for (Batch& batch : part) {
      if (batch.empty()) {
        if (empty.empty()) empty.push_back(std::move(batch));
        continue;
      }
      any = true;
      rooted = rooted && batch.has(kRootColumn);
      rows.push_back(std::move(batch));
    }
    filled += any ? 1 : 0;
  }
  if (rows.empty()) return empty;
  if (filled < 2 || !rooted) return rows;

  Batch all = Batch::concat(std::move(rows));
  const auto root = all.column<std::int64_t>(kRootColumn);
  std::vector<std::int64_t> order(static_cast<std::size_t>(all.rows()));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t left, std::int64_t right) {
    return root.value(left) < root.value(right);
  });
  std::vector<Batch> merged;
  merged.push_back(all.take(order));
  return merged;
}

std::vector<Batch> cut(Batch batch, std::int64_t grain) {
  std::vector<Batch> slices;
  const std::int64_t rows = batch.rows();
  if (grain <= 0 || rows <= grain) {
    slices.push_back(std::move(batch));
    return slices;
  }
  const bool rooted = batch.has(kRootColumn);
  const auto root = rooted ? batch.column<std::int64_t>(kRootColumn) : Column<std::int64_t>{};
  std::int64_t begin = 0;
  while (begin < rows) {
    std::int64_t end = std::min(begin + grain, rows);
    while (rooted && end < rows && root[end] == root[end - 1]) ++end;
    slices.push_back(batch.slice(begin, end - begin));
    begin = end;
  }
  return slices;
}

}  // namespace millrace
