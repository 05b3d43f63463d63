#include "plugins/records/value_text.hpp"

#include <array>
#include <charconv>

#include "plugins/records/raw_json.hpp"

namespace millrace::records {

void append_value(std::string& out, const Value& value) {
  switch (value.kind()) {
    case MR_BOOL:
      out += value.boolean() ? "true" : "false";
      break;
    case MR_INTEGER:
      out += std::to_string(value.integer());
      break;
    case MR_NUMBER: {
      std::array<char, 32> digits{};
      const auto end =
          std::to_chars(digits.data(), digits.data() + digits.size(), value.number()).ptr;
      out.append(digits.data(), end);
      // "-0" would be read again as the integer 0, which has no sign.
      if (value.number() == 0 && digits[0] == '-') out += ".0";
      break;
    }
    case MR_STRING:
      raw::append_quoted(out, value.string());
      break;
    case MR_ARRAY:
      out += '[';
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (i > 0) out += ',';
        append_value(out, value.at(i));
      }
      out += ']';
      break;
    case MR_OBJECT:
      out += '{';
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (i > 0) out += ',';
        raw::append_quoted(out, value.key(i));
        out += ':';
        append_value(out, value.at(i));
      }
      out += '}';
      break;
    default:
      out += "null";
  }
}

}  // namespace millrace::records
