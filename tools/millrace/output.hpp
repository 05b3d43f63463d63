#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/base/json.hpp"
#include "engine/plugin/fault.hpp"

namespace millrace::tool {

/// Data goes to stdout, talk to stderr.

/// Writes text to stdout; a reader that has gone away (EPIPE) ends the program quietly.
void print(std::string_view text);
/// Writes one JSON document to stdout, with a line feed at its end. `indent` as in Json::dump().
void print_json(const Json& json, int indent = 2);
/// Writes "millrace: text" to stderr.
void complain(std::string_view text);

/// Tells of an error, on stderr, or as {"error": {...}} on stdout with `json`; returns the exit
/// code that fits.
int report(const Error& error, bool json);
/// Tells of the faults of a pipeline, each with its place in `file`; returns the exit code.
int report(const std::vector<Fault>& faults, std::string_view file, bool json);

/// Returns how many characters fit on a line of stdout: those of the terminal, else 80.
std::size_t output_width();

/// Rows of text as columns of equal width, without trailing blanks. The first row is the head. What
/// does not fit into `width` goes on in the next line of its column.
std::string table(const std::vector<std::vector<std::string>>& rows,
                  std::size_t width = output_width());

/// 12345678 as "12,345,678".
std::string grouped(std::int64_t number);
/// Seconds as "0:42", "3:05" or "1:02:03".
std::string clock_text(double seconds);

}  // namespace millrace::tool
