#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/testing/harness.hpp>

#include "engine/plugin/services.hpp"
#include "engine/store/scratch.hpp"
#include "engine/testing/example_databases.hpp"

namespace millrace::testing {

/// A staged output whose bytes stay in memory.
class MemoryWriter final : public ObjectWriter {
 public:
  Result<void> write(std::string_view bytes) override;
  Result<void> truncate(std::uint64_t size) override;
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// A content whose bytes stay in memory; one of the objects from when it is sealed.
class MemoryContent final : public ObjectWriter {
 public:
  using Objects = std::map<std::string, std::string, std::less<>>;
  explicit MemoryContent(Objects& objects) : objects_{objects} {}

  Result<void> write(std::string_view bytes) override;
  Result<void> truncate(std::uint64_t size) override;
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  Result<std::string> seal() override;

 private:
  Objects& objects_;
  std::string bytes_;
  bool is_sealed_ = false;
};

/// The surroundings of an operator under test: remembers everything it is told, keeps objects in
/// memory, and looks at real files only below one folder. [one thread]
class MemoryServices final : public Services {
 public:
  using CatalogAnswer = std::function<Result<Batch>(const Json& request)>;

  struct Progress {
    std::uint64_t done = 0, total = 0;
    std::string unit;
  };

  /// `folder` empty: no real files.
  MemoryServices(std::string job, std::uint64_t seed, std::filesystem::path folder);

  std::string_view job() const override { return job_; }
  std::uint64_t seed() const override { return seed_; }
  bool stopping() const override { return is_stopping; }
  AttemptNumbers attempt() const override { return numbers; }
  std::string_view installation() const override { return "harness"; }
  void log(std::string_view node, int level, std::string_view message) override;
  void progress(std::string_view node, std::uint64_t done, std::uint64_t total,
                std::string_view unit) override;
  void count(std::string_view node, std::string_view counter, std::int64_t by) override;
  void record_event(std::string_view node, const RecordLogEvent& event) override;
  Result<void> metric(std::string_view node, const MetricPoint& point) override;
  Result<void> set_result(std::string_view key, std::string_view json) override;
  Result<void> check_uri(std::string_view uri, bool for_writing) override;
  Result<ObjectStat> stat(std::string_view uri) override;
  Result<void> list(std::string_view uri, const EachListed& each) override;
  Result<std::unique_ptr<ObjectReader>> open(std::string_view uri) override;
  Result<void> put(std::string_view uri, std::string_view bytes) override;
  Result<ObjectWriter*> stage(std::string_view uri) override;
  Result<ConnectionSettings> connection(std::string_view name, bool for_writing) override;
  Result<Batch> catalog_query(const Json& query) override;
  Result<Batch> catalog_change(const Json& change) override;

  // What a test gives and looks at.
  bool is_stopping = false;
  AttemptNumbers numbers{.token = 1, .number = 1};
  CatalogAnswer answer;         // absent: the catalog is Unavailable
  std::string_view waited_for;  // the last call that waits for a disk or a server: "open"
  std::vector<LoggedEvent> events;
  std::vector<ToldMetric> metrics;
  std::map<std::string, std::int64_t> counts;
  std::map<std::string, std::string> results;
  std::vector<std::string> logs;
  Progress last_progress;
  NamedConnections connections;
  std::unique_ptr<ExampleDatabases> databases;  // null: there are none that end with this
  std::map<std::string, std::string, std::less<>> objects;  // sealed contents too, as "blob:NAME"
  std::map<std::string, std::unique_ptr<MemoryWriter>, std::less<>> staged;

 private:
  // Returns the real file an address means, or nothing when it lives in memory.
  std::filesystem::path real_file(std::string_view uri) const;

  static constexpr std::uint64_t kMaxScratchBytes = 256u << 20;

  std::string job_;
  std::vector<std::unique_ptr<MemoryContent>> contents_;
  MemoryScratch scratch_{kMaxScratchBytes};
  std::uint64_t seed_;
  std::filesystem::path folder_;
};

}  // namespace millrace::testing
