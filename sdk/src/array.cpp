#include <utility>

#include <millrace/context.hpp>

#include "arrow.hpp"

namespace millrace {

std::string_view to_string(Type type) {
  switch (type) {
    case Type::Bool:
      return "bool";
    case Type::Int32:
      return "int32";
    case Type::Int64:
      return "int64";
    case Type::Float32:
      return "float32";
    case Type::Float64:
      return "float64";
    case Type::Utf8:
      return "utf8";
    case Type::Binary:
      return "binary";
    case Type::Timestamp:
      return "timestamp";
    case Type::List:
      return "list";
    case Type::Struct:
      return "struct";
  }
  return "unknown";
}

namespace detail {

const char* format_of(Type type) {
  switch (type) {
    case Type::Bool:
      return "b";
    case Type::Int32:
      return "i";
    case Type::Int64:
      return "l";
    case Type::Float32:
      return "f";
    case Type::Float64:
      return "g";
    case Type::Utf8:
      return "u";
    case Type::Binary:
      return "z";
    case Type::Timestamp:
      return "tsu:UTC";
    case Type::List:
      return "+l";
    case Type::Struct:
      return "+s";
  }
  return "";
}

std::size_t width_of(Type type) {
  switch (type) {
    case Type::Int32:
    case Type::Float32:
      return 4;
    case Type::Int64:
    case Type::Float64:
    case Type::Timestamp:
      return 8;
    default:
      return 0;
  }
}

std::int64_t buffer_count(Type type) {
  if (type == Type::Struct) return 1;
  return type == Type::Utf8 || type == Type::Binary ? 3 : 2;
}

void throw_other_type(std::string_view name, Type found, std::string_view wanted) {
  throw Failure{MR_DATA_INVALID, "column has another type: '" + std::string{name} + "' is " +
                                     std::string{to_string(found)} + ", wanted " +
                                     std::string{wanted}};
}

void throw_cannot_build(Type type) {
  throw Failure{MR_INVALID_ARGUMENT,
                "this builder cannot make a column of type " + std::string{to_string(type)}};
}

void throw_too_many_bytes() {
  throw Failure{MR_EXHAUSTED, "more than 2 GiB in one column of one batch; use smaller batches"};
}

std::shared_ptr<const Array> make_array(Type type, std::int64_t length, Buffers buffers,
                                        std::vector<std::shared_ptr<const Array>> children) {
  // The buffers live in the same block as the array; the owner of the memory is the block itself.
  struct Owning {
    Buffers buffers;
    Array array{};
  };
  const auto owning = std::make_shared<Owning>(Owning{std::move(buffers)});
  Array& array = owning->array;
  const Buffers& kept = owning->buffers;
  array.type = type;
  array.length = length;
  array.validity = kept.validity.empty() ? nullptr : kept.validity.data();
  array.values = type == Type::Bool ? kept.bits.data() : kept.values.data();
  array.bytes = kept.bytes.data();
  array.children = std::move(children);
  return {owning, &array};
}

std::shared_ptr<const Array> slice_array(const std::shared_ptr<const Array>& array,
                                         std::int64_t offset, std::int64_t length) {
  if (offset == 0 && length == array->length) return array;
  auto made = std::make_shared<Array>(*array);
  made->offset += offset;
  made->length = length;
  made->owner = array;
  return made;
}

std::shared_ptr<const Array> mask_array(const std::shared_ptr<const Array>& array,
                                        const Array& parent, std::int64_t begin) {
  if (parent.validity == nullptr) return array;
  Bitmap validity;
  validity.append_run(false, array->offset);
  for (std::int64_t row = 0; row < array->length; ++row) {
    validity.append(!array->is_null(row) && load_bit(parent.validity, begin + row));
  }
  struct Owners {
    Bitmap validity;
    std::shared_ptr<const Array> array;
  };
  auto owners = std::make_shared<Owners>(Owners{std::move(validity), array});
  auto made = std::make_shared<Array>(*array);
  made->validity = owners->validity.data();
  made->owner = std::move(owners);
  return made;
}

namespace {

std::size_t used_bytes_at(const Array& array, std::int64_t position, std::int64_t count) {
  if (count == 0) return 0;
  std::size_t bytes = array.validity != nullptr ? static_cast<std::size_t>(count + 7) / 8 : 0;
  switch (array.type) {
    case Type::Bool:
      return bytes + static_cast<std::size_t>(count + 7) / 8;
    case Type::Struct:
      for (const auto& child : array.children)
        bytes += used_bytes_at(*child, child->offset + position, count);
      return bytes;
    case Type::Utf8:
    case Type::Binary:
    case Type::List: {
      const std::int64_t first = load<std::int32_t>(array.values, position);
      const std::int64_t size = load<std::int32_t>(array.values, position + count) - first;
      bytes += (static_cast<std::size_t>(count) + 1) * sizeof(std::int32_t);
      if (array.type != Type::List) return bytes + static_cast<std::size_t>(size);
      const Array& items = *array.children[0];
      return bytes + used_bytes_at(items, items.offset + first, size);
    }
    default:
      return bytes + static_cast<std::size_t>(count) * width_of(array.type);
  }
}

}  // namespace

std::size_t used_bytes(const Array& array) {
  return used_bytes_at(array, array.offset, array.length);
}

}  // namespace detail
}  // namespace millrace
