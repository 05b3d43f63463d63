#include "engine/run/admission.hpp"

#include <algorithm>

namespace millrace {

Demand demand_of(const Plan& plan) {
  Demand demand;
  for (const PlanNode& node : plan.nodes) {
    for (const Node& member : node.chain) {
      demand.threads += member.resources.threads;
      demand.memory_bytes += member.resources.memory_bytes;
    }
  }
  return demand;
}

std::uint64_t Admission::queue() {
  const std::lock_guard lock{mutex_};
  waiting_.push_back(next_);
  return next_++;
}

bool Admission::try_enter(std::uint64_t place, const Demand& demand) {
  const std::lock_guard lock{mutex_};
  if (waiting_.front() != place || !fits(demand)) return false;
  waiting_.pop_front();
  used_.threads += demand.threads;
  used_.memory_bytes += demand.memory_bytes;
  ++running_;
  return true;
}

bool Admission::fits(const Demand& demand) const {
  if (running_ == 0) return true;
  const bool has_threads = most_.threads == 0 || used_.threads + demand.threads <= most_.threads;
  return has_threads && (most_.memory_bytes == 0 ||
                         used_.memory_bytes + demand.memory_bytes <= most_.memory_bytes);
}

void Admission::give_up(std::uint64_t place) {
  const std::lock_guard lock{mutex_};
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), place));
}

void Admission::leave(const Demand& demand) {
  const std::lock_guard lock{mutex_};
  used_.threads -= demand.threads;
  used_.memory_bytes -= demand.memory_bytes;
  --running_;
}

}  // namespace millrace
