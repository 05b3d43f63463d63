#include "engine/run/budget.hpp"

#include <algorithm>
#include <utility>

namespace millrace {

std::vector<std::uint32_t> Budget::add(std::int64_t bytes) {
  const std::int64_t before = used_.fetch_add(bytes);
  if (before < bound_ || before + bytes >= bound_) return {};
  const std::lock_guard lock{mutex_};
  return std::exchange(waiting_, {});
}

bool Budget::has_room_for(std::uint32_t node) {
  if (has_room()) return true;
  {
    const std::lock_guard lock{mutex_};
    if (std::find(waiting_.begin(), waiting_.end(), node) == waiting_.end())
      waiting_.push_back(node);
  }
  // Room that came before the node stood in the list has named nobody; add() took the lock after it
  // gave the room.
  return has_room();
}

}  // namespace millrace
