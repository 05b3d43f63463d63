#include <charconv>
#include <cstring>
#include <utility>

#include <millrace/context.hpp>
#include <millrace/row_codec.hpp>

#include "arrow.hpp"

// A value is one byte, 0 for null; else the value behind it: a byte of bool, a number as it lies in
// memory, a length (32 bits) and as many bytes or items, or the members of a struct.

namespace millrace {

namespace {

using detail::load;

[[noreturn]] void broken() { throw Failure{MR_DATA_INVALID, "a row on the disk is not readable"}; }

void append_size(std::string& out, std::int64_t size) {
  const auto small = static_cast<std::uint32_t>(size);
  out.append(reinterpret_cast<const char*>(&small), sizeof small);
}

void append_value(std::string& out, const Array& array, std::int64_t position) {
  const bool is_null = array.validity != nullptr && !detail::load_bit(array.validity, position);
  out.push_back(is_null ? '\0' : '\1');
  if (is_null) return;
  switch (array.type) {
    case Type::Bool:
      out.push_back(detail::load_bit(array.values, position) ? '\1' : '\0');
      return;
    case Type::Utf8:
    case Type::Binary: {
      const auto text = detail::load_value<std::string_view>(array, position);
      append_size(out, static_cast<std::int64_t>(text.size()));
      out.append(text);
      return;
    }
    case Type::List: {
      const std::int64_t first = load<std::int32_t>(array.values, position);
      const std::int64_t last = load<std::int32_t>(array.values, position + 1);
      const Array& items = *array.children[0];
      append_size(out, last - first);
      for (auto item = first; item < last; ++item) append_value(out, items, items.offset + item);
      return;
    }
    case Type::Struct:
      for (const auto& child : array.children) append_value(out, *child, child->offset + position);
      return;
    default: {
      const auto width = detail::width_of(array.type);
      out.append(array.values + position * static_cast<std::int64_t>(width), width);
    }
  }
}

// Takes bytes off the front.
std::string_view take_bytes(std::string_view& bytes, std::size_t count) {
  if (count > bytes.size()) broken();
  const auto taken = bytes.substr(0, count);
  bytes.remove_prefix(count);
  return taken;
}

std::uint32_t take_size(std::string_view& bytes) {
  std::uint32_t size = 0;
  std::memcpy(&size, take_bytes(bytes, sizeof size).data(), sizeof size);
  return size;
}

}  // namespace

RowEncoder::RowEncoder(const Batch& batch) {
  for (const auto& field : batch.schema()) columns_.push_back(batch.find(field.name));
}

void RowEncoder::append(std::string& out, std::int64_t row) const {
  for (const auto& column : columns_) append_value(out, *column, column->offset + row);
}

/// One column that grows by values.
class RowDecoder::Column {
 public:
  explicit Column(const Field& field) : type_{field.type}, width_{detail::width_of(field.type)} {
    for (const auto& child : field.children) children_.emplace_back(child);
    begin();
  }

  void append_null() {
    append_validity(false);
    if (type_ == Type::Bool) {
      buffers_.bits.append(false);
    } else if (type_ == Type::Struct) {
      for (auto& child : children_) child.append_null();
    } else if (has_offsets()) {
      buffers_.values.append_value(load<std::int32_t>(buffers_.values.data(), length_));
    } else {
      buffers_.values.append_zeros(width_);
    }
    ++length_;
  }

  void append(std::string_view& bytes) {
    if (take_bytes(bytes, 1)[0] == '\0') return append_null();
    append_validity(true);
    switch (type_) {
      case Type::Bool:
        buffers_.bits.append(take_bytes(bytes, 1)[0] != '\0');
        break;
      case Type::Utf8:
      case Type::Binary: {
        const auto text = take_bytes(bytes, take_size(bytes));
        buffers_.bytes.append(text.data(), text.size());
        append_offset(text.size());
        break;
      }
      case Type::List: {
        const auto count = take_size(bytes);
        for (std::uint32_t i = 0; i < count; ++i) children_[0].append(bytes);
        append_offset(count);
        break;
      }
      case Type::Struct:
        for (auto& child : children_) child.append(bytes);
        break;
      default: {
        const auto number = take_bytes(bytes, width_);
        buffers_.values.append(number.data(), number.size());
      }
    }
    ++length_;
  }

  [[nodiscard]] std::shared_ptr<const Array> take_array() {
    detail::Columns children;
    for (auto& child : children_) children.push_back(child.take_array());
    auto made =
        detail::make_array(type_, length_, std::exchange(buffers_, {}), std::move(children));
    begin();
    return made;
  }

 private:
  [[nodiscard]] bool has_offsets() const {
    return type_ == Type::Utf8 || type_ == Type::Binary || type_ == Type::List;
  }
  void begin() {
    length_ = 0;
    if (has_offsets()) buffers_.values.append_value(std::int32_t{0});
  }
  void append_validity(bool is_valid) {
    if (buffers_.validity.empty()) {
      if (is_valid) return;
      buffers_.validity.append_run(true, length_);
    }
    buffers_.validity.append(is_valid);
  }
  void append_offset(std::size_t more) {
    const auto end =
        load<std::int32_t>(buffers_.values.data(), length_) + static_cast<std::int64_t>(more);
    if (end > detail::kMaxColumnBytes) detail::throw_too_many_bytes();
    buffers_.values.append_value(static_cast<std::int32_t>(end));
  }

  Type type_;
  std::size_t width_;
  std::int64_t length_ = 0;
  detail::Buffers buffers_;
  std::vector<Column> children_;
};

RowDecoder::RowDecoder(Schema schema) : schema_{std::make_shared<Schema>(std::move(schema))} {
  for (const auto& field : *schema_) columns_.emplace_back(field);
  is_set_.resize(columns_.size());
}
RowDecoder::~RowDecoder() = default;
RowDecoder::RowDecoder(RowDecoder&&) noexcept = default;
RowDecoder& RowDecoder::operator=(RowDecoder&&) noexcept = default;

void RowDecoder::add(std::string_view bytes, std::span<const std::size_t> places) {
  is_set_.assign(columns_.size(), false);
  for (const auto place : places) {
    columns_.at(place).append(bytes);
    is_set_[place] = true;
  }
  if (!bytes.empty()) broken();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!is_set_[i]) columns_[i].append_null();
  }
  ++rows_;
}

Batch RowDecoder::take() {
  detail::Columns columns;
  for (auto& column : columns_) columns.push_back(column.take_array());
  return Batch::assemble(schema_, std::move(columns), std::exchange(rows_, 0));
}

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

void append_hex(std::string& out, std::uint32_t number) {
  for (int shift = 28; shift >= 0; shift -= 4) out.push_back(kDigits[(number >> shift) & 15]);
}

void append_fields(std::string& out, const Schema& fields) {
  append_hex(out, static_cast<std::uint32_t>(fields.size()));
  for (const auto& field : fields) {
    append_hex(out, static_cast<std::uint32_t>(field.type));
    append_hex(out, static_cast<std::uint32_t>(field.name.size()));
    for (const char c : field.name) {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
    append_fields(out, field.children);
  }
}

std::uint32_t take_hex(std::string_view& text, std::size_t digits) {
  std::uint32_t number = 0;
  const auto taken = take_bytes(text, digits);
  const auto end = taken.data() + taken.size();
  const auto read = std::from_chars(taken.data(), end, number, 16);
  if (read.ec != std::errc{} || read.ptr != end) broken();
  return number;
}

Schema take_fields(std::string_view& text, int depth) {
  constexpr std::size_t kNumber = 8;
  const auto count = take_hex(text, kNumber);
  if (depth > detail::kMaxDepth || count > text.size()) broken();
  Schema fields;
  for (std::uint32_t i = 0; i < count; ++i) {
    Field field;
    const auto type = take_hex(text, kNumber);
    if (type > static_cast<std::uint32_t>(Type::Struct)) broken();
    field.type = static_cast<Type>(type);
    const auto size = take_hex(text, kNumber);
    if (size > text.size() / 2) broken();
    for (std::uint32_t c = 0; c < size; ++c) field.name += static_cast<char>(take_hex(text, 2));
    field.children = take_fields(text, depth + 1);
    if (field.type == Type::List && field.children.size() != 1) broken();
    fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace

std::string schema_text(const Schema& schema) {
  std::string text;
  append_fields(text, schema);
  return text;
}

Schema read_schema_text(std::string_view text) {
  auto schema = take_fields(text, 0);
  if (!text.empty()) broken();
  return schema;
}

}  // namespace millrace
