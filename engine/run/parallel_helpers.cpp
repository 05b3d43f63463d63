#include "engine/run/parallel_helpers.hpp"

#include <algorithm>
#include <utility>

namespace millrace {

namespace {

using Shared = std::shared_ptr<ParallelCalls>;

void help(void* self) {
  const std::unique_ptr<Shared> calls{static_cast<Shared*>(self)};
  (*calls)->help();
}

}  // namespace

void SchedulerHelpers::invite(const Shared& calls, std::uint64_t most) {
  const std::uint64_t others = std::max<std::size_t>(scheduler_.workers(), 1) - 1;
  for (auto left = std::min(most, others); left > 0; --left) {
    scheduler_.submit({&help, std::make_unique<Shared>(calls).release()}, Pool::Compute);
  }
}

}  // namespace millrace
