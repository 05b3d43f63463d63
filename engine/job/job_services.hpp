#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/job/batch_counts.hpp"
#include "engine/job/job_metrics.hpp"
#include "engine/job/job_progress.hpp"
#include "engine/job/job_store.hpp"
#include "engine/job/journal_credit.hpp"
#include "engine/job/kept_changes.hpp"
#include "engine/job/record_log.hpp"
#include "engine/job/state_files.hpp"
#include "engine/job/store_services.hpp"

namespace millrace {

/// What the operators of one attempt of a queued job may ask for. [any worker]
class JobServices final : public StoreServices {
 public:
  /// `job` outlives it and does not change.
  JobServices(Surroundings around, JobStore& journal, const Job& job, const JobStore::Lease& lease,
              LeaseGuard& guard, const Cancel& cancel, const Clock& clock);
  ~JobServices() override;

  /// Tells what is known once the pipeline is read: its seed, its nodes, and the rows that one of
  /// them may see.
  void set_plan(const Plan& plan);
  /// Goes on where a checkpoint was taken, and takes what is ours out of it; with null begins anew.
  Result<void> resume(Checkpoint* checkpoint);
  [[nodiscard]] bool is_resumed() const { return resumed_; }
  /// Stages the record log. After resume().
  Result<void> open_record_log(std::string_view uri);
  // Marks of the run: RunOptions::on_mark, wants_mark and on_passed.
  void mark(std::int64_t sequence);
  [[nodiscard]] bool wants_mark() const { return record_log_ && record_log_->is_full(); }
  void settle(std::int64_t sequence);
  /// Adds our own state to that of the operators, behind the batch that was marked last.
  Result<void> add_state(Checkpoint& checkpoint);
  /// Moves large states into the job's scratch, where there is a folder for it (StateFiles).
  Result<void> put_states(Checkpoint& checkpoint);
  /// The row of the checkpoint is written.
  void states_written();
  /// Brings them back into a checkpoint of an earlier attempt.
  Result<void> read_states(Checkpoint& checkpoint);
  /// Ends the record log with its summary line; nothing where there is none.
  Result<void> end_record_log(std::string_view status);
  [[nodiscard]] const std::string& record_log() const { return record_log_uri_; }

  [[nodiscard]] Progress progress() const;
  /// Writes those metrics into the journal that were not told at once.
  void tell_metrics();
  [[nodiscard]] std::map<std::string, std::int64_t> counts() const;
  [[nodiscard]] Json result() const;
  /// The changes of the catalog that wait for the end, as KeptChanges::all() writes them; empty:
  /// none.
  [[nodiscard]] std::string kept_changes() const;
  /// Whether the attempt may have written rows that are not seen yet.
  [[nodiscard]] bool has_unseen() const { return has_unseen_.load(std::memory_order_relaxed); }

  std::string_view job() const override { return job_; }
  std::uint64_t seed() const override { return seed_; }
  bool stopping() const override { return cancel_.stopped(); }
  AttemptNumbers attempt() const override {
    return {lease_.token, static_cast<std::uint32_t>(lease_.attempt), lease_time()};
  }
  void log(std::string_view node, int level, std::string_view message) override;
  void progress(std::string_view node, std::uint64_t done, std::uint64_t total,
                std::string_view unit) override;
  void count(std::string_view node, std::string_view counter, std::int64_t by) override;
  void count_in_batch(std::string_view node, std::int64_t sequence, std::string_view counter,
                      std::int64_t by) override;
  void record_event(std::string_view node, const RecordLogEvent& event) override;
  void record_event_in_batch(std::string_view node, std::int64_t sequence,
                             const RecordLogEvent& event) override;
  Result<void> passed(std::string_view node, std::int64_t sequence, std::int64_t reached,
                      std::int64_t left) override;
  Result<void> metric(std::string_view node, const MetricPoint& point) override;
  Result<void> set_result(std::string_view key, std::string_view json) override;
  /// Changes of jobs are made at once, all others with the end of this one.
  Result<MadeChange> make_change(const Json& change) override;
  Result<void> keep_change(std::string_view node, std::int64_t sequence, Json kept) override;
  Result<void> drop_change(const Json& kept) override;
  Result<ObjectWriter*> stage_output(std::string_view uri) override;
  Result<std::unique_ptr<Scratch>> make_scratch() override;
  Result<bool> note_content(std::string_view sha256) override;
  Result<bool> has_noted_content(std::string_view sha256) override;
  Result<std::string> model_content(std::string_view address) override;
  /// Whether the attempt has noted a content.
  [[nodiscard]] bool has_contents() const { return has_contents_.load(std::memory_order_relaxed); }

 private:
  const Origin& origin() override;
  /// Notes contents that the end of the job has to look at.
  Result<void> note_contents(const std::vector<std::string>& names);

  JobStore& journal_;
  const JobStore::Lease lease_;
  const Job& row_;
  const std::string job_;
  const Cancel& cancel_;
  const Clock& clock_;
  const Clock::Steady began_;
  std::uint64_t seed_ = 0;
  std::int64_t max_records_ = kMaxRecords;
  bool resumed_ = false;
  Json noted_log_;  // of the checkpoint that is resumed
  std::string record_log_uri_;
  std::unique_ptr<RecordLog> record_log_;
  std::atomic<bool> has_contents_{false};
  StateFiles state_files_;  // of checkpoints, which come one at a time
  std::atomic<bool> has_unseen_{false};

  std::once_flag has_origin_;
  Origin origin_;  // once it is asked for

  mutable std::mutex mutex_;  // guards all below
  BatchCounts counts_;
  KeptChanges changes_;
  JobProgress progress_;
  Json result_ = Json::object();
  JournalCredit lines_;  // of log()
  std::uint64_t suppressed_ = 0;
  JobMetrics metrics_;
};

}  // namespace millrace
