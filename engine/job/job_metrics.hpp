#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
#include "engine/job/journal_credit.hpp"
#include "engine/plugin/metric.hpp"

namespace millrace {

/// Thins the curves of a job for its journal: where points come faster than lines may be written,
/// the newest of each curve waits in place of those before it, so the last one is never lost.
/// [guarded by its owner's mutex]
class JobMetrics {
 public:
  static constexpr std::size_t kMostCurves = 1'000;  // of one job; more is Exhausted

  explicit JobMetrics(Clock::Steady now) : credit_{now} {}

  /// Returns what is to be told now, or nothing when it waits. `passed_over` in it says how many
  /// points of this curve were left out since the one told before.
  Result<std::optional<Json>> add(std::string_view node, const MetricPoint& point,
                                  Clock::Steady now);
  /// Returns what waits, at most one point a curve.
  std::vector<Json> take_waiting();

 private:
  struct Curve {
    std::optional<Json> waiting;
    std::uint64_t passed_over = 0;
  };

  JournalCredit credit_;
  std::map<std::string, Curve, std::less<>> curves_;  // by node and name
};

}  // namespace millrace
