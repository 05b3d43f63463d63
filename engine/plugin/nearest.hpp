#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace millrace {

/// Returns how many insertions, deletions, replacements and swaps of neighbours turn one text into
/// the other (Damerau and Levenshtein, the restricted form: no part is edited twice). Counts bytes.
std::size_t edit_distance(std::string_view left, std::string_view right);

/// A longer word is near to nothing: a comparison takes its length times the other's.
inline constexpr std::size_t kLongestWord = 64;  // bytes

/// Returns the candidate with the least edit distance, the first of equals; empty when none is near
/// enough to be meant: within one edit for every three bytes of `word`, and within one for shorter
/// words.
std::string_view nearest_name(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace millrace
