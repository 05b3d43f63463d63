#include "plugins/preprocess/state_words.hpp"

#include <charconv>

#include <millrace/context.hpp>

namespace millrace::preprocess {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

[[noreturn]] void unreadable() {
  throw Failure{MR_DATA_INVALID, "the checkpoint of a node is not readable"};
}

std::string_view take_word(std::string_view& state) {
  if (!state.starts_with(' ')) unreadable();
  state.remove_prefix(1);
  const auto word = state.substr(0, state.find(' '));
  state.remove_prefix(word.size());
  return word;
}

}  // namespace

void append_word(std::string& state, std::int64_t number) {
  state.append(" ").append(std::to_string(number));
}

void append_word(std::string& state, std::string_view text) {
  state.append(" x");
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    state.push_back(kHexDigits[byte >> 4]);
    state.push_back(kHexDigits[byte & 15]);
  }
}

std::int64_t take_number(std::string_view& state) {
  const auto word = take_word(state);
  std::int64_t number = 0;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
  if (read.ec != std::errc{} || read.ptr != word.data() + word.size()) unreadable();
  return number;
}

std::string take_text(std::string_view& state) {
  auto word = take_word(state);
  if (!word.starts_with('x') || word.size() % 2 == 0) unreadable();
  std::string text;
  for (word.remove_prefix(1); !word.empty(); word.remove_prefix(2)) {
    const auto high = kHexDigits.find(word[0]), low = kHexDigits.find(word[1]);
    if (high == std::string_view::npos || low == std::string_view::npos) unreadable();
    text.push_back(static_cast<char>(high << 4 | low));
  }
  return text;
}

}  // namespace millrace::preprocess
