#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plugin/services.hpp"
#include "engine/run/run.hpp"
#include "engine/run/scheduler.hpp"
#include "tests/engine_run/scratch_files.hpp"

namespace millrace::test {

/// Services that keep what they are told and have no store but scratch, and no catalog.
class QuietServices final : public Services {
 public:
  explicit QuietServices(const Cancel& cancel, std::uint64_t seed = 0)
      : cancel_{cancel}, seed_{seed} {}

  std::string_view job() const override { return "1"; }
  std::uint64_t seed() const override { return seed_; }
  bool stopping() const override { return cancel_.stopped(); }
  void log(std::string_view node, int level, std::string_view message) override;
  void progress(std::string_view, std::uint64_t, std::uint64_t, std::string_view) override {}
  void count(std::string_view node, std::string_view counter, std::int64_t by) override;
  /// Counts the event by its code.
  void record_event(std::string_view node, const RecordLogEvent& event) override;
  Result<void> set_result(std::string_view, std::string_view) override { return {}; }
  Result<void> check_uri(std::string_view, bool) override { return nothing_here(); }
  Result<ObjectStat> stat(std::string_view) override { return nothing_here(); }
  Result<void> list(std::string_view, const EachListed&) override { return nothing_here(); }
  Result<std::unique_ptr<ObjectReader>> open(std::string_view uri) override {
    return scratch_.open(uri);
  }
  Result<void> put(std::string_view, std::string_view) override { return nothing_here(); }
  Result<ObjectWriter*> stage(std::string_view uri) override {
    return has_scratch ? scratch_.stage(uri) : Result<ObjectWriter*>{nothing_here()};
  }
  Result<Batch> catalog_query(const Json&) override { return nothing_here(); }
  Result<Batch> catalog_change(const Json&) override { return nothing_here(); }

  [[nodiscard]] std::int64_t counter(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> messages() const;
  [[nodiscard]] std::size_t spilled_bytes() const { return scratch_.written_bytes(); }

  bool has_scratch = true;  // set before the run

 private:
  static Error nothing_here() { return {Code::NotFound, "no store in this test"}; }

  const Cancel& cancel_;
  const std::uint64_t seed_;
  mutable std::mutex mutex_;  // guards the two below
  std::map<std::string, std::int64_t, std::less<>> counts_;
  std::vector<std::string> messages_;
  ScratchFiles scratch_;
};

/// Builds plans from the operators of test_operators.cpp, node by node, each behind the nodes it
/// names.
///   input.count   input: rows `from`..`from + rows`, `batch` at a time; columns @root and value;
///   keeps its place input.forgetful   emits ten rows, one at a time; says it is stateless, and
///   tells no state preprocess.add     value + `by`; replicable, `grain` by parameter at build time
///   preprocess.slow    takes 2 ms for a batch; counts "instances"; replicable
///   augment.repeat  each row value % `times` + 1 times; replicable
///   filter.drop    drops rows whose value is a multiple of `of`; stateless
///   preprocess.sum     emits the running sum of all values so far as value; keeps it
///   preprocess.total   emits one row, the sum, at the end
///   preprocess.split   odd values to port "odd", the others to the main one; stateless
///   preprocess.fail    fails at value `at`, `times` times, with code `code`; stateless
///   preprocess.wait    returns when the run is stopped
///   preprocess.shaky   like sum; fails at value `at` in its first `failures` tries, its work done;
///   `silent`: no state input.shaky        counts to `rows`, a row a batch, and fails like it
///   input.large, preprocess.burst, swell, shrink, whole   see large_operators.hpp
///   preprocess.thorough  like sum; returns when its time is over, its work done
class PlanBuilder {
 public:
  PlanBuilder& add(std::string name, std::string_view id, Json params = Json::object(),
                   std::vector<std::string> before = {}, Json traits = Json::object());
  PlanBuilder& retry(int tries);                         // of the node added last
  PlanBuilder& resources(const Resources& resources);    // of the node added last
  PlanBuilder& timeout(std::chrono::milliseconds time);  // of the node added last
  /// Puts an operator behind the last one of the node added last, into its chain.
  PlanBuilder& fuse(std::string name, std::string_view id, Json params = Json::object());
  [[nodiscard]] std::shared_ptr<const Plan> build() const;

 private:
  Plan plan_;
  std::map<std::string, std::int64_t> places_;
};

struct Ran {
  Outcome outcome;
  std::vector<std::int64_t> values;     // column "value" of the outcome's rows
  std::vector<std::string> messages{};  // what was logged
};

/// Runs on this thread, tasks in an order decided by `seed`.
Ran run_inline(const std::shared_ptr<const Plan>& plan, std::uint64_t seed = 0,
               RunOptions options = {}, std::size_t pretend_workers = 4);
/// Runs on `workers` threads.
Ran run_threads(const std::shared_ptr<const Plan>& plan, std::size_t workers,
                RunOptions options = {}, std::function<void(Cancel&)> meanwhile = {});

}  // namespace millrace::test
