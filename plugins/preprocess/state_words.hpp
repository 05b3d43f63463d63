#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// A state as words with blanks between: numbers, and texts as hexadecimal digits behind an "x", so
/// that any bytes are kept. What is read and is no such word is a Failure with DataInvalid.
namespace millrace::preprocess {

void append_word(std::string& state, std::int64_t number);
void append_word(std::string& state, std::string_view text);
/// Take a word off the front.
[[nodiscard]] std::int64_t take_number(std::string_view& state);
[[nodiscard]] std::string take_text(std::string_view& state);

}  // namespace millrace::preprocess
