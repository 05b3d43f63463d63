#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <millrace/external_sort.hpp>

/// Values as bytes whose order, byte by byte, is theirs: keys of a sort.
namespace millrace::preprocess {

inline void append_key(std::string& key, std::uint64_t value) {
  const auto bytes = sort_key(value);
  key.append(bytes.data(), bytes.size());
}

inline void append_key(std::string& key, std::int64_t value) {
  append_key(key, static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63));
}

/// A text ends with two zero bytes; a zero byte in it has 0xff behind it. So none is the beginning
/// of another, and what stands behind it decides among equal ones only.
inline void append_key(std::string& key, std::string_view text) {
  for (auto zero = text.find('\0'); zero != std::string_view::npos; zero = text.find('\0')) {
    key.append(text.substr(0, zero + 1)).push_back('\xff');
    text.remove_prefix(zero + 1);
  }
  key.append(text).append(2, '\0');
}

/// Takes such a text off the front of a key.
inline std::string take_key_text(std::string_view& key) {
  std::string text;
  for (;;) {
    const auto zero = key.find('\0');
    if (zero == std::string_view::npos || zero + 1 == key.size()) break;  // no such text
    text.append(key.substr(0, zero));
    const bool is_end = key[zero + 1] == '\0';
    key.remove_prefix(zero + 2);
    if (is_end) break;
    text.push_back('\0');
  }
  return text;
}

}  // namespace millrace::preprocess
