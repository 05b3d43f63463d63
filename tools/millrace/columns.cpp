#include "tools/millrace/columns.hpp"

#include <algorithm>
#include <numeric>

#include "engine/base/utf8.hpp"

namespace millrace::tool {
namespace {

constexpr std::size_t kNarrowest = 8;

// Returns how many bytes the first `count` characters have.
std::size_t bytes_of(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count)
    at += std::max<std::size_t>(1, utf8_length(text.substr(at)));
  return std::min(at, text.size());
}

std::vector<std::size_t> fitted_alike(std::vector<std::size_t> widths, std::size_t available) {
  // The greatest limit that holds: narrow columns leave their room to the wide ones.
  auto limit = kNarrowest;
  const auto limited = [&](std::size_t most) {
    std::size_t whole = 0;
    for (const auto width : widths) whole += std::min(width, most);
    return whole;
  };
  while (limited(limit + 1) <= available) ++limit;
  auto spare = available > limited(limit) ? available - limited(limit) : 0;
  for (auto& width : widths) {
    if (width <= limit) continue;
    width = limit + (spare > 0 ? 1 : 0);
    if (spare > 0) --spare;
  }
  return widths;
}

}  // namespace

std::vector<std::size_t> fitted_widths(std::vector<std::size_t> widths, std::size_t available) {
  const auto sum = std::accumulate(widths.begin(), widths.end(), std::size_t{0});
  if (sum <= available) return widths;
  if (widths.size() > 1 && widths.front() <= available / 2) {
    const std::vector<std::size_t> others{widths.begin() + 1, widths.end()};
    const auto fitted = fitted_alike(others, available - widths.front());
    std::copy(fitted.begin(), fitted.end(), widths.begin() + 1);
    return widths;
  }
  return fitted_alike(std::move(widths), available);
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (code_points(text) > width) {
    auto end = bytes_of(text, width);
    auto next = end;
    // A blank right behind the line ends it as well.
    if (const auto blank = text.rfind(' ', end); blank != std::string_view::npos && blank > 0) {
      end = blank;
      next = blank + 1;
    }
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(next);
  }
  lines.emplace_back(text);
  return lines;
}

}  // namespace millrace::tool
