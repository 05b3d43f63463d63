#include "plugins/preprocess/text_column.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <millrace/context.hpp>

namespace millrace::preprocess {
namespace {

std::variant<Column<std::string_view>, Column<std::int64_t>> read(const Batch& batch,
                                                                  const std::string& name) {
  const auto& schema = batch.schema();
  const auto found = std::find_if(schema.begin(), schema.end(),
                                  [&](const Field& field) { return field.name == name; });
  if (found != schema.end() && (found->type == Type::Int64 || found->type == Type::Int32)) {
    return batch.column<std::int64_t>(name);
  }
  return batch.column<std::string_view>(name);  // throws when there is no such column
}

// The white space of one, two and three bytes in UTF-8: Unicode's White_Space, and U+001C to
// U+001F, which Python counts by their bidirectional class.
bool is_space(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  switch (character.size()) {
    case 1:
      return (byte(0) >= 0x09 && byte(0) <= 0x0D) || (byte(0) >= 0x1C && byte(0) <= 0x20);
    case 2:
      return byte(0) == 0xC2 && (byte(1) == 0x85 || byte(1) == 0xA0);
    case 3: {
      const unsigned point = (byte(0) & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
      return point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 ||
             point == 0x2029 || point == 0x202F || point == 0x205F || point == 0x3000;
    }
    default:
      return false;
  }
}

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Bytes of the character that begins a text; 4 where it is none that could be white space.
std::size_t first_bytes(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : 4;
  if (bytes > text.size()) return 4;
  const bool is_whole =
      std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(bytes), continues);
  return is_whole || bytes == 4 ? bytes : 4;
}

}  // namespace

TextColumn::TextColumn(const Batch& batch, const std::string& name) : values_{read(batch, name)} {}

std::optional<std::string_view> TextColumn::operator[](std::int64_t row) {
  if (const auto* texts = std::get_if<Column<std::string_view>>(&values_)) return (*texts)[row];
  const auto number = std::get<Column<std::int64_t>>(values_)[row];
  if (!number) return {};
  const auto end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), *number).ptr;
  return std::string_view{digits_.data(), static_cast<std::size_t>(end - digits_.data())};
}

JoinedColumns::JoinedColumns(const Batch& batch, const std::vector<std::string>& names,
                             std::string separator)
    : separator_{std::move(separator)} {
  columns_.reserve(names.size());
  for (const auto& name : names) columns_.emplace_back(batch, name);
}

std::optional<std::string_view> JoinedColumns::operator[](std::int64_t row) {
  if (columns_.size() == 1) return columns_.front()[row];
  joined_.clear();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto text = columns_[i][row];
    if (!text) return {};
    if (i > 0) joined_.append(separator_);
    joined_.append(*text);
  }
  return joined_;
}

std::string_view strip(std::string_view text) {
  while (!text.empty()) {
    const auto bytes = first_bytes(text);
    if (bytes > 3 || !is_space(text.substr(0, bytes))) break;
    text.remove_prefix(bytes);
  }
  while (!text.empty()) {
    std::size_t bytes = 1;
    while (bytes < 3 && bytes < text.size() && continues(text[text.size() - bytes])) ++bytes;
    const auto last = text.substr(text.size() - bytes);
    if (first_bytes(last) != bytes || !is_space(last)) break;
    text.remove_suffix(bytes);
  }
  return text;
}

}  // namespace millrace::preprocess
