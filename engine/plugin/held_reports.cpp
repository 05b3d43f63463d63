#include "engine/plugin/held_reports.hpp"

#include <utility>

namespace millrace {

void HeldReports::count(std::string_view counter, std::int64_t by) {
  const auto known = counts_.find(counter);
  if (known != counts_.end()) {
    known->second += by;
  } else {
    counts_.emplace(counter, by);
  }
}

Result<void> HeldReports::record_event(const RecordLogEvent& event) {
  MR_CHECK(charge(sizeof(Event) + event.code.size() + event.message.size() + event.file.size() +
                  event.url.size() + event.op.size()));
  events_.push_back({event.level, event.line, std::string{event.code}, std::string{event.message},
                     std::string{event.file}, std::string{event.url}, std::string{event.op}});
  return {};
}

Result<void> HeldReports::metric(const MetricPoint& point) {
  MR_CHECK(charge(sizeof(Metric) + point.name.size()));
  metrics_.push_back({std::string{point.name}, point.step, point.value});
  return {};
}

Result<void> HeldReports::keep_change(Json kept) {
  MR_CHECK(charge(kept.dump().size()));
  changes_.push_back(std::move(kept));
  return {};
}

Result<void> HeldReports::drop(Services& services) {
  for (const Json& kept : changes_) MR_CHECK(services.drop_change(kept));
  *this = {};
  return {};
}

Result<void> HeldReports::charge(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ <= kMostBytes) return {};
  return Error{Code::Exhausted,
               "a call of a node that is tried again told of more than is kept until it has "
               "succeeded; let it take smaller batches"};
}

void HeldReports::progress(std::uint64_t done, std::uint64_t total, std::string_view unit) {
  progress_ = Progress{done, total, std::string{unit}};
}

void HeldReports::passed(std::int64_t reached, std::int64_t left) {
  reached_ += reached;
  left_ += left;
}

Result<void> HeldReports::hand_over(Services& services, std::string_view node,
                                    std::int64_t sequence) {
  for (const auto& [counter, by] : counts_) services.count_in_batch(node, sequence, counter, by);
  for (const Event& event : events_) {
    services.record_event_in_batch(
        node, sequence,
        {event.level, event.code, event.message, event.file, event.url, event.op, event.line});
  }
  if (progress_) services.progress(node, progress_->done, progress_->total, progress_->unit);
  for (const auto& [name, step, value] : metrics_)
    MR_CHECK(services.metric(node, {name, step, value}));
  for (Json& kept : changes_) MR_CHECK(services.keep_change(node, sequence, std::move(kept)));
  return services.passed(node, sequence, reached_, left_);
}

}  // namespace millrace
