#pragma once

#include <atomic>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plugin/operator_instance.hpp"
#include "engine/plugin/services.hpp"

namespace millrace::test {

/// Services that remember what they are told. Objects live in a map; addresses must begin with
/// "mem:".
class CallServices final : public Services {
 public:
  std::string_view job() const override { return "job-7"; }
  std::uint64_t seed() const override { return 99; }
  bool stopping() const override { return is_stopping; }
  AttemptNumbers attempt() const override {
    return {.token = 1'000'001, .number = 4, .lease = std::chrono::seconds{3}};
  }
  std::string_view installation() const override { return "installation-1"; }
  void log(std::string_view node, int level, std::string_view message) override;
  void progress(std::string_view, std::uint64_t done, std::uint64_t, std::string_view) override {
    progress_done = done;
  }
  void count(std::string_view, std::string_view counter, std::int64_t by) override {
    counts[std::string{counter}] += by;
  }
  void record_event(std::string_view, const RecordLogEvent& event) override;
  Result<void> metric(std::string_view node, const MetricPoint& point) override {
    metrics.push_back(metric_json(node, point).dump());
    return {};
  }
  Result<void> set_result(std::string_view key, std::string_view json) override;
  Result<void> check_uri(std::string_view uri, bool for_writing) override;
  Result<ObjectStat> stat(std::string_view uri) override;
  Result<void> list(std::string_view uri, const EachListed& each) override;
  Result<std::unique_ptr<ObjectReader>> open(std::string_view uri) override;
  Result<void> put(std::string_view uri, std::string_view bytes) override;
  Result<ObjectWriter*> stage(std::string_view uri) override;
  Result<ConnectionSettings> connection(std::string_view name, bool for_writing) override {
    const auto found = connections.find(name);
    if (found == connections.end()) return no_connection(name);
    if (for_writing) return Error{Code::PermissionDenied, "connection: it is for reading"};
    return found->second;
  }
  Result<Batch> catalog_query(const Json& query) override;
  Result<Batch> catalog_change(const Json& change) override;

  std::atomic<bool> is_stopping = false;
  std::vector<std::string> logs, events, metrics;
  std::map<std::string, std::int64_t> counts;
  std::map<std::string, std::string> results;
  NamedConnections connections;
  std::map<std::string, std::string, std::less<>> objects;
  std::map<std::string, std::unique_ptr<ObjectWriter>, std::less<>> staged;
  std::uint64_t progress_done = 0;
  std::vector<std::string> asked_uris;
};

/// Collects what an operator emits.
struct Emissions {
  static void take(void* user, std::string_view port, Batch batch);
  Call call(Services& services, std::int64_t sequence = 0);

  std::vector<std::pair<std::string, Batch>> batches;
};

}  // namespace millrace::test
