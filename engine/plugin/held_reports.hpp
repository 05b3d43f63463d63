#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plugin/services.hpp"

namespace millrace {

/// What one call told of itself (counts, events, progress), kept until it is known that the call
/// counts: a node that is tried again must not tell of a batch twice. Made on the stack of whoever
/// calls. [one thread]
class HeldReports {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{16}
                                            << 20;  // of events and metrics of one call

  void count(std::string_view counter, std::int64_t by);
  /// The next two: Exhausted when the call has told too much to keep.
  Result<void> record_event(const RecordLogEvent& event);
  Result<void> metric(const MetricPoint& point);
  /// Exhausted as above. A change of the catalog that Services::make_change() left to be done.
  Result<void> keep_change(Json kept);
  void progress(std::uint64_t done, std::uint64_t total, std::string_view unit);

  /// Rows that reached the operator, and that left it.
  void passed(std::int64_t reached, std::int64_t left);

  /// Once. An error: the node must not go on.
  Result<void> hand_over(Services& services, std::string_view node, std::int64_t sequence);
  /// The call does not count and is made again: forgets all. An error: the node must not go on.
  Result<void> drop(Services& services);

 private:
  Result<void> charge(std::size_t bytes);

  struct Event {
    int level = 0;
    std::int64_t line = 0;
    std::string code, message, file, url, op;
  };
  struct Metric {
    std::string name;
    std::int64_t step = 0;
    double value = 0;
  };
  struct Progress {
    std::uint64_t done = 0, total = 0;
    std::string unit;
  };

  std::map<std::string, std::int64_t, std::less<>> counts_;
  std::vector<Event> events_;
  std::vector<Metric> metrics_;
  std::vector<Json> changes_;
  std::size_t bytes_ = 0;             // of the three
  std::optional<Progress> progress_;  // the last
  std::int64_t reached_ = 0, left_ = 0;
};

}  // namespace millrace
