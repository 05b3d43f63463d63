#include "plugins/sql/split_plan.hpp"

#include <algorithm>

#include "plugins/sql/wall_time.hpp"

namespace millrace::sql_operators {

namespace {

constexpr std::int64_t kSplitsOfOneLook = 16;  // the size of rows is looked at again after so many

}  // namespace

std::int64_t SplitPlan::border(std::int64_t from, std::int64_t windows) const {
  const Windows& all = query_.windows;
  return std::min(all.start_of(from) + windows * all.step, all.end());
}

std::int64_t SplitPlan::about_rows(SourceTable& table, std::int64_t from, std::int64_t to) const {
  return table.about_rows(from, query_.windows.before({from, to}), rows_ + 1);
}

std::optional<Windows::Range> SplitPlan::next(SourceTable& table, std::int64_t from) {
  const Windows& windows = query_.windows;
  const Windows::Range rest{from, windows.end()};
  if (rest.from >= rest.to) return std::nullopt;
  const auto first = table.first_time(rest.from, windows.before(rest));
  if (!first) return std::nullopt;
  const std::int64_t start = std::max(from, windows.starts_of(*first, rest).first);
  if (splits_++ % kSplitsOfOneLook == 0) {
    const double bytes = std::max(table.row_bytes(*first, windows.before(rest)), 1.0);
    const double rows = static_cast<double>(query_.split_bytes) / bytes;
    rows_ = std::max<std::int64_t>(
        static_cast<std::int64_t>(std::min(rows, static_cast<double>(query_.split_rows))), 1);
  }
  const auto fits = [&](std::int64_t count) {
    return about_rows(table, start, border(start, count)) <= rows_;
  };
  if (fits(query_.split_windows)) return Windows::Range{start, border(start, query_.split_windows)};
  // So many windows fit, and so many do not.
  std::int64_t most = 0, too_many = query_.split_windows;
  while (too_many - most > 1) {
    const std::int64_t count = most + (too_many - most) / 2;
    (fits(count) ? most : too_many) = count;
  }
  if (most > 0) return Windows::Range{start, border(start, most)};
  return part_of_window(table, start);
}

// Halves the window until a piece fits, of whole seconds and one at the least.
Windows::Range SplitPlan::part_of_window(SourceTable& table, std::int64_t start) const {
  std::int64_t width = border(start, 1) - start;
  while (width > kSecond && about_rows(table, start, start + width) > rows_)
    width = (width / 2 + kSecond - 1) / kSecond * kSecond;
  return {start, std::min(start + width, border(start, 1))};
}

}  // namespace millrace::sql_operators
