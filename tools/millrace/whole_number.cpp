#include "tools/millrace/whole_number.hpp"

#include <charconv>
#include <cstdint>
#include <optional>

namespace millrace::tool {
namespace {

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, number);
  if (fault != std::errc{} || rest != end) return std::nullopt;
  return number;
}

}  // namespace

std::string positive_fault(const std::string& text) {
  if (whole_number(text).value_or(0) > 0) return {};
  return "takes a whole number from 1 to 9223372036854775807: " + text;
}

std::string non_negative_fault(const std::string& text) {
  if (whole_number(text).value_or(-1) >= 0) return {};
  return "takes a whole number from 0 to 9223372036854775807: " + text;
}

}  // namespace millrace::tool
