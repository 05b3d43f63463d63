#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::tool {

/// Returns widths of columns that are `available` characters together: the widest become narrower,
/// all alike, but none becomes narrower than 8. The first one, by which a row is found, keeps its
/// width while it takes no more than half.
std::vector<std::size_t> fitted_widths(std::vector<std::size_t> widths, std::size_t available);

/// Breaks a text into lines of at most `width` characters, at blanks where there are some.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

}  // namespace millrace::tool
