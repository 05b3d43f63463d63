#include "engine/job/outage_log.hpp"

#include <chrono>

#include <spdlog/spdlog.h>

namespace millrace {

namespace {

constexpr std::chrono::minutes kTellEvery{1};

double seconds(Clock::Steady from, Clock::Steady to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

bool OutageLog::failed(std::string_view what, JobId job, const Error& error) {
  const auto now = clock_.steady();
  Outage outage;
  {
    const std::lock_guard lock{mutex_};
    const auto [found, is_new] = outages_.try_emplace(std::string{what});
    if (is_new) found->second.since = now;
    ++found->second.failures;
    if (!is_new && now - found->second.told < kTellEvery) return false;
    found->second.told = now;
    outage = found->second;
    any_.store(true, std::memory_order_release);
  }
  spdlog::warn("{}, tried again until it works job={} failures={} seconds={:.0f} code={} error={}",
               what, job.value, outage.failures, seconds(outage.since, now), to_string(error.code),
               error.message);
  return true;
}

void OutageLog::passed(std::string_view what) {
  if (!any_.load(std::memory_order_acquire)) return;
  Outage outage;
  {
    const std::lock_guard lock{mutex_};
    const auto found = outages_.find(what);
    if (found == outages_.end()) return;
    outage = found->second;
    outages_.erase(found);
    any_.store(!outages_.empty(), std::memory_order_release);
  }
  spdlog::info("over: {} failures={} seconds={:.0f}", what, outage.failures,
               seconds(outage.since, clock_.steady()));
}

}  // namespace millrace
