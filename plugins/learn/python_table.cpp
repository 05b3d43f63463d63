#include "plugins/learn/python_table.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include <millrace/context.hpp>

#include "plugins/learn/utf8.hpp"

namespace millrace::learn {

namespace {

class TableReader {
 public:
  TableReader(std::string_view name, std::string_view text, const TableEntry& each)
      : name_{name}, text_{text}, each_{each} {}

  void read(std::size_t depth) {
    skip_head();
    demand("P");
    demand("=");
    read_dictionary(depth);
    skip_blanks();
    if (at_ != text_.size()) refuse("nothing may follow the table");
  }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + std::ptrdiff_t(at_), '\n');
    throw Failure{MR_DATA_INVALID,
                  std::string{name_} + ": line " + std::to_string(line) + ": " + std::string{why}};
  }
  void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  void skip_head() {
    for (skip_blanks(); at_ < text_.size(); skip_blanks()) {
      const auto rest = text_.substr(at_);
      if (!rest.starts_with('#') && !rest.starts_with("from __future__ import ")) return;
      at_ = std::min(text_.find('\n', at_), text_.size());
    }
  }
  bool take(std::string_view token) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void demand(std::string_view token) {
    if (!take(token)) refuse("here is to stand " + std::string{token});
  }

  void read_dictionary(std::size_t depth) {
    demand("{");
    while (!take("}")) {
      keys_.push_back(read_key());
      demand(":");
      depth > 1 ? read_dictionary(depth - 1) : each_(keys_, read_number());
      keys_.pop_back();
      if (take(",")) continue;
      demand("}");
      return;
    }
  }

  char32_t read_key() {
    demand("'");
    if (at_ == text_.size()) refuse("a key has no end");
    char32_t key = 0;
    if (text_.substr(at_).starts_with("\\u")) {
      std::uint32_t value = 0;
      const auto digits = text_.substr(at_ + 2, 4);
      const auto end = digits.data() + digits.size();
      const auto read = std::from_chars(digits.data(), end, value, 16);
      if (digits.size() != 4 || read.ec != std::errc{} || read.ptr != end)
        refuse("\\u has four hexadecimal digits");
      key = value;
      at_ += 6;
    } else {
      key = next_code_point(text_, at_);
      if (key == '\\' || key == '\'' || key < 0x20) refuse("a key is one character or \\u");
    }
    if (at_ == text_.size() || text_[at_] != '\'') refuse("a key is one character");
    ++at_;
    return key;
  }

  double read_number() {
    skip_blanks();
    double value = 0;
    const auto end = text_.data() + text_.size();
    const auto read = std::from_chars(text_.data() + at_, end, value);
    const bool is_word =  // infinity, nan
        text_.substr(at_, 2).find_first_of("iInN") != std::string_view::npos;
    if (read.ec != std::errc{} || is_word) refuse("here is to stand a number");
    at_ = static_cast<std::size_t>(read.ptr - text_.data());
    return value;
  }

  std::string_view name_, text_;
  const TableEntry& each_;
  std::size_t at_ = 0;
  std::vector<char32_t> keys_;
};

}  // namespace

void read_python_table(std::string_view name, std::string_view text, std::size_t depth,
                       const TableEntry& each) {
  if (text.size() > kMostTableBytes)
    throw Failure{MR_EXHAUSTED, std::string{name} + ": it has more than 16 MiB: " +
                                    std::to_string(text.size()) + " bytes"};
  TableReader{name, text, each}.read(depth);
}

}  // namespace millrace::learn
