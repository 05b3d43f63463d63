#include "engine/graph/node_name.hpp"

#include <algorithm>
#include <array>

#include "engine/plugin/text.hpp"

namespace millrace {
namespace {

// White space of the Unicode standard that is not a control character: its UTF-8 forms.
constexpr std::array<std::string_view, 17> kSpaces{" ",
                                                   "\xC2\xA0",
                                                   "\xE1\x9A\x80",
                                                   "\xE2\x80\x80",
                                                   "\xE2\x80\x81",
                                                   "\xE2\x80\x82",
                                                   "\xE2\x80\x83",
                                                   "\xE2\x80\x84",
                                                   "\xE2\x80\x85",
                                                   "\xE2\x80\x86",
                                                   "\xE2\x80\x87",
                                                   "\xE2\x80\x88",
                                                   "\xE2\x80\x89",
                                                   "\xE2\x80\x8A",
                                                   "\xE2\x80\xAF",
                                                   "\xE2\x81\x9F",
                                                   "\xE3\x80\x80"};

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

bool has_space_at_end(std::string_view name) {
  return std::any_of(kSpaces.begin(), kSpaces.end(), [&](std::string_view space) {
    return name.substr(0, space.size()) == space ||
           (name.size() >= space.size() && name.substr(name.size() - space.size()) == space);
  });
}

// C0, DEL and C1 (U+0080..U+009F, in UTF-8 C2 80..C2 9F).
bool has_control(std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && i + 1 < name.size() && static_cast<unsigned char>(name[i + 1]) < 0xA0)
      return true;
  }
  return false;
}

}  // namespace

std::string_view name_fault(std::string_view name) {
  if (name.empty()) return "must not be empty";
  if (name.size() > kMostNodeNameBytes) return "must not be longer than 128 bytes";
  if (std::all_of(name.begin(), name.end(), is_plain)) return {};
  if (utf8_prefix(name) != name.size()) return "must be UTF-8";
  if (name.find('#') != std::string_view::npos) return "must not hold \"#\"";
  if (name.find(':') != std::string_view::npos)
    return "must not hold \":\", which begins an output port";
  if (has_control(name)) return "must not hold control characters";
  if (has_space_at_end(name)) return "must not begin or end with white space";
  return {};
}

}  // namespace millrace
