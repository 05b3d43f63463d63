// Feeds text to everything that stands between a request body and a graph: parsing, binding,
// reading, validating. There are no operators, so no pipeline is valid; what must hold is that
// every fault is in its list and none is a crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "engine/graph/graph.hpp"
#include "engine/graph/planning_services.hpp"
#include "engine/plugin/registry.hpp"

namespace {

using namespace millrace;

Registry& empty_registry() {
  static const auto registry = Registry::open({});
  if (!registry.ok()) std::abort();
  return **registry;
}

void check(const Json& document, const Json& given, const PipelineRules& rules) {
  PlanningServices services{0};
  const auto validation = validate_document(document, given, empty_registry(), services, rules);
  if (validation.graph || validation.faults.empty()) std::abort();
  for (const auto& fault : validation.faults) {
    if (fault.kind.empty() || fault.message.empty()) std::abort();
    if (!fault.pointer.empty() && fault.pointer.front() != '/') std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  // An empty line ends the document; what follows are values for its parameters.
  const auto cut = text.find("\n\n");
  const auto document = parse_json(text.substr(0, cut));
  if (!document.ok()) return 0;
  Json given;
  if (cut != std::string_view::npos) given = parse_json(text.substr(cut + 2)).value_or(Json{});
  PipelineRules mix;
  mix.strict_mix = true;
  mix.relaxed_roles = false;
  mix.max_nodes = 1000;
  check(*document, given, {});
  check(*document, given, mix);
  return 0;
}
