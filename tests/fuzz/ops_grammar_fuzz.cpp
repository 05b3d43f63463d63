// The ops grammar: any text is refused with a fault or resolved to recipes that read back as
// themselves.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plugins/augment/resolve.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace::augment;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  std::vector<OpsFault> faults;
  const auto chain = read_ops(text, {.is_chain_allowed = true}, faults);
  if (chain.empty() != !faults.empty()) std::abort();
  for (const auto& fault : faults) {
    if (fault.offset > size || fault.message.empty()) std::abort();
  }
  std::size_t index = 0;
  for (const auto& op : chain) {
    std::string resolved, again, why;
    resolve(op, index++, {1, "node", "identity"}, resolved);
    if (!read_recipe(resolved, why)) std::abort();
    std::vector<OpsFault> none;
    resolve(read_ops(resolved, {}, none).at(0), 0, {2, "other", "record"}, again);
    if (again != resolved) std::abort();
  }
  return 0;
}
