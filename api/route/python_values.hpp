#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::api {

// What CPython makes of values. Digits and blanks are those of Unicode.

/// Returns what int(text) is; nothing where it is an error, or has more than 64 bits.
std::optional<std::int64_t> python_int(std::string_view text);

/// Returns what float(text) is; nothing where it is an error.
std::optional<double> python_float(std::string_view text);

/// Returns the whole part of a number; nothing for one that int() refuses, or of more than 64 bits.
std::optional<std::int64_t> python_int(double number);

/// Returns str(number): "1.0", "1e+16", "nan".
std::string python_str(double number);

/// Returns the text with each decimal digit as that of ASCII, as \d takes it.
std::string with_ascii_digits(std::string_view text);

}  // namespace millrace::api
