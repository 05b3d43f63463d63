#include "api/http/range.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace millrace::http {

namespace {

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

ByteRange read_range(std::string_view range, std::uint64_t size) {
  const ByteRange whole{.kind = ByteRange::Kind::Whole, .first = 0, .count = size};
  constexpr std::string_view kUnit = "bytes=";
  if (!range.starts_with(kUnit)) return whole;
  range.remove_prefix(kUnit.size());
  const auto dash = range.find('-');
  if (dash == std::string_view::npos || range.find(',') != std::string_view::npos) return whole;
  const auto before = range.substr(0, dash), after = range.substr(dash + 1);

  if (before.empty()) {  // the last so many bytes
    const auto last = read_number(after);
    if (!last) return whole;
    const auto count = std::min(*last, size);
    if (count == 0) return {.kind = ByteRange::Kind::Unsatisfiable};
    return {.kind = ByteRange::Kind::Part, .first = size - count, .count = count};
  }
  const auto first = read_number(before);
  if (!first) return whole;
  auto last = size == 0 ? 0 : size - 1;
  if (!after.empty()) {
    const auto asked = read_number(after);
    if (!asked || *asked < *first) return whole;
    last = std::min(last, *asked);
  }
  if (*first >= size) return {.kind = ByteRange::Kind::Unsatisfiable};
  return {.kind = ByteRange::Kind::Part, .first = *first, .count = last - *first + 1};
}

bool is_same_version(std::string_view if_range, std::string_view etag,
                     std::string_view last_modified) {
  if (if_range.starts_with('"')) return !etag.empty() && if_range == etag;
  return !if_range.starts_with("W/") && !last_modified.empty() && if_range == last_modified;
}

}  // namespace millrace::http
