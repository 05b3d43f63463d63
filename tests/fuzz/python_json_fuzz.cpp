// Bytes of a request as Python reads JSON: no byte sequence breaks it, a member that stays a text
// is the JSON that it was, and the place of an error lies in its document.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/base/python_json.hpp"
#include "engine/base/utf8.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const JsonLimits limits{.max_depth = 16, .max_values = 10'000, .last_key_counts = true};
  const auto read = parse_python_json(bytes, limits);
  if (!read.ok()) {
    const auto& error = read.error();
    if (error.position > code_points(error.document)) std::abort();
    return 0;
  }
  const auto with_text = parse_python_json(bytes, limits, {"a"});
  if (!with_text.ok()) std::abort();
  if (!read->is_object() || !read->contains("a")) return 0;
  const auto again = parse_python_json((*with_text)["a"].get<std::string>(), limits);
  if (!again.ok() || again->dump() != (*read)["a"].dump()) std::abort();
  return 0;
}
