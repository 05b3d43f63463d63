#include "plugins/learn/tree_grower.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <millrace/context.hpp>

namespace millrace::learn {

std::uint64_t SplitMix::next() {
  auto z = state_ += 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

TreeGrower::TreeGrower(const ForestData& data, std::uint64_t seed, const IsStopping& is_stopping,
                       std::atomic<std::int64_t>& room)
    : data_{data},
      is_stopping_{is_stopping},
      room_{room},
      random_{seed},
      weights_(data.rows()),
      places_(data.rows(), kNone),
      columns_(data.columns()),
      slots_(data.columns()),
      totals_(data.classes()),
      left_(data.classes()) {
  std::iota(columns_.begin(), columns_.end(), 0);
  const auto root = static_cast<std::size_t>(std::sqrt(static_cast<double>(data.columns())));
  drawn_ = std::min(std::max<std::size_t>(root, 1), columns_.size());
  entries_.resize(std::max<std::size_t>(drawn_, 1));
}

GrownTree TreeGrower::grow() {
  draw_rows();
  GrownTree tree;
  std::vector<Range> ahead{{0, rows_.size(), kNone}};
  while (!ahead.empty()) {
    if (is_stopping_ && is_stopping_()) throw Failure{MR_CANCELLED, "training was stopped"};
    take_room(sizeof(ForestNode));
    const Range range = ahead.back();
    ahead.pop_back();
    const auto node = static_cast<std::uint32_t>(tree.nodes.size());
    if (range.parent != kNone) tree.nodes[range.parent].next = node;
    count_classes(range);
    const bool is_pure = std::find(totals_.begin(), totals_.end(), weight_) != totals_.end();
    const auto split = is_pure || columns_.empty() ? std::nullopt : find_split(range);
    if (!split) {
      add_leaf(tree);
      continue;
    }
    tree.nodes.push_back({static_cast<std::int32_t>(split->column), split->threshold, 0});
    const auto middle = divide(range, *split);
    ahead.push_back({middle, range.end, node});
    ahead.push_back({range.begin, middle, kNone});
  }
  return tree;
}

void TreeGrower::draw_rows() {
  const auto count = static_cast<std::uint32_t>(data_.rows());
  for (std::uint32_t i = 0; i < count; ++i) ++weights_[random_.below(count)];
  for (std::uint32_t row = 0; row < count; ++row) {
    if (weights_[row] == 0) continue;
    places_[row] = static_cast<std::uint32_t>(rows_.size());
    rows_.push_back(row);
  }
}

void TreeGrower::count_classes(const Range& range) {
  std::fill(totals_.begin(), totals_.end(), 0);
  weight_ = 0;
  for (auto i = range.begin; i < range.end; ++i) {
    totals_[data_.class_of(rows_[i])] += weights_[rows_[i]];
    weight_ += weights_[rows_[i]];
  }
}

void TreeGrower::draw_columns() {
  for (std::size_t i = 0; i < drawn_; ++i) {
    const auto rest = static_cast<std::uint32_t>(columns_.size() - i);
    std::swap(columns_[i], columns_[i + random_.below(rest)]);
  }
}

std::optional<TreeGrower::Split> TreeGrower::find_split(const Range& range) {
  draw_columns();
  std::size_t in_columns = 0, in_rows = 0;
  for (std::size_t i = 0; i < drawn_; ++i) in_columns += data_.column(columns_[i]).size();
  for (auto i = range.begin; i < range.end && in_rows <= in_columns; ++i)
    in_rows += data_.row(rows_[i]).size();
  in_columns < in_rows ? gather_by_column(range) : gather_by_row(range);
  Split best;
  for (std::size_t i = 0; i < drawn_; ++i) look_at(columns_[i], entries_[i], range, best);
  if (best.score < 0) {
    // All that were drawn are constant. The first further one that is not is each of the varying
    // ones with equal chance.
    const auto column = draw_varying_column(range);
    if (!column) return std::nullopt;
    gather_column(*column, range, entries_[0]);
    look_at(*column, entries_[0], range, best);
  }
  return best.score < 0 ? std::nullopt : std::optional{best};
}

void TreeGrower::gather_column(std::uint32_t column, const Range& range,
                               std::vector<Entry>& entries) const {
  entries.clear();
  for (const auto& [row, value] : data_.column(column)) {
    if (places_[row] >= range.begin && places_[row] < range.end) entries.push_back({value, row});
  }
}

void TreeGrower::gather_by_column(const Range& range) {
  for (std::size_t i = 0; i < drawn_; ++i) gather_column(columns_[i], range, entries_[i]);
}

void TreeGrower::gather_by_row(const Range& range) {
  for (std::size_t i = 0; i < drawn_; ++i) {
    slots_[columns_[i]] = static_cast<std::uint32_t>(i + 1);
    entries_[i].clear();
  }
  for (auto i = range.begin; i < range.end; ++i) {
    for (const auto& [column, value] : data_.row(rows_[i])) {
      const auto slot = slots_[column];
      if (slot != 0) entries_[slot - 1].push_back({value, rows_[i]});
    }
  }
  for (std::size_t i = 0; i < drawn_; ++i) slots_[columns_[i]] = 0;
}

std::optional<std::uint32_t> TreeGrower::draw_varying_column(const Range& range) {
  seen_.clear();
  for (auto i = range.begin; i < range.end; ++i) {
    for (const auto& [column, value] : data_.row(rows_[i])) seen_.emplace_back(column, value);
  }
  std::sort(seen_.begin(), seen_.end());
  const auto rows = range.end - range.begin;
  std::vector<std::uint32_t> varying;
  for (std::size_t i = 0; i < seen_.size();) {
    const auto begin = i;
    while (i < seen_.size() && seen_[i].first == seen_[begin].first) ++i;
    float least = seen_[begin].second, most = seen_[i - 1].second;
    if (i - begin < rows) {
      least = std::min(least, 0.0F);
      most = std::max(most, 0.0F);
    }
    if (most > least + kSame) varying.push_back(seen_[begin].first);
  }
  if (varying.empty()) return std::nullopt;
  return varying[random_.below(static_cast<std::uint32_t>(varying.size()))];
}

// Takes the split with the largest sum of squared class weights over weight, of both sides: that
// is the least Gini impurity. Rows that are not among the entries have the value zero.
void TreeGrower::look_at(std::uint32_t column, std::span<Entry> entries, const Range& range,
                         Split& best) {
  if (entries.empty()) return;
  std::sort(entries.begin(), entries.end(), [](const Entry& left, const Entry& right) {
    return left.value < right.value || (left.value == right.value && left.row < right.row);
  });
  std::fill(left_.begin(), left_.end(), 0);
  std::int64_t left_weight = 0, left_squares = 0, right_squares = 0;
  for (const auto total : totals_) right_squares += total * total;
  const auto move = [&](std::uint32_t of_class, std::int64_t weight) {
    auto& left = left_[of_class];
    const auto right = totals_[of_class] - left;
    left_squares += weight * (2 * left + weight);
    right_squares -= weight * (2 * right - weight);
    left += weight;
    left_weight += weight;
  };
  const auto move_zeros = [&] {
    zeros_ = totals_;
    for (const Entry& entry : entries) zeros_[data_.class_of(entry.row)] -= weights_[entry.row];
    for (std::uint32_t c = 0; c < zeros_.size(); ++c) {
      if (zeros_[c] != 0) move(c, zeros_[c]);
    }
  };
  const auto try_between = [&](float low, float high) {
    if (high <= low + kSame) return;
    const double score =
        static_cast<double>(left_squares) / static_cast<double>(left_weight) +
        static_cast<double>(right_squares) / static_cast<double>(weight_ - left_weight);
    if (score <= best.score) return;
    const float middle = low / 2 + high / 2;
    best = {column, middle == high || !std::isfinite(middle) ? low : middle, score};
  };
  bool are_zeros_ahead = entries.size() < range.end - range.begin;
  std::optional<float> last;
  for (const Entry& entry : entries) {
    if (are_zeros_ahead && entry.value > 0) {
      if (last) try_between(*last, 0);
      move_zeros();
      last = 0.0F;
      are_zeros_ahead = false;
    }
    if (last) try_between(*last, entry.value);
    move(data_.class_of(entry.row), weights_[entry.row]);
    last = entry.value;
  }
  if (are_zeros_ahead) try_between(*last, 0);
}

// Puts the rows that go left before the others; returns where those begin.
std::size_t TreeGrower::divide(const Range& range, const Split& split) {
  const bool are_zeros_left = 0 <= split.threshold;
  auto& movers = entries_[0];  // what goes to the other side than rows without a value
  gather_column(split.column, range, movers);
  std::erase_if(movers, [&](const Entry& entry) {
    return (entry.value <= split.threshold) == are_zeros_left;
  });
  auto begin = range.begin, end = range.end;
  for (const Entry& entry : movers) {
    const auto place = are_zeros_left ? --end : begin++;
    const auto other = rows_[place], from = places_[entry.row];
    std::swap(rows_[place], rows_[from]);
    places_[other] = from;
    places_[entry.row] = static_cast<std::uint32_t>(place);
  }
  return are_zeros_left ? end : begin;
}

void TreeGrower::take_room(std::size_t bytes) {
  if (room_.fetch_sub(static_cast<std::int64_t>(bytes), std::memory_order_relaxed) <
      static_cast<std::int64_t>(bytes))
    throw Failure{MR_EXHAUSTED,
                  "the trees take too much memory: grow fewer of them, or learn from fewer rows"};
}

void TreeGrower::add_leaf(GrownTree& tree) {
  ForestNode leaf;
  const auto pure = std::find(totals_.begin(), totals_.end(), weight_);
  if (pure != totals_.end()) {
    leaf.next = static_cast<std::uint32_t>(pure - totals_.begin());
  } else {
    take_room(totals_.size() * sizeof(float));
    leaf.next = static_cast<std::uint32_t>(totals_.size() + tree.shares.size() / totals_.size());
    for (const auto total : totals_)
      tree.shares.push_back(
          static_cast<float>(static_cast<double>(total) / static_cast<double>(weight_)));
  }
  tree.nodes.push_back(leaf);
}

}  // namespace millrace::learn
