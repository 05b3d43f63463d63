#include "plugins/records/float_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace millrace::records {

void append_float(std::string& out, double value) {
  std::array<char, 512> buffer;
  // Fixed from 1e-4 to below 1e16, as float_repr_style 'r' of CPython's PyOS_double_to_string.
  const double size = std::abs(value);
  const bool is_fixed = size == 0 || (size >= 1e-4 && size < 1e16);
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                    is_fixed ? std::chars_format::fixed : std::chars_format::scientific)
          .ptr;
  const std::string_view text{buffer.data(), static_cast<std::size_t>(end - buffer.data())};
  out += text;
  if (is_fixed && text.find('.') == std::string_view::npos) out += ".0";
}

}  // namespace millrace::records
