#pragma once

#include <cstddef>
#include <string_view>

namespace millrace {

inline constexpr std::size_t kMostNodeNameBytes = 128;

/// Returns what is wrong with a node's name, as the end of a sentence, or nothing. A name has 1-128
/// bytes of UTF-8 without control characters, "#" and ":", and without white space at its ends.
std::string_view name_fault(std::string_view name);

}  // namespace millrace
