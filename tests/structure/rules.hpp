#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace::test {

/// Returns what is wrong with the includes of one source file: "engine/a.cpp:3 includes api/b.hpp:
/// engine must not ...". `path` is relative to the project; files outside the folders that have
/// rules are free.
std::vector<std::string> include_violations(std::string_view path, std::string_view text);

/// Returns which headers of api/ and engine/ include a library whose headers take seconds: only
/// those may that stand for it, so that whoever includes another one does not pay.
std::vector<std::string> heavy_header_violations(std::string_view path, std::string_view text);

/// Returns what is wrong with how a file of api/ handles the JSON that clients send: it is read in
/// one place, which sets limits, and no object grows by operator[] under names that are not written
/// in the source, since each such step walks through all members.
std::vector<std::string> json_violations(std::string_view path, std::string_view text);

/// Returns where a file of api/ loses a type or finds it out again, instead of holding what it has
/// as what it is: casts of pointers and void*, a Refusal in a variant in place of a Result, texts
/// of routes in static lists, parameters that are declared and not checked.
std::vector<std::string> type_violations(std::string_view path, std::string_view text);

/// Whether a source file makes files or folders by itself, and not through a Disk or the functions
/// of engine/base/private_files.hpp, which say who may read them.
bool makes_files(std::string_view text);

/// Returns how many lines a file may have, 0 where there is no limit.
int line_limit(std::string_view path);

}  // namespace millrace::test
