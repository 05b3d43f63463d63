#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/label/python_pattern_set.hpp"

namespace millrace::label {

/// Characters as Python 3.11 sees them: Unicode 14. What came later is unassigned, though the ICU
/// of the machine may know it.
namespace python {

/// What `\w`, `\d` and `\s` match, in a Unicode or an ASCII pattern.
const CodeSet& word(bool is_ascii);
const CodeSet& digit(bool is_ascii);
const CodeSet& space(bool is_ascii);

/// The character that stands for `code` where case is ignored.
std::uint32_t lower(std::uint32_t code, bool is_ascii);
/// Whether `code` has another case.
bool is_cased(std::uint32_t code, bool is_ascii);
/// Other lower-case characters with the upper case of the lower-case `code`, as sigma and final
/// sigma: such a pair matches where case is ignored.
const CodeSet& same_upper(std::uint32_t code);
/// The characters whose upper case (the first character of it) lies in the range.
CodeSet with_upper_in(CodeRange range);
/// The characters c with lower(c) in `lowered`.
CodeSet with_lower_in(const CodeSet& lowered, bool is_ascii);

bool is_letter(std::uint32_t code);            // str.isalpha
bool is_identifier(std::u32string_view text);  // str.isidentifier
/// The value of int(text) in decimal digits without leading zeros, a minus before it; nothing where
/// int() raises ValueError.
std::optional<std::string> integer(std::u32string_view text);
/// The text in quotes as repr() writes it, in UTF-8.
std::string repr(std::u32string_view text);
/// unicodedata.lookup() of one character.
std::optional<std::uint32_t> character_by_name(std::u32string_view name);

}  // namespace python
}  // namespace millrace::label
