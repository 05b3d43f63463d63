#pragma once

#include <string>
#include <string_view>

namespace millrace::records {

/// Returns the last path segment of `url` without query, fragment and extension; bytes outside
/// [A-Za-z0-9._-] become "_"; at most 64 bytes; "image" when nothing is left.
std::string file_stem(std::string_view url);

/// Returns the first 16 hex digits of SHA-1("name" 0x1F identity 0x1F ops); `ops` is the resolved
/// chain joined by ",".
std::string name_digits(std::string_view identity, std::string_view ops);

/// Returns "<prefix>/<stem>_<digits><extension>": the address of a generated picture. `extension`
/// has its dot; a "/" at the end of the prefix is dropped.
std::string generated_url(std::string_view prefix, std::string_view root_url,
                          std::string_view identity, std::string_view ops,
                          std::string_view extension);

}  // namespace millrace::records
