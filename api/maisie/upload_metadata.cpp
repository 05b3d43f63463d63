#include "api/maisie/upload_metadata.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include "engine/base/ascii.hpp"
#include "engine/base/base64.hpp"

namespace millrace::maisie {

namespace {

// Calls `each` with every key and its value, still encoded, until it returns false.
void for_each_pair(std::string_view text,
                   const std::function<bool(std::string_view key, std::string_view value)>& each) {
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto pair = trimmed(text.substr(0, comma), " ");
    const auto space = std::min(pair.find(' '), pair.size());
    if (!each(pair.substr(0, space), trimmed(pair.substr(space), " "))) return;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
}

bool is_key(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

bool is_upload_metadata(std::string_view text) {
  bool is_good = true;
  std::set<std::string_view> keys;
  for_each_pair(text, [&](std::string_view key, std::string_view value) {
    is_good = is_key(key) && keys.insert(key).second && from_base64(value).has_value();
    return is_good;
  });
  return is_good;
}

std::string upload_metadata_value(std::string_view text, std::string_view key) {
  std::string found;
  for_each_pair(text, [&](std::string_view name, std::string_view value) {
    if (name != key) return true;
    found = from_base64(value).value_or("");
    return false;
  });
  return found;
}

}  // namespace millrace::maisie
