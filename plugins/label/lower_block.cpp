#include "plugins/label/lower_block.hpp"

#include "plugins/label/lower.hpp"

namespace millrace::label {

std::int64_t LowerBlock::fill(const Column<std::string_view>& texts, std::int64_t first) {
  used_ = 0;
  ends_.clear();
  is_null_.clear();
  suspects_.clear();
  std::string_view run;  // rows that lie one behind the other in the column
  std::int64_t row = first;
  for (; row < texts.size() && ends_.size() < kMaxRows; ++row) {
    const auto value = texts[row];
    const std::string_view text = value.value_or(std::string_view{});
    const std::size_t size = used_ + run.size() + text.size();
    if (size > kMaxBytes && !ends_.empty()) break;
    if (!text.empty()) {
      if (run.data() + run.size() != text.data()) {
        lower_run(run);
        run = text;
      } else {
        run = {run.data(), run.size() + text.size()};
      }
    }
    ends_.push_back(static_cast<std::uint32_t>(size));
    is_null_.push_back(value ? 0 : 1);
  }
  lower_run(run);
  bytes_.resize(used_);
  if (!suspects_.empty()) lower_beyond_ascii(texts, first);
  return row;
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
    for (; row < ends_.size() && begin < suspect + kLowerStride; pass_row()) {
      const std::size_t end = ends_[row];
      if (end <= suspect) continue;  // before the stride
      if (lower_in_place(bytes_.data() + begin, end - begin)) continue;
      lower_into(*texts[first + static_cast<std::int64_t>(row)], lowered_);
      fixed_.append(bytes_, copied, begin - copied).append(lowered_);
      copied = end;
    }
  }
  if (copied == 0) return;
  while (row < ends_.size()) pass_row();
  fixed_.append(bytes_, copied);
  bytes_.swap(fixed_);
}

}  // namespace millrace::label
