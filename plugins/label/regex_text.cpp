#include "plugins/label/regex_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "plugins/label/python_pattern_source.hpp"
#include "plugins/label/python_pattern_unicode.hpp"

namespace millrace::label {

namespace regex_text {
namespace {

constexpr CodeRange kSurrogates{0xD800, 0xDFFF};

void append_code(std::string& text, std::uint32_t code) {
  const bool is_word = (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
                       (code >= 'A' && code <= 'Z') || code == '_';
  if (is_word) {
    text += static_cast<char>(code);
  } else if (code > 0xA0) {
    const auto character = static_cast<char32_t>(code);
    text += python::to_utf8({&character, 1});
  } else {
    std::array<char, 8> escape{};
    std::snprintf(escape.data(), escape.size(), "\\x{%x}", code);
    text += escape.data();
  }
}

void append_ranges(std::string& text, const CodeSet& set) {
  for (const auto& range : set.ranges()) {
    append_code(text, range.first);
    if (range.last == range.first) continue;
    if (range.last > range.first + 1) text += '-';
    append_code(text, range.last);
  }
}

struct Property {
  const CodeSet& set;
  std::string_view name;
};

// The ranges of what is left when properties are taken out, with their names before.
void append_with_properties(std::string& text, CodeSet set) {
  const std::array properties{Property{python::word(false), "\\p{L}\\p{N}_"},
                              Property{python::digit(false), "\\p{Nd}"}};
  for (const auto& property : properties) {
    if (!set.has_all(property.set)) continue;
    text += property.name;
    set = set.without(property.set);
    break;
  }
  append_ranges(text, set);
}

}  // namespace

void append_character(std::string& text, std::uint32_t code) {
  if (code >= kSurrogates.first && code <= kSurrogates.last) {
    append_set(text, {}, false);  // no UTF-8 text has it
  } else {
    append_code(text, code);
  }
}

void append_set(std::string& text, const CodeSet& set, bool has_properties) {
  const CodeSet surrogates{{kSurrogates}};
  const CodeSet inside = set.without(surrogates);
  const CodeSet outside = set.with(surrogates).complement();
  if (outside.empty()) {
    text += '.';
    return;
  }
  if (inside.empty()) {
    text += "[^\\x{0}-\\x{10ffff}]";
    return;
  }
  // The shorter of both ways to say it.
  const auto written = [&](const CodeSet& side, std::string_view begin) {
    std::string whole{begin};
    has_properties ? append_with_properties(whole, side) : append_ranges(whole, side);
    return whole += ']';
  };
  const std::string directly = written(inside, "[");
  const std::string by_others = written(outside, "[^");
  text += by_others.size() < directly.size() ? by_others : directly;
}

void append_counts(std::string& text, std::uint32_t least, std::uint32_t most) {
  const bool is_endless = most == PatternNode::kNoMost;
  if (is_endless && least <= 1) {
    text += least == 0 ? '*' : '+';
  } else if (least == 0 && most == 1) {
    text += '?';
  } else {
    text += '{' + std::to_string(least);
    if (is_endless) {
      text += ',';
    } else if (most != least) {
      text += ',' + std::to_string(most);
    }
    text += '}';
  }
}

}  // namespace regex_text
}  // namespace millrace::label
