#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/base/json.hpp"
#include "engine/base/utf8.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

int depth_of(const millrace::Json& value) {
  int deepest = 0;
  if (value.is_structured()) {
    for (const auto& item : value) deepest = std::max(deepest, depth_of(item));
    return deepest + 1;
  }
  return 0;
}

// Values, and names of members.
std::size_t values_of(const millrace::Json& value) {
  std::size_t count = 1;
  if (!value.is_structured()) return count;
  for (const auto& item : value) count += values_of(item);
  return count + (value.is_object() ? value.size() : 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const millrace::JsonLimits limits{
      .max_bytes = 1u << 16, .max_depth = 20, .max_values = 2'000, .max_name_bytes = 4'096};
  const auto parsed = millrace::parse_json(text, limits);
  if (!parsed.ok()) {
    const auto& message = parsed.error().message;
    require(message.rfind("JSON", 0) == 0 && millrace::is_utf8(message));
    return 0;
  }
  require(size <= limits.max_bytes && depth_of(*parsed) <= limits.max_depth &&
          values_of(*parsed) <= limits.max_values);
  // What we take, the library takes too, and the document survives a round trip.
  const auto reference = millrace::Json::parse(text, nullptr, false);
  require(!reference.is_discarded() && reference == *parsed);
  const auto again = millrace::parse_json(parsed->dump(), {});
  require(again.ok() && *again == *parsed);
  return 0;
}
