#pragma once

#include <span>
#include <string>
#include <string_view>

namespace millrace {

/// Returns `; did you mean "nearest"?`, or nothing when no known word is near.
std::string suggestion(std::string_view word, std::span<const std::string_view> known);

}  // namespace millrace
