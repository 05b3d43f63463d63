// Rows copied from columns into new columns: what take() and concat() are made of.
#include <algorithm>
#include <cstring>
#include <utility>

#include "arrow.hpp"

namespace millrace::detail {

namespace {

template <class T>
void gather_numbers(Bytes& to, const char* from, std::span<const std::int64_t> rows,
                    std::int64_t base) {
  char* out = to.extend(rows.size() * sizeof(T));
  const char* first = from + base * static_cast<std::int64_t>(sizeof(T));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const T value = load<T>(first, rows[i]);
    std::memcpy(out + i * sizeof(T), &value, sizeof(T));
  }
}

bool has_offsets(Type type) {
  return type == Type::Utf8 || type == Type::Binary || type == Type::List;
}

void check_offset(std::int64_t offset) {
  if (offset > kMaxColumnBytes) throw_too_many_bytes();
}

}  // namespace

ColumnWriter::ColumnWriter(const Field& field) : type_{field.type}, width_{width_of(field.type)} {
  if (has_offsets(type_)) buffers_.values.append_value(std::int32_t{0});
  children_.reserve(field.children.size());
  for (const auto& child : field.children) children_.emplace_back(child);
}

void ColumnWriter::reserve(std::int64_t rows, std::int64_t bytes) {
  const auto count = static_cast<std::size_t>(rows);
  if (type_ == Type::Bool) buffers_.bits.reserve(rows);
  if (has_offsets(type_)) buffers_.values.reserve((count + 1) * sizeof(std::int32_t));
  if (width_ != 0) buffers_.values.reserve(count * width_);
  if (type_ == Type::Utf8 || type_ == Type::Binary)
    buffers_.bytes.reserve(static_cast<std::size_t>(bytes));
}

std::int64_t ColumnWriter::last_offset() const {
  return load<std::int32_t>(buffers_.values.data(), length_);
}

void ColumnWriter::append_validity(const Array& from, std::int64_t begin, std::int64_t count) {
  if (from.validity == nullptr) {
    if (!buffers_.validity.empty()) buffers_.validity.append_run(true, count);
    return;
  }
  if (buffers_.validity.empty()) buffers_.validity.append_run(true, length_);
  buffers_.validity.append_bits(from.validity, begin, count);
}

void ColumnWriter::gather_validity(const Array& from, std::span<const std::int64_t> rows,
                                   std::int64_t base) {
  if (from.validity == nullptr) {
    if (!buffers_.validity.empty()) buffers_.validity.append_run(true, std::ssize(rows));
    return;
  }
  if (buffers_.validity.empty()) buffers_.validity.append_run(true, length_);
  for (const auto row : rows) buffers_.validity.append(load_bit(from.validity, base + row));
}

void ColumnWriter::append_offsets(const Array& from, std::int64_t begin, std::int64_t count) {
  const std::int64_t first = load<std::int32_t>(from.values, begin);
  const std::int64_t last = load<std::int32_t>(from.values, begin + count);
  const std::int64_t shift = last_offset() - first;
  check_offset(last + shift);
  char* out = buffers_.values.extend(static_cast<std::size_t>(count) * sizeof(std::int32_t));
  const char* offsets = from.values + (begin + 1) * static_cast<std::int64_t>(sizeof(std::int32_t));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<std::int32_t>(load<std::int32_t>(offsets, i) + shift);
    std::memcpy(out + i * static_cast<std::int64_t>(sizeof value), &value, sizeof value);
  }
  if (type_ == Type::List) {
    const Array& items = *from.children[0];
    children_[0].append(items, items.offset + first, last - first);
  } else if (last > first) {
    buffers_.bytes.append(from.bytes + first, static_cast<std::size_t>(last - first));
  }
}

void ColumnWriter::append(const Array& from, std::int64_t begin, std::int64_t count) {
  if (count == 0) return;
  append_validity(from, begin, count);
  if (type_ == Type::Bool) {
    buffers_.bits.append_bits(from.values, begin, count);
  } else if (type_ == Type::Struct) {
    for (std::size_t i = 0; i < children_.size(); ++i) {
      const Array& child = *from.children[i];
      children_[i].append(child, child.offset + begin, count);
    }
  } else if (has_offsets(type_)) {
    append_offsets(from, begin, count);
  } else {
    buffers_.values.append(from.values + begin * static_cast<std::int64_t>(width_),
                           static_cast<std::size_t>(count) * width_);
  }
  length_ += count;
}

void ColumnWriter::append_nulls(std::int64_t count) {
  if (count == 0) return;
  if (buffers_.validity.empty()) buffers_.validity.append_run(true, length_);
  buffers_.validity.append_run(false, count);
  if (type_ == Type::Bool) {
    buffers_.bits.append_run(false, count);
  } else if (type_ == Type::Struct) {
    for (auto& child : children_) child.append_nulls(count);
  } else if (has_offsets(type_)) {
    const auto last = static_cast<std::int32_t>(last_offset());
    for (std::int64_t i = 0; i < count; ++i) buffers_.values.append_value(last);
  } else {
    buffers_.values.append_zeros(static_cast<std::size_t>(count) * width_);
  }
  length_ += count;
}

void ColumnWriter::gather_texts(const Array& from, std::span<const std::int64_t> rows,
                                std::int64_t base) {
  const std::int64_t begin = last_offset();
  char* offsets = buffers_.values.extend(rows.size() * sizeof(std::int32_t));
  std::int64_t end = begin;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t position = base + rows[i];
    end +=
        load<std::int32_t>(from.values, position + 1) - load<std::int32_t>(from.values, position);
    check_offset(end);
    const auto value = static_cast<std::int32_t>(end);
    std::memcpy(offsets + i * sizeof value, &value, sizeof value);
  }
  if (end == begin) return;
  char* out = buffers_.bytes.extend(static_cast<std::size_t>(end - begin));
  // Rows that follow each other are copied at once.
  std::int64_t run_begin = 0;
  std::int64_t run_end = 0;
  const auto flush = [&] {
    const auto size = static_cast<std::size_t>(run_end - run_begin);
    if (size != 0) std::memcpy(out, from.bytes + run_begin, size);
    out += size;
  };
  for (const auto row : rows) {
    const std::int64_t text_begin = load<std::int32_t>(from.values, base + row);
    const std::int64_t text_end = load<std::int32_t>(from.values, base + row + 1);
    if (text_begin != run_end) {
      flush();
      run_begin = text_begin;
    }
    run_end = text_end;
  }
  flush();
}

void ColumnWriter::gather_lists(const Array& from, std::span<const std::int64_t> rows,
                                std::int64_t base) {
  std::int64_t end = last_offset();
  std::vector<std::int64_t> items;
  for (const auto row : rows) {
    const std::int64_t first = load<std::int32_t>(from.values, base + row);
    const std::int64_t last = load<std::int32_t>(from.values, base + row + 1);
    end += last - first;
    check_offset(end);
    buffers_.values.append_value(static_cast<std::int32_t>(end));
    for (std::int64_t item = first; item < last; ++item) items.push_back(item);
  }
  children_[0].gather(*from.children[0], items, from.children[0]->offset);
}

void ColumnWriter::gather(const Array& from, std::span<const std::int64_t> rows,
                          std::int64_t base) {
  if (rows.empty()) return;
  gather_validity(from, rows, base);
  switch (type_) {
    case Type::Bool:
      buffers_.bits.reserve(length_ + std::ssize(rows));
      for (const auto row : rows) buffers_.bits.append(load_bit(from.values, base + row));
      break;
    case Type::Utf8:
    case Type::Binary:
      gather_texts(from, rows, base);
      break;
    case Type::List:
      gather_lists(from, rows, base);
      break;
    case Type::Struct:
      for (std::size_t i = 0; i < children_.size(); ++i) {
        children_[i].gather(*from.children[i], rows, from.children[i]->offset + base);
      }
      break;
    default:
      if (width_ == 4) {
        gather_numbers<std::uint32_t>(buffers_.values, from.values, rows, base);
      } else {
        gather_numbers<std::uint64_t>(buffers_.values, from.values, rows, base);
      }
  }
  length_ += std::ssize(rows);
}

std::shared_ptr<const Array> ColumnWriter::finish() {
  Columns children;
  children.reserve(children_.size());
  for (auto& child : children_) children.push_back(child.finish());
  return make_array(type_, length_, std::move(buffers_), std::move(children));
}

}  // namespace millrace::detail
