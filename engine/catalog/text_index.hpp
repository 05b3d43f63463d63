#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/catalog/database.hpp"
#include "engine/catalog/part.hpp"

namespace millrace {

/// Characters of a text that the index keeps from each of its places on.
inline constexpr std::size_t kIndexedCharacters = 32;

/// Keeps what `index` says of a row's text, which is folded (fold_case): for each character the
/// text from there on, so that a text in the middle is the beginning of one of them. What it said
/// of another text before is to be cleared first.
Result<void> clear_text_index(Connection& connection, const TextIndex& index, std::int64_t row);
Result<void> write_text_index(Connection& connection, const TextIndex& index, std::int64_t row,
                              std::string_view folded);

/// The texts of the index that begin with a text: those from `from` on and before `until`, where an
/// empty `until` is no bound.
struct TextRange {
  std::string from, until;
  bool is_exact = true;  // false: the text is longer than what is kept, so rows may have another
};

/// `folded` is UTF-8 and not empty.
TextRange text_range(std::string_view folded);

}  // namespace millrace
