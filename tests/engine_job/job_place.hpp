#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/job/connections.hpp"
#include "engine/job/job_service.hpp"
#include "engine/job/sealed_files.hpp"
#include "engine/plugin/registry.hpp"
#include "tests/fixtures/catalog_place.hpp"

namespace millrace::test {

/// Everything a job service needs, with services that come and go over one folder and one database.
class JobPlace {
 public:
  explicit JobPlace(SqlDialect kind = SqlDialect::Sqlite);
  explicit JobPlace(std::filesystem::path folder);                    // of another process
  JobPlace(std::filesystem::path folder, DatabaseSettings database);  // and at another's database
  struct Twin {};
  JobPlace(Twin, const JobPlace& other);  // a second process at its folder and database
  ~JobPlace();

  JobSettings settings;
  bool reaches_databases = false;  // its jobs do
  std::size_t workers = 2;
  std::uint64_t max_scratch_bytes = 1u << 20;  // of one job
  const Clock* clock = &system_clock();
  OpenDisk open_disk = millrace::open_disk;  // of the store

  /// Adds a plugin to the test's own, for this and all later lives.
  Result<void> add_plugin(const std::filesystem::path& plugin);
  /// Opens catalog, store, scheduler and service; start() or not. `scheduler`: instead of worker
  /// pools.
  void open(bool start = true, std::unique_ptr<Scheduler> scheduler = nullptr);
  /// Ends them in order: the service drains.
  void close();
  /// Forgets them without ending anything, as a dead process would: they stay in memory for ever.
  void abandon();

  [[nodiscard]] JobService& service() { return *life_->service; }
  [[nodiscard]] JobStore& store_of_jobs() { return *life_->jobs; }
  [[nodiscard]] Catalog& catalog() { return *life_->catalog; }
  [[nodiscard]] Store& store() { return *life_->store; }
  [[nodiscard]] Registry& registry() { return *registry_; }
  [[nodiscard]] Connections& connections() { return connections_; }
  /// The folder of sealed values; another engine may have another.
  std::string sealed_folder = "sealed";
  [[nodiscard]] std::filesystem::path folder() const { return folder_; }
  [[nodiscard]] const DatabaseSettings& database() const { return database_; }
  [[nodiscard]] StoreRights rights() const;

  /// A pipeline of numbers into output.ledger at `name`, or into output.nothing.
  [[nodiscard]] Json pipeline(const Json& numbers, const std::string& name = {},
                              const std::string& log = {}) const;
  [[nodiscard]] std::string uri(const std::string& name) const { return "qiniu:///z0/out/" + name; }
  /// Reads an object, or nothing.
  [[nodiscard]] std::optional<std::string> read(const std::string& name);
  /// Names of staged files that lie in the store.
  [[nodiscard]] std::vector<std::string> partials() const;
  void touch(const std::string& name) const;
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }

  Result<JobId> try_submit(JobRequest request);
  JobId submit(JobRequest request);
  JobId submit(const Json& document) {
    JobRequest request;
    request.pipeline = document;
    return submit(std::move(request));
  }
  /// Waits, at most a minute, until `is_so` holds for the job's row; returns the row. Throws when
  /// it never does.
  Job wait(JobId id, const std::function<bool(const Job&)>& is_so);
  Job wait_until_final(JobId id);
  Job wait_for(JobId id, JobState state);
  [[nodiscard]] std::vector<std::string> journal(JobId id);

 private:
  struct Life {
    std::unique_ptr<Catalog> catalog;
    std::unique_ptr<Store> store;
    std::unique_ptr<Scheduler> scheduler;
    std::unique_ptr<SealedFiles> sealed;
    std::unique_ptr<JobStore> jobs;
    std::unique_ptr<JobService> service;
  };

  std::optional<CatalogPlace> place_;
  std::optional<TemporaryFolder> own_folder_;
  std::filesystem::path folder_;
  DatabaseSettings database_;
  Connections connections_;
  std::vector<std::filesystem::path> plugins_;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<Life> life_;
};

/// The lines 0 to count - 1, as output.ledger writes them.
std::string numbers(std::int64_t count);

}  // namespace millrace::test
