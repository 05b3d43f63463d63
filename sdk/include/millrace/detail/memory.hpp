#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace millrace::detail {

/// A growable buffer whose new bytes are not initialised: a column is written once, by memcpy or
/// row by row.
class Bytes {
 public:
  Bytes() = default;
  Bytes(Bytes&& other) noexcept
      : data_{std::exchange(other.data_, nullptr)},
        size_{std::exchange(other.size_, 0)},
        capacity_{std::exchange(other.capacity_, 0)} {}
  Bytes& operator=(Bytes&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~Bytes();

  [[nodiscard]] char* data() { return data_; }
  [[nodiscard]] const char* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  /// Makes room for `capacity` bytes in all. Throws std::bad_alloc.
  void reserve(std::size_t capacity);
  /// Adds `count` bytes of no particular value and returns where they begin.
  char* extend(std::size_t count) {
    if (count > capacity_ - size_) grow(count);
    char* added = data_ + size_;
    size_ += count;
    return added;
  }
  void append(const void* from, std::size_t count) {
    if (count != 0) std::memcpy(extend(count), from, count);
  }
  void append_zeros(std::size_t count) {
    if (count != 0) std::memset(extend(count), 0, count);
  }
  template <class T>
  void append_value(T value) {
    std::memcpy(extend(sizeof(T)), &value, sizeof(T));
  }

 private:
  void grow(std::size_t count);

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Reads element `index` of a buffer of T. Foreign buffers need not be aligned, hence memcpy, which
/// costs nothing here.
template <class T>
[[nodiscard]] inline T load(const char* buffer, std::int64_t index) {
  T value;
  std::memcpy(&value, buffer + index * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return value;
}

/// Reads bit `index` of a bitmap, least significant bit first.
[[nodiscard]] inline bool load_bit(const char* bits, std::int64_t index) {
  return ((static_cast<unsigned char>(bits[index >> 3]) >> (index & 7)) & 1U) != 0;
}

/// Counts the bits that are set in [begin, begin + count).
[[nodiscard]] std::int64_t count_ones(const char* bits, std::int64_t begin, std::int64_t count);

/// A bitmap that grows. Bits behind the last one are zero.
class Bitmap {
 public:
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] char* data() { return bytes_.data(); }
  [[nodiscard]] const char* data() const { return bytes_.data(); }
  void reserve(std::int64_t count) { bytes_.reserve(static_cast<std::size_t>(count + 7) / 8); }

  void append(bool value) {
    const auto bit = static_cast<unsigned>(size_ & 7);
    if (bit == 0) *bytes_.extend(1) = 0;
    char& last = bytes_.data()[size_ >> 3];
    last =
        static_cast<char>(static_cast<unsigned char>(last) | (static_cast<unsigned>(value) << bit));
    ++size_;
  }
  void append_run(bool value, std::int64_t count);
  /// Copies bits [begin, begin + count) of another bitmap.
  void append_bits(const char* bits, std::int64_t begin, std::int64_t count);

 private:
  Bytes bytes_;
  std::int64_t size_ = 0;
};

/// The buffers of one column that this layer has made.
struct Buffers {
  Bitmap validity;  // empty while there is no null
  Bitmap bits;      // of bool
  Bytes values;     // numbers, or the int32 offsets of utf8, binary and list
  Bytes bytes;      // of utf8 and binary
};

}  // namespace millrace::detail
