#include "engine/base/json_numbers.hpp"

#include <cmath>
#include <limits>

namespace millrace {
namespace {

constexpr double kBeyond = 0x1p63;  // the first double that no int64 is

// Doubles from here to kBeyond are whole numbers, so that converting one loses nothing.
bool is_equal(std::int64_t value, double number) {
  return number < kBeyond && static_cast<std::int64_t>(number) == value;
}

std::string escaped(std::string_view key) {
  std::string segment = "/";
  for (const char letter : key) {
    if (letter == '~') {
      segment += "~0";
    } else if (letter == '/') {
      segment += "~1";
    } else {
      segment += letter;
    }
  }
  return segment;
}

// The pointer grows from its end, since most documents hold nothing to point to.
bool find(const Json& value, UnfitNumber& found) {
  if (value.is_number_unsigned()) {
    if (whole_number(value)) return false;
    found.text = value.dump();
    return true;
  }
  if (const auto* items = value.get_ptr<const Json::array_t*>()) {
    for (std::size_t i = 0; i < items->size(); ++i) {
      if (!find((*items)[i], found)) continue;
      found.pointer.insert(0, "/" + std::to_string(i));
      return true;
    }
  }
  if (const auto* members = value.get_ptr<const Json::object_t*>()) {
    for (const auto& [key, member] : *members) {
      if (!find(member, found)) continue;
      found.pointer.insert(0, escaped(key));
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<std::int64_t> whole_number(const Json& value) {
  if (const auto* number = value.get_ptr<const Json::number_unsigned_t*>()) {
    if (*number > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return std::nullopt;
    return static_cast<std::int64_t>(*number);
  }
  if (const auto* number = value.get_ptr<const Json::number_integer_t*>()) return *number;
  return std::nullopt;
}

std::optional<double> exact_number(const Json& value) {
  if (const auto* number = value.get_ptr<const Json::number_float_t*>()) return *number;
  if (const auto whole = whole_number(value)) {
    const auto number = static_cast<double>(*whole);
    if (is_equal(*whole, number)) return number;
    return std::nullopt;
  }
  if (const auto* number = value.get_ptr<const Json::number_unsigned_t*>()) {
    const auto rounded = static_cast<double>(*number);
    // 2^64 itself, to which the greatest ones are rounded, does not convert back.
    if (rounded < 0x1p64 && static_cast<std::uint64_t>(rounded) == *number) return rounded;
  }
  return std::nullopt;
}

std::optional<SplitNumber> split_number(const Json& value) {
  if (const auto* number = value.get_ptr<const Json::number_float_t*>())
    return SplitNumber{*number, 0};
  const auto whole = whole_number(value);
  if (!whole) return std::nullopt;
  const auto nearest = static_cast<double>(*whole);
  // 2^63 itself, to which the greatest ones are rounded, is no integer of 64 bits.
  if (nearest >= kBeyond)
    return SplitNumber{nearest, *whole - std::numeric_limits<std::int64_t>::max() - 1};
  return SplitNumber{nearest, *whole - static_cast<std::int64_t>(nearest)};
}

int compare_exactly(std::int64_t value, double bound) {
  if (bound >= kBeyond) return -1;
  if (bound < -kBeyond) return 1;
  const auto whole = static_cast<std::int64_t>(bound);  // towards zero
  if (value != whole) return value < whole ? -1 : 1;
  const double rest = bound - static_cast<double>(whole);
  return rest > 0 ? -1 : rest < 0 ? 1 : 0;
}

std::optional<UnfitNumber> unfit_number(const Json& document) {
  UnfitNumber found;
  if (!find(document, found)) return std::nullopt;
  return found;
}

}  // namespace millrace
