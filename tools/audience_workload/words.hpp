#pragma once

#include <cstdint>
#include <string>

#include "tools/audience_workload/random_stream.hpp"

namespace millrace::workload {

// What names, texts and keywords are put together from. A text is made in code points, since its
// lengths and places count those, and is UTF-8 when it is done.

/// Han character `i`; i < 2995 stays inside the block U+4E00..U+9FFF.
constexpr char32_t han(std::uint64_t i) { return static_cast<char32_t>(0x4E00 + 7 * i); }

/// The given name `i` of 4,000 and the family name `i` of 1,000, in lower-case Latin letters.
std::u32string first_name(std::uint64_t i);
std::u32string last_name(std::uint64_t i);

/// The letter `i` of the 34 that handles are written in; q and x never occur.
char32_t handle_letter(std::uint64_t i);

/// The pair `j` of 90,000 that a Chinese name ends in, and the pair `n` of the 2,000 popular ones.
std::u32string name_pair(std::uint64_t j);
std::u32string popular_pair(std::uint64_t n);

/// Appends exactly `length` characters of words, of which the first ones are the most frequent;
/// every eighth is followed by a comma.
void append_chinese(std::u32string& text, std::uint64_t length, RandomStream& random);

/// Appends exactly `length` characters of given names with a space behind each.
void append_latin(std::u32string& text, std::uint64_t length, RandomStream& random);

/// Appends a text as UTF-8; it holds no surrogates.
void append_utf8(std::string& out, const std::u32string& text);
std::string to_utf8(const std::u32string& text);

}  // namespace millrace::workload
