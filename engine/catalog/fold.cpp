#include "engine/catalog/fold.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include <utf8proc.h>

namespace millrace {

std::string fold_case(std::string_view text) {
  const bool is_ascii =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
  if (is_ascii) {
    std::string folded{text};
    for (char& c : folded) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return folded;
  }
  utf8proc_uint8_t* made = nullptr;
  constexpr auto kOptions = static_cast<utf8proc_option_t>(
      UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                 static_cast<utf8proc_ssize_t>(text.size()), &made, kOptions);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> held{made, &std::free};
  if (size < 0) return std::string{text};
  return {reinterpret_cast<const char*>(made), static_cast<std::size_t>(size)};
}

}  // namespace millrace
