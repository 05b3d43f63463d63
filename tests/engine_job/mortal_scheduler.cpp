#include "mortal_scheduler.hpp"

#include <algorithm>
#include <chrono>

namespace millrace::test {

bool live_once(JobPlace& place, const std::vector<JobRequest>& requests, std::uint64_t seed,
               std::size_t budget, std::size_t* ran) {
  auto owned = std::make_unique<MortalScheduler>(seed, budget);
  auto& scheduler = *owned;
  place.open(false, std::move(owned));
  for (const JobRequest& request : requests) place.submit(request);
  must(place.service().start());
  bool ended = false;
  while (!ended && !scheduler.is_dead()) {
    while (scheduler.run_one(false)) {
    }
    // Callbacks of all writes so far come before this returns.
    must(place.catalog().write_and_wait([](Connection&) -> Result<void> { return {}; }));
    const auto jobs = must(place.store_of_jobs().list({}));
    ended =
        std::all_of(jobs.begin(), jobs.end(), [](const Job& job) { return is_final(job.state); });
    if (!ended) scheduler.run_one(true);
  }
  if (ran != nullptr) *ran = scheduler.ran();
  if (!ended) {
    place.abandon();
    return false;
  }
  // The writer tells of the last ends on its own thread, and timers come anew meanwhile.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (!scheduler.is_dead() && place.service().counters().running > 0 &&
         std::chrono::steady_clock::now() < deadline) {
    scheduler.run_one(true);
    must(place.catalog().write_and_wait([](Connection&) -> Result<void> { return {}; }));
  }
  // The last tasks of the service, so that it can be closed. The timer of a shared catalog never
  // ends.
  for (int i = 0; i < 1'000 && scheduler.run_one(true); ++i) {
  }
  while (scheduler.run_one(false)) {
  }
  if (!scheduler.is_dead() && place.service().counters().running == 0) return true;
  // It died before it knew that all was done.
  place.abandon();
  return false;
}

}  // namespace millrace::test
