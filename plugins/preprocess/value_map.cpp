#include "plugins/preprocess/value_map.hpp"

#include <algorithm>
#include <charconv>

#include <millrace/context.hpp>

namespace millrace::preprocess {
namespace {

constexpr std::size_t kMostDigits = 18;  // which fit into 64 bits

// A text and the number at its end.
struct Numbered {
  std::string_view beginning, digits;
  std::uint64_t number = 0;
  bool is_readable = false;

  explicit Numbered(std::string_view text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto end = std::find_if_not(text.rbegin(), text.rend(), is_digit);
    const auto count = static_cast<std::size_t>(end - text.rbegin());
    beginning = text.substr(0, text.size() - count);
    digits = text.substr(text.size() - count);
    if (count == 0 || count > kMostDigits) return;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    is_readable = true;
  }
  [[nodiscard]] bool is_padded() const { return digits.size() > 1 && digits[0] == '0'; }
};

}  // namespace

void ValueMap::add(std::string_view value, std::string_view target) {
  auto number = numbers_.find(target);
  if (number == numbers_.end()) {
    number = numbers_.emplace(target, static_cast<std::uint32_t>(targets_.size())).first;
    targets_.emplace_back(target);
  }
  const auto known = values_.find(value);
  if (known != values_.end() && known->second == number->second) return;
  if (known != values_.end()) {
    throw Failure{MR_INVALID_ARGUMENT, "a value maps to one thing, but " + std::string{value} +
                                           " maps to " + targets_[known->second] + " and " +
                                           std::string{target}};
  }
  if (values_.size() == kMostValues) {
    throw Failure{MR_EXHAUSTED, "a map has at most " + std::to_string(kMostValues) + " values"};
  }
  values_.emplace(value, number->second);
}

void ValueMap::add_range(std::string_view item, std::string_view target) {
  constexpr std::string_view kTo = "..";
  const auto to = item.find(kTo);
  if (to == std::string_view::npos) return add(item, target);
  const Numbered first{item.substr(0, to)}, last{item.substr(to + kTo.size())};
  const bool is_plain = !first.is_padded() && !last.is_padded();
  if (!first.is_readable || !last.is_readable || first.beginning != last.beginning ||
      (first.digits.size() != last.digits.size() && !is_plain) || first.number > last.number) {
    throw Failure{
        MR_INVALID_ARGUMENT,
        "a range is FIRST..LAST, alike but for numbers at the end that have as many "
        "digits and do not fall, as in A0002..A0017; a value that has .. in itself belongs "
        "into a map: " +
            std::string{item}};
  }
  if (last.number - first.number >= kMostValues) {
    throw Failure{MR_EXHAUSTED, "a map has at most " + std::to_string(kMostValues) +
                                    " values, and this range alone has more: " + std::string{item}};
  }
  const std::size_t width = is_plain ? 0 : first.digits.size();
  for (auto number = first.number; number <= last.number; ++number) {
    std::string value = std::to_string(number);
    if (value.size() < width) value.insert(0, width - value.size(), '0');
    add(value.insert(0, first.beginning), target);
  }
}

std::optional<std::string_view> ValueMap::find(std::string_view value) const {
  const auto found = values_.find(value);
  if (found == values_.end()) return {};
  return targets_[found->second];
}

}  // namespace millrace::preprocess
