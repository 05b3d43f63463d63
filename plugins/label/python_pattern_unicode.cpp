#include "plugins/label/python_pattern_unicode.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>
#include <utility>
#include <vector>

#include "plugins/label/python_pattern_names.hpp"

#include <unicode/uchar.h>
#include <unicode/uset.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

namespace millrace::label::python {
namespace {

// Reads a set in the language of UnicodeSet, of what Unicode 14 has assigned.
CodeSet assigned(std::u16string_view pattern) {
  const std::u16string whole = u"[" + std::u16string{pattern} + u"&[:age=14.0:]]";
  UErrorCode error = U_ZERO_ERROR;
  USet* const set = uset_openPattern(whole.data(), static_cast<int32_t>(whole.size()), &error);
  if (U_FAILURE(error))
    throw std::runtime_error{std::string{"Unicode data: "} + u_errorName(error)};
  std::vector<CodeRange> ranges;
  const int32_t count = uset_getItemCount(set);
  for (int32_t item = 0; item < count; ++item) {
    UChar32 first = 0, last = 0;
    uset_getItem(set, item, &first, &last, nullptr, 0, &error);
    ranges.push_back({static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last)});
  }
  uset_close(set);
  return CodeSet{std::move(ranges)};
}

std::uint32_t upper(std::uint32_t code) {
  std::array<UChar, 2> text{};
  int32_t length = 0;
  U16_APPEND_UNSAFE(text, length, code);
  std::array<UChar, 16> result{};
  UErrorCode error = U_ZERO_ERROR;
  const int32_t size = u_strToUpper(result.data(), result.size(), text.data(), length, "", &error);
  if (U_FAILURE(error) || size == 0) return code;
  UChar32 first = 0;
  U16_GET(result, 0, 0, size, first);
  return static_cast<std::uint32_t>(first);
}

struct CasePair {
  std::uint32_t code;
  std::uint32_t lower;
  std::uint32_t upper;
};

// The characters with another case, by code.
const std::vector<CasePair>& case_pairs() {
  static const std::vector<CasePair> pairs = [] {
    std::vector<CasePair> found;
    const CodeSet changing = assigned(u"[[:CWL:][:CWU:][:Lowercase:][:Uppercase:][:Lt:]]");
    for (const auto& range : changing.ranges()) {
      for (std::uint32_t code = range.first; code <= range.last; ++code) {
        const auto lowered = static_cast<std::uint32_t>(u_tolower(static_cast<UChar32>(code)));
        const std::uint32_t raised = upper(code);
        if (lowered != code || raised != code) found.push_back({code, lowered, raised});
      }
    }
    return found;
  }();
  return pairs;
}

const CasePair* find_pair(std::uint32_t code) {
  const auto& pairs = case_pairs();
  const auto found = std::lower_bound(
      pairs.begin(), pairs.end(), code,
      [](const CasePair& pair, std::uint32_t wanted) { return pair.code < wanted; });
  return found != pairs.end() && found->code == code ? &*found : nullptr;
}

constexpr bool is_ascii_upper(std::uint32_t code) { return code >= 'A' && code <= 'Z'; }
constexpr bool is_ascii_lower(std::uint32_t code) { return code >= 'a' && code <= 'z'; }

CodeSet ascii_word() { return CodeSet{{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}}; }

// The lower-case characters that share their upper case, each with the others.
const std::vector<std::pair<std::uint32_t, CodeSet>>& upper_sharers() {
  static const auto sharers = [] {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> by_upper;  // simple upper case, character
    for (const auto& pair : case_pairs()) {
      if (pair.lower == pair.code) by_upper.emplace_back(pair.upper, pair.code);
    }
    std::vector<std::pair<std::uint32_t, CodeSet>> found;
    for (const auto& [upper_case, code] : by_upper) {
      std::vector<CodeRange> others;
      UChar buffer[2];
      int32_t length = 0;
      U16_APPEND_UNSAFE(buffer, length, code);
      UChar whole[16], other_whole[16];
      UErrorCode error = U_ZERO_ERROR;
      const int32_t size = u_strToUpper(whole, 16, buffer, length, "", &error);
      for (const auto& [other_upper, other] : by_upper) {
        if (other == code || other_upper != upper_case) continue;
        length = 0;
        U16_APPEND_UNSAFE(buffer, length, other);
        const int32_t other_size = u_strToUpper(other_whole, 16, buffer, length, "", &error);
        if (size == other_size && std::equal(whole, whole + size, other_whole)) {
          others.push_back({other, other});
        }
      }
      if (!others.empty()) found.emplace_back(code, CodeSet{std::move(others)});
    }
    return found;
  }();
  return sharers;
}

bool is_printable(std::uint32_t code) {
  if (code == ' ') return true;
  static const CodeSet printable = assigned(u"[^[:C:][:Z:]]");
  return printable.has(code);
}

void append_utf8(std::string& text, std::uint32_t code) {
  std::array<char, 4> bytes{};
  int32_t size = 0;
  U8_APPEND_UNSAFE(bytes, size, code);
  text.append(bytes.data(), static_cast<std::size_t>(size));
}

}  // namespace

const CodeSet& word(bool is_ascii) {
  static const CodeSet ascii = ascii_word();
  static const CodeSet unicode = assigned(u"[[:L:][:N:]_]");
  return is_ascii ? ascii : unicode;
}

const CodeSet& digit(bool is_ascii) {
  static const CodeSet ascii{{{'0', '9'}}};
  static const CodeSet unicode = assigned(u"[:Nd:]");
  return is_ascii ? ascii : unicode;
}

const CodeSet& space(bool is_ascii) {
  static const CodeSet ascii{{{'\t', '\r'}, {' ', ' '}}};
  static const CodeSet unicode{{{0x09, 0x0D},
                                {0x1C, 0x20},
                                {0x85, 0x85},
                                {0xA0, 0xA0},
                                {0x1680, 0x1680},
                                {0x2000, 0x200A},
                                {0x2028, 0x2029},
                                {0x202F, 0x202F},
                                {0x205F, 0x205F},
                                {0x3000, 0x3000}}};
  return is_ascii ? ascii : unicode;
}

std::uint32_t lower(std::uint32_t code, bool is_ascii) {
  if (code < 0x80 || is_ascii) return is_ascii_upper(code) ? code + 32 : code;
  const CasePair* const pair = find_pair(code);
  return pair != nullptr ? pair->lower : code;
}

bool is_cased(std::uint32_t code, bool is_ascii) {
  if (is_ascii) return is_ascii_upper(code) || is_ascii_lower(code);
  return find_pair(code) != nullptr;
}

const CodeSet& same_upper(std::uint32_t code) {
  static const CodeSet none;
  const auto& sharers = upper_sharers();
  const auto found = std::lower_bound(
      sharers.begin(), sharers.end(), code,
      [](const auto& sharer, std::uint32_t wanted) { return sharer.first < wanted; });
  return found != sharers.end() && found->first == code ? found->second : none;
}

CodeSet with_upper_in(CodeRange range) {
  std::vector<CodeRange> found;
  for (const auto& pair : case_pairs()) {
    if (pair.upper >= range.first && pair.upper <= range.last)
      found.push_back({pair.code, pair.code});
  }
  // A character without an upper case is its own.
  std::vector<CodeRange> changed;
  for (const auto& pair : case_pairs()) {
    if (pair.upper != pair.code) changed.push_back({pair.code, pair.code});
  }
  return CodeSet{{range}}.without(CodeSet{std::move(changed)}).with(CodeSet{std::move(found)});
}

CodeSet with_lower_in(const CodeSet& lowered, bool is_ascii) {
  std::vector<CodeRange> gained, changed;
  const auto take = [&](std::uint32_t code, std::uint32_t lower_case) {
    if (lower_case == code) return;
    changed.push_back({code, code});
    if (lowered.has(lower_case)) gained.push_back({code, code});
  };
  if (is_ascii) {
    for (std::uint32_t code = 'A'; code <= 'Z'; ++code) take(code, code + 32);
  } else {
    for (const auto& pair : case_pairs()) take(pair.code, pair.lower);
  }
  return lowered.without(CodeSet{std::move(changed)}).with(CodeSet{std::move(gained)});
}

bool is_letter(std::uint32_t code) {
  static const CodeSet letters = assigned(u"[:L:]");
  return letters.has(code);
}

bool is_identifier(std::u32string_view text) {
  static const CodeSet begins = assigned(u"[[:XID_Start:]_]");
  static const CodeSet goes_on = assigned(u"[:XID_Continue:]");
  return !text.empty() && begins.has(text[0]) &&
         std::all_of(text.begin() + 1, text.end(), [](char32_t c) { return goes_on.has(c); });
}

std::optional<std::string> integer(std::u32string_view text) {
  constexpr std::size_t kMostDigits = 4300;  // more are refused by int() since Python 3.11
  const auto& blanks = space(false);
  while (!text.empty() && blanks.has(text.front())) text.remove_prefix(1);
  while (!text.empty() && blanks.has(text.back())) text.remove_suffix(1);
  const bool is_negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  std::string digits;
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {  // only between two digits
      if (i == 0 || i + 1 == text.size() || text[i - 1] == '_') return std::nullopt;
      continue;
    }
    if (!digit(false).has(text[i]) || ++count > kMostDigits) return std::nullopt;
    const auto value = static_cast<char>('0' + u_charDigitValue(static_cast<UChar32>(text[i])));
    if (!digits.empty() || value != '0') digits += value;
  }
  if (count == 0) return std::nullopt;
  if (digits.empty()) return "0";
  return is_negative ? "-" + digits : digits;
}

std::string repr(std::u32string_view text) {
  const bool has_single = text.find(U'\'') != text.npos;
  const char quote = has_single && text.find(U'"') == text.npos ? '"' : '\'';
  std::string result{quote};
  for (const char32_t c : text) {
    const auto code = static_cast<std::uint32_t>(c);
    if (code == '\\' || code == static_cast<unsigned char>(quote)) {
      result += '\\';
      result += static_cast<char>(code);
    } else if (code == '\t' || code == '\n' || code == '\r') {
      result += code == '\t' ? "\\t" : code == '\n' ? "\\n" : "\\r";
    } else if (is_printable(code)) {
      append_utf8(result, code);
    } else {
      std::array<char, 12> escape{};
      const char* const form = code < 0x100 ? "\\x%02x" : code < 0x10000 ? "\\u%04x" : "\\U%08x";
      std::snprintf(escape.data(), escape.size(), form, code);
      result += escape.data();
    }
  }
  return result + quote;
}

std::optional<std::uint32_t> character_by_name(std::u32string_view name) {
  constexpr std::size_t kLongest = 255;
  if (name.empty() || name.size() > kLongest) return std::nullopt;
  std::string given, raised;
  for (const char32_t c : name) {
    if (c < ' ' || c > '~') return std::nullopt;
    given += static_cast<char>(c);
    raised += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  }
  // Python makes these names by a rule, which minds the case, and has none for the ideographs of
  // Tangut.
  if (raised.starts_with("TANGUT IDEOGRAPH-")) return std::nullopt;
  if ((raised.starts_with("HANGUL SYLLABLE ") || raised.starts_with("CJK UNIFIED IDEOGRAPH-")) &&
      raised != given) {
    return std::nullopt;
  }
  static const CodeSet known = assigned(u"[:any:]");
  for (const auto kind : {U_UNICODE_CHAR_NAME, U_CHAR_NAME_ALIAS}) {
    UErrorCode error = U_ZERO_ERROR;
    const UChar32 code = u_charFromName(kind, raised.c_str(), &error);
    if (U_SUCCESS(error) && known.has(static_cast<std::uint32_t>(code))) {
      return static_cast<std::uint32_t>(code);
    }
  }
  return character_by_alias(raised);
}

}  // namespace millrace::label::python
