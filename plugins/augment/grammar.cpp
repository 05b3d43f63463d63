#include "plugins/augment/grammar.hpp"

#include <algorithm>
#include <utility>

namespace millrace::augment {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_name_byte(char c) { return is_lower(c) || is_digit(c) || c == '-'; }
bool is_text_byte(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '.' || c == '-' || c == '_' ||
         c == '#' || c == '!';
}

// Recursive descent over the grammar; a group is the only recursion and its depth is limited. Ends
// by an exception that stays in this file.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_{text} {}

  std::vector<ParsedOp> whole() {
    skip_blanks();
    if (at_end())
      throw OpsFault{kOpsNotAllowed, 0, "the ops text is empty: name an operation, or noop"};
    auto ops = chain(0);
    if (!at_end()) fail("unexpected " + shown());
    return ops;
  }

  ParsedValue whole_value() {
    auto parsed = value(kMaxGroupDepth);
    if (!at_end()) fail("unexpected " + shown());
    return parsed;
  }

 private:
  std::vector<ParsedOp> chain(int depth) {
    std::vector<ParsedOp> ops;
    for (;;) {
      ops.push_back(op(depth));
      if (ops.size() > kMaxOps) {
        throw OpsFault{kOpsNotAllowed, ops.back().offset,
                       "a chain has at most " + std::to_string(kMaxOps) + " operations"};
      }
      skip_blanks();
      if (!take(';')) return ops;
      skip_blanks();
      if (at_end() || next() == ')') return ops;  // the semicolon at the end
    }
  }

  ParsedOp op(int depth) {
    ParsedOp parsed;
    parsed.offset = at_;
    parsed.name = name("an operation");
    while (take('/')) parsed.args.push_back(arg(depth));
    return parsed;
  }

  std::string name(std::string_view what) {
    if (at_end() || !is_lower(next())) fail("expected " + std::string{what} + ", found " + shown());
    const auto begin = at_;
    while (!at_end() && is_name_byte(next())) ++at_;
    return std::string{text_.substr(begin, at_ - begin)};
  }

  ParsedArg arg(int depth) {
    ParsedArg parsed;
    parsed.offset = at_;
    // A name is told from a text by the colon behind it.
    auto end = at_;
    while (end < text_.size() && is_name_byte(text_[end])) ++end;
    if (end > at_ && end < text_.size() && text_[end] == ':') {
      parsed.name = name("the name of a parameter");
      ++at_;
    }
    parsed.value = value(depth);
    return parsed;
  }

  ParsedValue value(int depth) {
    if (take('[')) return numbers();
    if (take('{')) return texts();
    if (take('(')) return group(depth);
    return {ParsedValue::Form::Text, {text()}, {}};
  }

  ParsedValue numbers() {
    ParsedValue parsed{ParsedValue::Form::Numbers, {}, {}};
    do {
      if (!parsed.texts.empty()) skip_blanks();
      parsed.texts.push_back(number());
    } while (separated(']'));
    if (parsed.texts.size() == 2) parsed.form = ParsedValue::Form::Range;
    return parsed;
  }

  ParsedValue texts() {
    ParsedValue parsed{ParsedValue::Form::Texts, {}, {}};
    do {
      if (!parsed.texts.empty()) skip_blanks();
      parsed.texts.push_back(text());
    } while (separated('}'));
    return parsed;
  }

  ParsedValue group(int depth) {
    if (depth >= kMaxGroupDepth) {
      --at_;
      fail("groups are nested more than " + std::to_string(kMaxGroupDepth) + " deep");
    }
    ParsedValue parsed{ParsedValue::Form::Group, {}, {}};
    parsed.group = chain(depth + 1);
    if (!take(')')) fail("expected \")\", found " + shown());
    return parsed;
  }

  // After an element of a list: true when another follows, false when the list is closed.
  bool separated(char closing) {
    const auto before = at_;
    skip_blanks();
    if (take(',')) return true;
    if (at_ == before && take(closing)) return false;
    fail("expected \",\" or \"" + std::string{closing} + "\", found " + shown());
  }

  std::string text() {
    const auto begin = at_;
    while (!at_end()) {
      if (is_text_byte(next())) {
        ++at_;
      } else if (next() == '%') {
        if (at_ + 2 >= text_.size() || !is_hex(text_[at_ + 1]) || !is_hex(text_[at_ + 2])) {
          fail("\"%\" must be followed by two hexadecimal digits");
        }
        at_ += 3;
      } else {
        break;
      }
    }
    if (at_ == begin) fail("expected a value, found " + shown());
    return std::string{text_.substr(begin, at_ - begin)};
  }

  // [ "-" ] ( 1*DIGIT [ "." *DIGIT ] / "." 1*DIGIT )
  std::string number() {
    const auto begin = at_;
    take('-');
    const auto whole = digits();
    const auto fraction = take('.') ? digits() : 0;
    if (whole + fraction == 0) {
      at_ = begin;
      fail("expected a number, found " + shown());
    }
    return std::string{text_.substr(begin, at_ - begin)};
  }

  std::size_t digits() {
    const auto begin = at_;
    while (!at_end() && is_digit(next())) ++at_;
    return at_ - begin;
  }

  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char next() const { return text_[at_]; }
  bool take(char wanted) {
    if (at_end() || next() != wanted) return false;
    ++at_;
    return true;
  }
  void skip_blanks() {
    while (!at_end() && is_blank(next())) ++at_;
  }
  [[nodiscard]] std::string shown() const {
    if (at_end()) return "the end";
    const char c = next();
    if (c < 0x20 || c > 0x7e) return "a byte that is not allowed";
    return "\"" + std::string{c} + "\"";
  }
  [[noreturn]] void fail(std::string message) const {
    throw OpsFault{kOpsSyntax, at_,
                   "syntax error at offset " + std::to_string(at_) + ": " + std::move(message)};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<ParsedOp> parse_ops(std::string_view text, std::vector<OpsFault>& faults) {
  try {
    return Parser{text}.whole();
  } catch (OpsFault& fault) {
    faults.push_back(std::move(fault));
    return {};
  }
}

ParsedValue parse_value(std::string_view text, std::vector<OpsFault>& faults) {
  try {
    return Parser{text}.whole_value();
  } catch (OpsFault& fault) {
    faults.push_back(std::move(fault));
    return {};
  }
}

}  // namespace millrace::augment
