#include "engine/catalog/text_index.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <vector>

#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::size_t kRowsAtOnce = 64;

// The first characters of a text; a byte that begins none counts as one.
std::string_view first_characters(std::string_view text, std::size_t count) {
  std::size_t bytes = 0;
  for (; count > 0 && bytes < text.size(); --count)
    bytes += std::max<std::size_t>(1, utf8_length(text.substr(bytes)));
  return text.substr(0, bytes);
}

// The least text that stands behind all that begin with `text` in the order of bytes, which is that
// of code points. Empty: there is none.
std::string behind(std::string text) {
  while (!text.empty()) {
    std::size_t start = text.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    const auto length = text.size() - start;
    char32_t point = static_cast<unsigned char>(text[start]);
    if (length > 1) point &= 0x7Fu >> length;
    for (auto i = start + 1; i < text.size(); ++i)
      point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
    text.resize(start);
    if (point >= 0x10FFFF) continue;  // the last of all: the character before it counts up
    ++point;
    if (point == 0xD800) point = 0xE000;  // surrogates stand in no text
    const auto tail = [&](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3F)); };
    if (point < 0x80) {
      text += static_cast<char>(point);
    } else if (point < 0x800) {
      text += {static_cast<char>(0xC0 | point >> 6), tail(0)};
    } else if (point < 0x10000) {
      text += {static_cast<char>(0xE0 | point >> 12), tail(6), tail(0)};
    } else {
      text += {static_cast<char>(0xF0 | point >> 18), tail(12), tail(6), tail(0)};
    }
    return text;
  }
  return text;
}

}  // namespace

Result<void> clear_text_index(Connection& connection, const TextIndex& index, std::int64_t row) {
  MR_CHECK(connection.execute(fmt::format("DELETE FROM {} WHERE {} = ?", index.table, index.row),
                              {row}));
  return {};
}

Result<void> write_text_index(Connection& connection, const TextIndex& index, std::int64_t row,
                              std::string_view folded) {
  std::set<std::string_view> texts;  // of a long text that repeats itself some are the same
  for (auto rest = folded; !rest.empty();) {
    texts.insert(first_characters(rest, kIndexedCharacters));
    rest.remove_prefix(first_characters(rest, 1).size());
  }
  for (auto next = texts.begin(); next != texts.end();) {
    std::string marks;
    std::vector<SqlValue> values;
    for (; next != texts.end() && values.size() < 2 * kRowsAtOnce; ++next) {
      marks += marks.empty() ? "(?, ?)" : ", (?, ?)";
      values.emplace_back(std::string{*next});
      values.emplace_back(row);
    }
    MR_CHECK(connection.execute(
        fmt::format("INSERT INTO {} (suffix, {}) VALUES {}", index.table, index.row, marks),
        values));
  }
  return {};
}

TextRange text_range(std::string_view folded) {
  const auto kept = first_characters(folded, kIndexedCharacters);
  return {std::string{kept}, behind(std::string{kept}), kept.size() == folded.size()};
}

}  // namespace millrace
