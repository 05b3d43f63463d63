#include "client/src/file_name.hpp"

#include <algorithm>
#include <cctype>

namespace millrace::client::detail {
namespace {

constexpr std::size_t kMaxBytes = 200;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

std::string safe_file_name(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f || text[i] == '/' || text[i] == '\\') {
      name += '_';
    } else if (byte == 0xc2 && i + 1 < text.size() &&
               static_cast<unsigned char>(text[i + 1]) < 0xa0) {
      name += '_';  // U+0080 to U+009F, control characters too
      ++i;
    } else {
      name += text[i];
    }
  }
  if (name.size() > kMaxBytes) {
    auto end = kMaxBytes;
    while (end > 0 && is_continuation(name[end])) --end;
    name.resize(end);
  }
  if (!name.empty() && (name.front() == '.' || name.front() == '-')) name.front() = '_';
  return name;
}

std::string disposition_file_name(std::string_view header) {
  constexpr std::string_view kKey = "filename=";
  std::string lower{header};
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  auto at = lower.find(kKey);
  while (at != std::string::npos && at > 0 && lower[at - 1] != ' ' && lower[at - 1] != ';')
    at = lower.find(kKey, at + 1);
  if (at == std::string::npos) return {};
  auto value = header.substr(at + kKey.size());
  if (!value.starts_with('"')) {
    value = value.substr(0, value.find(';'));
    return std::string{value.substr(0, value.find_last_not_of(" \t") + 1)};
  }
  std::string name;
  for (std::size_t i = 1; i < value.size() && value[i] != '"'; ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    name += value[i];
  }
  return name;
}

}  // namespace millrace::client::detail
