#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace {

/// Returns the JSON pointer (RFC 6901) of a node, or of something below it: "/ops/3",
/// "/ops/3/preOps/1".
std::string node_pointer(std::size_t node);
std::string node_pointer(std::size_t node, std::string_view member);
std::string node_pointer(std::size_t node, std::string_view list, std::size_t place);

/// Returns a key as a segment of a JSON pointer: "~" and "/" are escaped.
std::string pointer_segment(std::string_view key);

}  // namespace millrace
