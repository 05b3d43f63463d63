#include "plugins/label/lower_block.hpp"

#include <algorithm>

#include "plugins/label/lower.hpp"

namespace millrace::label {

std::int64_t LowerBlock::fill(const Column<std::string_view>& texts, std::int64_t first) {
  used_ = 0;
  nulls_.clear();
  suspects_.clear();
  ends_.resize(kMaxRows);
  std::string_view run;  // rows that lie one behind the other in the column
  const auto most = std::min<std::int64_t>(texts.size() - first, kMaxRows);
  std::int64_t row = 0;
  for (; row < most; ++row) {
    const auto value = texts[first + row];
    if (!value) {
      nulls_.resize(kMaxRows);
      nulls_[static_cast<std::size_t>(row)] = true;
    }
    const auto text = value.value_or(std::string_view{});
    const std::size_t size = used_ + run.size() + text.size();
    if (size > kMaxBytes && row > 0) break;
    ends_[static_cast<std::size_t>(row)] = static_cast<std::uint32_t>(size);
    if (run.data() + run.size() == text.data()) {
      run = {run.data(), run.size() + text.size()};
    } else if (!text.empty()) {
      lower_run(run);
      run = text;
    }
  }
  rows_ = static_cast<std::size_t>(row);
  lower_run(run);
  bytes_.resize(used_);
  if (!suspects_.empty()) lower_beyond_ascii(texts, first);
  return first + row;
}

void LowerBlock::lower_run(std::string_view run) {
  if (run.empty()) return;
  if (bytes_.size() < used_ + run.size()) bytes_.resize(used_ + run.size());
  const auto known = suspects_.size();
  lower_ascii(run.data(), bytes_.data() + used_, run.size(), suspects_);
  for (auto i = known; i < suspects_.size(); ++i) suspects_[i] += used_;
  used_ += run.size();
}

// Lower-cases the rest of the rows with suspects; those whose size changes go to fixed_, and what
// lies between them as well.
void LowerBlock::lower_beyond_ascii(const Column<std::string_view>& texts, std::int64_t first) {
  fixed_.clear();
  std::size_t row = 0, begin = 0;  // a row, and where it begins in bytes_
  std::size_t copied = 0;          // of bytes_ to fixed_
  const auto pass_row = [&] {
    begin = ends_[row];
    ends_[row] = static_cast<std::uint32_t>(begin - copied + fixed_.size());
    ++row;
  };
  for (const std::size_t suspect : suspects_) {
    for (; row < rows_ && begin < suspect + kLowerStride; pass_row()) {
      const std::size_t end = ends_[row];
      if (end <= suspect) continue;  // before the stride
      if (lower_in_place(bytes_.data() + begin, end - begin)) continue;
      lower_into(*texts[first + static_cast<std::int64_t>(row)], lowered_);
      fixed_.append(bytes_, copied, begin - copied).append(lowered_);
      copied = end;
    }
  }
  if (copied == 0) return;
  while (row < rows_) pass_row();
  fixed_.append(bytes_, copied);
  bytes_.swap(fixed_);
}

}  // namespace millrace::label
