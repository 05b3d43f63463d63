#include <string_view>
#include <unordered_map>

#include "engine/graph/pointer.hpp"
#include "engine/graph/roles.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

// Who uses an address first, and for what.
struct Use {
  std::string_view who;  // a node's name, or "logFile"
  bool is_source = false;
};

}  // namespace

void check_addresses(const Pipeline& pipeline, const std::vector<ResolvedType*>& types,
                     FaultList& faults) {
  std::unordered_map<std::string_view, Use> uses;
  if (!pipeline.log_file.empty()) uses.emplace(pipeline.log_file, Use{"logFile", false});
  for (std::size_t node = 0; node < pipeline.ops.size(); ++node) {
    const auto role = types[node] == nullptr ? NodeRole::Unknown : types[node]->role;
    if (role != NodeRole::Input && role != NodeRole::Output) continue;
    const auto& spec = pipeline.ops[node];
    const auto file = spec.params.find("file");
    if (file == spec.params.end() || !file->is_string()) continue;
    const auto& address = file->get_ref<const std::string&>();
    const Use use{spec.name, role == NodeRole::Input};
    const auto [found, is_new] = uses.emplace(address, use);
    if (is_new || (use.is_source && found->second.is_source)) continue;
    faults.add(
        "same_address", node_pointer(node, "params") + "/file",
        fmt::format("\"{}\" and \"{}\" use the same file, which must be different objects: {}",
                    use.who, found->second.who, address));
  }
}

}  // namespace millrace
