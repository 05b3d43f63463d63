// What a backslash begins, and sets of characters.
#include <algorithm>
#include <utility>

#include "plugins/label/python_pattern_parser.hpp"
#include "plugins/label/python_pattern_unicode.hpp"

namespace millrace::label::python {
namespace {

using Kind = RawNode::Kind;

constexpr std::u32string_view kDecimal = U"0123456789";
constexpr std::u32string_view kOctalDigits = U"01234567";
constexpr std::u32string_view kHexDigits = U"0123456789abcdefABCDEF";

bool is_in(char32_t c, std::u32string_view characters) {
  return characters.find(c) != characters.npos;
}

bool is_ascii_letter(char32_t c) { return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'); }

// `digits` may begin with a backslash.
std::uint32_t number(std::u32string_view digits, std::uint32_t base) {
  std::uint32_t value = 0;
  for (const char32_t c : digits) {
    if (c == U'\\') continue;
    const auto digit = c <= U'9' ? c - U'0' : (c | 0x20) - U'a' + 10;
    value = value * base + static_cast<std::uint32_t>(digit);
  }
  return value;
}

std::optional<SetItem> category(char32_t letter) {
  switch (letter) {
    case U'd':
    case U'D':
      return SetItem{SetItem::Kind::Digit, letter == U'D'};
    case U's':
    case U'S':
      return SetItem{SetItem::Kind::Space, letter == U'S'};
    case U'w':
    case U'W':
      return SetItem{SetItem::Kind::Word, letter == U'W'};
    default:
      return std::nullopt;
  }
}

std::optional<RawNode::At> place(char32_t letter) {
  switch (letter) {
    case U'A':
      return RawNode::At::BeginText;
    case U'Z':
      return RawNode::At::EndText;
    case U'b':
      return RawNode::At::Edge;
    case U'B':
      return RawNode::At::NotEdge;
    default:
      return std::nullopt;
  }
}

std::optional<std::uint32_t> control(char32_t letter) {
  switch (letter) {
    case U'a':
      return 0x07;
    case U'b':
      return 0x08;
    case U'f':
      return 0x0C;
    case U'n':
      return 0x0A;
    case U'r':
      return 0x0D;
    case U't':
      return 0x09;
    case U'v':
      return 0x0B;
    case U'\\':
      return U'\\';
    default:
      return std::nullopt;
  }
}

SetItem literal(std::uint32_t code) { return {.range = {code, code}}; }

}  // namespace

// Reads the digits of \x, \u or \U.
std::uint32_t PatternParser::hexadecimal(std::u32string_view token, std::size_t digits) {
  const std::u32string whole = std::u32string{token} + source_.get_while(digits, kHexDigits);
  if (whole.size() != digits + 2) {
    source_.refuse("incomplete escape " + to_utf8(whole), whole.size());
  }
  const std::uint32_t code = number(whole.substr(2), 16);
  if (code > kLastCodePoint) source_.refuse("bad escape " + to_utf8(whole), whole.size());
  return code;
}

// Reads the name of \N.
std::uint32_t PatternParser::named_character() {
  if (!source_.match(U'{')) source_.refuse("missing {");
  const auto name = source_.get_until(U'}', "character name");
  const auto code = character_by_name(name);
  if (!code) {
    source_.refuse("undefined character name " + repr(name), name.size() + 4);
  }
  return *code;
}

// What \x, \u, \U and \N mean, within sets and outside.
std::optional<std::uint32_t> PatternParser::coded_character(std::u32string_view token) {
  switch (token[1]) {
    case U'x':
      return hexadecimal(token, 2);
    case U'u':
      return hexadecimal(token, 4);
    case U'U':
      return hexadecimal(token, 8);
    case U'N':
      return named_character();
    default:
      return std::nullopt;
  }
}

RawNode PatternParser::parse_escape(std::u32string_view token) {
  const char32_t letter = token[1];
  if (const auto at = place(letter)) return {.kind = Kind::At, .at = *at};
  if (const auto item = category(letter)) return {.kind = Kind::In, .items = {*item}};
  if (const auto code = control(letter)) return {.kind = Kind::Literal, .code = *code};
  if (const auto code = coded_character(token)) return {.kind = Kind::Literal, .code = *code};
  std::u32string whole{token};
  if (letter == U'0') {
    whole += source_.get_while(2, kOctalDigits);
    return {.kind = Kind::Literal, .code = number(whole, 8)};
  }
  if (is_in(letter, kDecimal)) {
    // Three octal digits are a character, one or two digits a group.
    if (source_.next_is_one_of(kDecimal)) {
      whole += source_.get();
      if (is_in(whole[1], kOctalDigits) && is_in(whole[2], kOctalDigits) &&
          source_.next_is_one_of(kOctalDigits)) {
        whole += source_.get();
        const std::uint32_t code = number(whole, 8);
        if (code > 0xFF) {
          source_.refuse("octal escape value " + to_utf8(whole) + " outside of range 0-0o377",
                         whole.size());
        }
        return {.kind = Kind::Literal, .code = code};
      }
    }
    const std::uint32_t group = number(whole, 10);
    if (group >= groups()) {
      source_.refuse("invalid group reference " + std::to_string(group), whole.size() - 1);
    }
    check_closed(group, whole.size());
    check_behind(group);
    return {.kind = Kind::Reference, .group = group};
  }
  if (is_ascii_letter(letter)) source_.refuse("bad escape " + to_utf8(token), token.size());
  return {.kind = Kind::Literal, .code = letter};
}

SetItem PatternParser::parse_set_item(std::u32string_view token) {
  if (token[0] != U'\\') return literal(token[0]);
  const char32_t letter = token[1];
  if (const auto code = control(letter)) return literal(*code);
  if (const auto item = category(letter)) return *item;
  if (const auto code = coded_character(token)) return literal(*code);
  if (is_in(letter, kOctalDigits)) {
    const std::u32string whole = std::u32string{token} + source_.get_while(2, kOctalDigits);
    const std::uint32_t code = number(whole, 8);
    if (code > 0xFF) {
      source_.refuse("octal escape value " + to_utf8(whole) + " outside of range 0-0o377",
                     whole.size());
    }
    return literal(code);
  }
  if (is_in(letter, kDecimal) || is_ascii_letter(letter)) {
    source_.refuse("bad escape " + to_utf8(token), token.size());
  }
  return literal(letter);
}

// Python warns of signs that may come to mean operations on sets.
void PatternParser::warn_of_set(std::u32string_view token, bool has_items) {
  if (!has_items || token.size() != 1 || source_.next() != token) return;
  const std::size_t position = source_.tell() - 1;
  switch (token[0]) {
    case U'-':
      return warn("set difference", position);
    case U'&':
      return warn("set intersection", position);
    case U'~':
      return warn("set symmetric difference", position);
    case U'|':
      return warn("set union", position);
    default:
      return;
  }
}

// After the opening bracket.
RawNode PatternParser::parse_set() {
  const std::size_t start = source_.tell() - 1;
  const auto next = [&] {
    const auto token = source_.get();
    if (token.empty()) source_.refuse("unterminated character set", source_.tell() - start);
    return token;
  };
  if (source_.next_is(U'[')) warn("nested set", source_.tell());
  RawNode node{.kind = Kind::In};
  node.is_negated = source_.match(U'^');
  auto& items = node.items;
  while (true) {
    const auto token = next();
    if (token == U"]" && !items.empty()) break;
    warn_of_set(token, !items.empty());
    const SetItem item = parse_set_item(token);
    if (!source_.match(U'-')) {
      items.push_back(item);
      continue;
    }
    const auto end = next();
    if (end == U"]") {
      items.push_back(item);
      items.push_back(literal(U'-'));
      break;
    }
    if (end == U"-") warn("set difference", source_.tell() - 2);
    const SetItem last = parse_set_item(end);
    if (item.kind != SetItem::Kind::Literal || last.kind != SetItem::Kind::Literal ||
        last.range.first < item.range.first) {
      source_.refuse("bad character range " + to_utf8(token) + "-" + to_utf8(end),
                     token.size() + 1 + end.size());
    }
    items.push_back({SetItem::Kind::Range, false, {item.range.first, last.range.first}});
  }
  // Of one character there is no set, though it was written twice.
  const bool is_one = items[0].kind == SetItem::Kind::Literal &&
                      std::all_of(items.begin(), items.end(),
                                  [&](const SetItem& item) { return item == items[0]; });
  if (!is_one) return node;
  return {.kind = node.is_negated ? Kind::NotLiteral : Kind::Literal, .code = items[0].range.first};
}

}  // namespace millrace::label::python
