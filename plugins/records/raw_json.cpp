#include "plugins/records/raw_json.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

namespace millrace::records::raw {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Finds bytes eight at a time: each test marks the high bit of every byte that is equal, and may
// mark more behind the first one, which is the one that counts. See Warren, Hacker's Delight, 6-1.
constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;

constexpr std::uint64_t marks(std::uint64_t word, char byte) {
  const std::uint64_t zeros = word ^ (kOnes * static_cast<unsigned char>(byte));
  return (zeros - kOnes) & ~zeros & kHighs;
}

// Goes on from `at` to the first byte for which `is_stop` holds; `marks_of` says the same of a
// word.
template <class Marks, class Stop>
std::size_t find_stop(std::string_view text, std::size_t at, Marks marks_of, Stop is_stop) {
  if constexpr (std::endian::native == std::endian::little) {
    for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, sizeof word);
      if (const std::uint64_t found = marks_of(word))
        return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
    }
  }
  while (at < text.size() && !is_stop(text[at])) ++at;
  return at;
}

// Returns the place behind the closing quote of the string that begins at `at`.
std::size_t skip_string(std::string_view text, std::size_t at) {
  const auto marks_of = [](std::uint64_t word) { return marks(word, '"') | marks(word, '\\'); };
  const auto is_stop = [](char c) { return c == '"' || c == '\\'; };
  for (++at; at < text.size(); at += 2) {
    at = find_stop(text, at, marks_of, is_stop);
    if (at < text.size() && text[at] == '"') return at + 1;
  }
  return text.size();
}

std::size_t skip_container(std::string_view text, std::size_t at) {
  // The brackets differ from the braces in one bit.
  constexpr std::uint64_t kBit = kOnes * 0x20;
  const auto marks_of = [](std::uint64_t word) {
    return marks(word, '"') | marks(word | kBit, '{') | marks(word | kBit, '}');
  };
  const auto is_stop = [](char c) {
    return c == '"' || c == '{' || c == '[' || c == '}' || c == ']';
  };
  std::size_t depth = 0;
  while ((at = find_stop(text, at, marks_of, is_stop)) < text.size()) {
    switch (text[at]) {
      case '"':
        at = skip_string(text, at);
        break;
      case '{':
      case '[':
        ++depth;
        ++at;
        break;
      default:
        ++at;
        if (--depth == 0) return at;
    }
  }
  return text.size();
}

std::size_t skip_scalar(std::string_view text, std::size_t at) {
  while (at < text.size() && !is_blank(text[at]) && text[at] != ',' && text[at] != '}' &&
         text[at] != ']')
    ++at;
  return at;
}

// Reads four hex digits; returns -1 when they are none.
int hex4(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const char c = text[i];
    int digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&out](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | (code >> 6));
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | (code >> 12));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | (code >> 18));
    byte(0x80 | ((code >> 12) & 0x3F));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

// Appends the character of the escape whose `u` stands at `at`; returns the place behind it.
std::size_t append_unicode_escape(std::string& out, std::string_view text, std::size_t at) {
  constexpr std::uint32_t kReplacement = 0xFFFD;
  const int first = hex4(text, at + 1);
  at += 5;
  if (first < 0) {
    append_utf8(out, kReplacement);
    return at;
  }
  auto code = static_cast<std::uint32_t>(first);
  if (code >= 0xD800 && code < 0xDC00) {
    const bool has_pair = at + 1 < text.size() && text[at] == '\\' && text[at + 1] == 'u';
    const int second = has_pair ? hex4(text, at + 2) : -1;
    if (second >= 0xDC00 && second < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<std::uint32_t>(second) - 0xDC00);
      at += 6;
    } else {
      code = kReplacement;
    }
  } else if (code >= 0xDC00 && code < 0xE000) {
    code = kReplacement;
  }
  append_utf8(out, code);
  return at;
}

}  // namespace

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

std::size_t skip_value(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  switch (text[at]) {
    case '"':
      return skip_string(text, at);
    case '{':
    case '[':
      return skip_container(text, at);
    default:
      return skip_scalar(text, at);
  }
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view unquote(std::string_view quoted, std::string& scratch) {
  if (quoted.size() < 2 || quoted.front() != '"' || quoted.back() != '"') return {};
  const std::string_view inner = quoted.substr(1, quoted.size() - 2);
  std::size_t at = inner.find('\\');
  if (at == std::string_view::npos) return inner;
  scratch.assign(inner.substr(0, at));
  while (at < inner.size()) {
    if (inner[at] != '\\') {
      scratch.push_back(inner[at++]);
      continue;
    }
    if (++at >= inner.size()) break;
    switch (inner[at]) {
      case 'b':
        scratch.push_back('\b');
        break;
      case 'f':
        scratch.push_back('\f');
        break;
      case 'n':
        scratch.push_back('\n');
        break;
      case 'r':
        scratch.push_back('\r');
        break;
      case 't':
        scratch.push_back('\t');
        break;
      case 'u':
        at = append_unicode_escape(scratch, inner, at);
        continue;
      default:
        scratch.push_back(inner[at]);  // quote, backslash, slash
    }
    ++at;
  }
  return scratch;
}

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
        out.append("\\\"");
        break;
      case '\\':
        out.append("\\\\");
        break;
      case '\b':
        out.append("\\b");
        break;
      case '\f':
        out.append("\\f");
        break;
      case '\n':
        out.append("\\n");
        break;
      case '\r':
        out.append("\\r");
        break;
      case '\t':
        out.append("\\t");
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out.append("\\u00");
          out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
          out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
}

char kind(std::string_view value) {
  if (value.empty()) return '\0';
  const char c = value.front();
  return c == '-' || (c >= '0' && c <= '9') ? '0' : c;
}

Members::Members(std::string_view object) : text_{object} {
  at_ = skip_blanks(text_, 0);
  at_ = at_ < text_.size() && text_[at_] == '{' ? at_ + 1 : text_.size();
}

bool Members::next() {
  at_ = skip_blanks(text_, at_);
  if (at_ < text_.size() && text_[at_] == ',') at_ = skip_blanks(text_, at_ + 1);
  if (at_ >= text_.size() || text_[at_] != '"') return false;
  const std::size_t key_end = skip_string(text_, at_);
  key_ = text_.substr(at_, key_end - at_);
  at_ = skip_blanks(text_, key_end);
  if (at_ >= text_.size() || text_[at_] != ':') return false;
  at_ = skip_blanks(text_, at_ + 1);
  const std::size_t end = skip_value(text_, at_);
  if (end == at_) return false;
  value_ = text_.substr(at_, end - at_);
  at_ = end;
  return true;
}

bool Members::key_is(std::string_view word) const {
  if (key_.find('\\') == std::string_view::npos) {
    return key_.size() == word.size() + 2 && key_.substr(1, word.size()) == word;
  }
  std::string scratch;
  return unquote(key_, scratch) == word;
}

Elements::Elements(std::string_view array) : text_{array} {
  at_ = skip_blanks(text_, 0);
  at_ = at_ < text_.size() && text_[at_] == '[' ? at_ + 1 : text_.size();
}

bool Elements::next() {
  at_ = skip_blanks(text_, at_);
  if (at_ < text_.size() && text_[at_] == ',') at_ = skip_blanks(text_, at_ + 1);
  if (at_ >= text_.size() || text_[at_] == ']') return false;
  const std::size_t end = skip_value(text_, at_);
  if (end == at_) return false;
  value_ = text_.substr(at_, end - at_);
  at_ = end;
  return true;
}

std::string_view find_member(std::string_view object, std::string_view key) {
  std::string_view found;
  for (Members member{object}; member.next();) {
    if (member.key_is(key)) found = member.value();
  }
  return found;
}

}  // namespace millrace::records::raw
