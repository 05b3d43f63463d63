#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

#include <millrace/detail/memory.hpp>

namespace millrace::detail {

Bytes::~Bytes() { std::free(data_); }

void Bytes::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  // realloc, because large blocks then grow by remapping pages instead of copying.
  void* moved = std::realloc(data_, capacity);
  if (moved == nullptr) throw std::bad_alloc{};
  data_ = static_cast<char*>(moved);
  capacity_ = capacity;
}

void Bytes::grow(std::size_t count) {
  if (count > SIZE_MAX / 2 - size_) throw std::bad_alloc{};
  reserve(std::max({size_ + count, capacity_ * 2, std::size_t{64}}));
}

std::int64_t count_ones(const char* bits, std::int64_t begin, std::int64_t count) {
  std::int64_t ones = 0;
  std::int64_t index = begin;
  const std::int64_t end = begin + count;
  for (; index < end && (index & 7) != 0; ++index) ones += load_bit(bits, index);
  for (; end - index >= 64; index += 64) {
    std::uint64_t word;
    std::memcpy(&word, bits + (index >> 3), sizeof word);
    ones += std::popcount(word);
  }
  for (; index < end; ++index) ones += load_bit(bits, index);
  return ones;
}

void Bitmap::append_run(bool value, std::int64_t count) {
  for (; count > 0 && (size_ & 7) != 0; --count) append(value);
  if (count <= 0) return;
  const auto bytes = static_cast<std::size_t>(count + 7) / 8;
  char* added = bytes_.extend(bytes);
  std::memset(added, value ? 0xFF : 0, bytes);
  if (value && (count & 7) != 0) {
    added[bytes - 1] = static_cast<char>((1U << (count & 7)) - 1U);
  }
  size_ += count;
}

void Bitmap::append_bits(const char* bits, std::int64_t begin, std::int64_t count) {
  for (; count > 0 && (size_ & 7) != 0; --count) append(load_bit(bits, begin++));
  if (count <= 0) return;
  const auto bytes = static_cast<std::size_t>(count + 7) / 8;
  const auto shift = static_cast<unsigned>(begin & 7);
  const char* from = bits + (begin >> 3);
  char* to = bytes_.extend(bytes);
  if (shift == 0) {
    std::memcpy(to, from, bytes);
  } else {
    // The source has one byte more than the copy only when the bits of the last byte reach into it.
    const auto source_bytes = (shift + static_cast<std::size_t>(count) + 7) / 8;
    for (std::size_t i = 0; i < bytes; ++i) {
      const unsigned low = static_cast<unsigned char>(from[i]);
      const unsigned high = i + 1 < source_bytes ? static_cast<unsigned char>(from[i + 1]) : 0U;
      to[i] = static_cast<char>((low >> shift) | (high << (8 - shift)));
    }
  }
  if ((count & 7) != 0) {
    to[bytes - 1] =
        static_cast<char>(static_cast<unsigned char>(to[bytes - 1]) & ((1U << (count & 7)) - 1U));
  }
  size_ += count;
}

}  // namespace millrace::detail
