#include "tools/audience_workload/words.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace millrace::workload {
namespace {

using Endings = std::array<std::u32string_view, 4>;

// Two of the 95 syllables and an ending.
std::u32string latin_name(std::uint64_t i, const Endings& endings) {
  constexpr std::u32string_view kConsonants = U"bcdfghjklmnprstvwyz";
  constexpr std::u32string_view kVowels = U"aeiou";
  std::u32string name;
  for (const auto syllable : {i % 95, i / 95}) {
    name += kConsonants[syllable / 5];
    name += kVowels[syllable % 5];
  }
  return name.append(endings[i % 4]);
}

// Word `w` of 5,000 has one to three characters.
void append_word(std::u32string& text, std::uint64_t w) {
  text += han(400 + 13 * w % 2400);
  if (w % 10 >= 2) text += han(400 + 29 * w % 2400);
  if (w % 10 >= 8) text += han(400 + 53 * w % 2400);
}

}  // namespace

std::u32string first_name(std::uint64_t i) {
  constexpr Endings kEndings{U"", U"n", U"ra", U"el"};
  return latin_name(i, kEndings);
}

std::u32string last_name(std::uint64_t i) {
  constexpr Endings kEndings{U"son", U"ley", U"ton", U"man"};
  return latin_name(i, kEndings);
}

char32_t handle_letter(std::uint64_t i) { return U"abcdefghijklmnoprstuvwyz0123456789"[i]; }

std::u32string name_pair(std::uint64_t j) { return {han(100 + j / 300), han(100 + j % 300)}; }

std::u32string popular_pair(std::uint64_t n) { return name_pair(45 * n); }

void append_chinese(std::u32string& text, std::uint64_t length, RandomStream& random) {
  const auto end = text.size() + length;
  for (int words = 1; text.size() < end; ++words) {
    const auto one = random.below(5000);
    const auto other = random.below(5000);
    append_word(text, std::min(one, other));
    if (words % 8 == 0) text += U'，';
  }
  text.resize(end);
}

void append_latin(std::u32string& text, std::uint64_t length, RandomStream& random) {
  const auto end = text.size() + length;
  while (text.size() < end) text.append(first_name(random.below(4000))).append(1, U' ');
  text.resize(end);
}

void append_utf8(std::string& out, const std::u32string& text) {
  const auto add = [&out](char32_t byte) { out += static_cast<char>(byte); };
  const auto add_rest = [&](char32_t c, int shift) { add(0x80 | ((c >> shift) & 0x3F)); };
  for (const auto c : text) {
    if (c < 0x80) {
      add(c);
    } else if (c < 0x800) {
      add(0xC0 | (c >> 6));
      add_rest(c, 0);
    } else if (c < 0x10000) {
      add(0xE0 | (c >> 12));
      add_rest(c, 6);
      add_rest(c, 0);
    } else {
      add(0xF0 | (c >> 18));
      add_rest(c, 12);
      add_rest(c, 6);
      add_rest(c, 0);
    }
  }
}

std::string to_utf8(const std::u32string& text) {
  std::string out;
  append_utf8(out, text);
  return out;
}

}  // namespace millrace::workload
