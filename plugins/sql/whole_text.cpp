#include "plugins/sql/whole_text.hpp"

#include <algorithm>
#include <simdjson.h>
#include <utility>

namespace millrace::sql_operators {

namespace {

bool is_whole(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// The bytes of the character that begins a text: 0 where none does.
std::size_t first_character(std::string_view text) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(text.size(), 4); ++size) {
    if (is_whole(text.substr(0, size))) return size;
  }
  return 0;
}

std::string mended(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = first_character(text);
    out += size == 0 ? "\xEF\xBF\xBD" : text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

}  // namespace

std::int64_t mend_texts(sql::Column& column) {
  // Bytes that are whole together are whole text by text, where no text begins amid a character.
  const auto begins_amid = [&](std::int32_t offset) {
    const auto place = static_cast<std::size_t>(offset);
    return place < column.bytes.size() && continues_character(column.bytes[place]);
  };
  if (is_whole(column.bytes) &&
      std::none_of(column.offsets.begin(), column.offsets.end(), begins_amid))
    return 0;
  std::int64_t changed = 0;
  sql::Column whole{column.name, column.type};
  for (std::int64_t row = 0; row < column.rows; ++row) {
    const std::string_view text = column.text(row);
    if (column.is_null(row)) {
      whole.append_null();
    } else if (is_whole(text)) {
      whole.append(text);
    } else {
      whole.append(std::string_view{mended(text)});
      ++changed;
    }
  }
  column = std::move(whole);
  return changed;
}

}  // namespace millrace::sql_operators
