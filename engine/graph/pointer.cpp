#include "engine/graph/pointer.hpp"

#include <fmt/format.h>

namespace millrace {

std::string node_pointer(std::size_t node) { return fmt::format("/ops/{}", node); }

std::string node_pointer(std::size_t node, std::string_view member) {
  return fmt::format("/ops/{}/{}", node, pointer_segment(member));
}

std::string node_pointer(std::size_t node, std::string_view list, std::size_t place) {
  return fmt::format("/ops/{}/{}/{}", node, pointer_segment(list), place);
}

std::string pointer_segment(std::string_view key) {
  std::string segment;
  segment.reserve(key.size());
  for (const char c : key) {
    if (c == '~') {
      segment += "~0";
    } else if (c == '/') {
      segment += "~1";
    } else {
      segment += c;
    }
  }
  return segment;
}

}  // namespace millrace
