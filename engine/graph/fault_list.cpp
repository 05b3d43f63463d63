#include "engine/graph/fault_list.hpp"

#include <fmt/format.h>

namespace millrace {

FaultList::~FaultList() {
  for (const auto& [kind, count] : of_kind_) {
    if (count <= kMaxOfKind) continue;
    faults_.push_back({kind, "", fmt::format("{} more faults of this kind", count - kMaxOfKind)});
  }
}

void FaultList::add(std::string_view kind, std::string pointer, std::string message) {
  ++count_;
  auto found = of_kind_.find(kind);
  if (found == of_kind_.end()) found = of_kind_.emplace(kind, 0).first;
  if (++found->second <= kMaxOfKind) {
    faults_.push_back({std::string{kind}, std::move(pointer), std::move(message)});
  }
}

}  // namespace millrace
