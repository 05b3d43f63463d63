// Feeds text to the reader of addresses of models: it is refused in words, or it names one model in
// one way.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/utf8.hpp"
#include "engine/job/model_address.hpp"

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

bool is_name(const std::string& text) {
  return !text.empty() && millrace::is_utf8(text) && !millrace::has_control_character(text);
}

// Escapes each byte, which is right in all names.
std::string escaped(const std::string& name) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    text.append("%").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = "model:" + std::string{reinterpret_cast<const char*>(data), size};
  const auto read = millrace::parse_model_address(text);
  if (!read.ok()) {
    demand(!read.error().message.empty() && millrace::is_utf8(read.error().message));
    return 0;
  }
  if (read->id != 0) {
    demand(read->id > 0 && read->project.empty() && read->name.empty());
    return 0;
  }
  demand(is_name(read->project) && is_name(read->name) && read->version >= 0);
  demand(read->stage.empty() || (is_name(read->stage) && read->version == 0));
  const auto again = "model:" + escaped(read->project) + "/" + escaped(read->name) +
                     (read->stage.empty() ? "" : "@" + escaped(read->stage)) +
                     (read->version == 0 ? "" : "@" + std::to_string(read->version));
  const auto same = millrace::parse_model_address(again);
  if (again.size() > millrace::ModelAddress::kMostBytes) return 0;
  demand(same.ok() && same->project == read->project && same->name == read->name &&
         same->stage == read->stage && same->version == read->version);
  return 0;
}
