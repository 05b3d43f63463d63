#include "engine/plugin/text.hpp"

#include <algorithm>

#include "engine/base/utf8.hpp"

namespace millrace {

std::size_t utf8_prefix(std::string_view text) {
  std::size_t place = 0;
  while (place < text.size()) {
    const auto length = utf8_length(text.substr(place));
    if (length == 0) break;
    place += length;
  }
  return place;
}

std::string clean_utf8(std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const auto good = utf8_prefix(text);
    clean.append(text.substr(0, good));
    text.remove_prefix(good);
    if (text.empty()) break;
    clean.append(kReplacement);
    text.remove_prefix(1);
  }
  return clean;
}

}  // namespace millrace
