#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace {

/// Why bytes are no JSON to Python: what json.JSONDecodeError says (CPython 3.9, json/decoder.py
/// and _json.c). Places count code points of `document`.
struct PythonJsonError {
  std::string text;        // msg, "Expecting value"; empty: they are no text, or over a limit
  std::string document{};  // doc, the bytes as UTF-8
  std::size_t position = 0, line = 1, column = 1;  // pos from 0 on, lineno, colno
  std::string reason{};                            // where `text` is empty: for a log
};

/// Reads JSON as CPython's json.loads() reads bytes: UTF-8 with or without a byte order mark,
/// UTF-16 and UTF-32; NaN, Infinity and -Infinity are numbers, and one that is too large is
/// infinite; of a name that stands twice the last value counts, at the first one's place. What has
/// no place in a Json is refused: half of a surrogate pair, an integer of more than 64 bits. A
/// member of the outermost object whose name is among `as_text` is checked and stays the text that
/// it is, a string here, so that one value of the limit is enough for it.
Result<Json, PythonJsonError> parse_python_json(std::string_view bytes, const JsonLimits& limits,
                                                const std::vector<std::string>& as_text = {});

/// Returns bytes as the UTF-8 that json.loads() takes them for; DataInvalid where they are no text.
Result<std::string> python_json_text(std::string bytes);

}  // namespace millrace
