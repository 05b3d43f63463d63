#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <millrace/batch.hpp>

#include "engine/base/clock.hpp"
#include "engine/graph/plan.hpp"
#include "engine/plugin/services.hpp"
#include "engine/run/cancel.hpp"
#include "engine/run/run_limits.hpp"

namespace millrace {

class Scheduler;

/// Where one node of a job stands.
struct NodeProgress {
  std::string node;
  std::int64_t rows_in = 0, rows_out = 0;
  double per_second = 0;  // rows that reach it; of an input, that leave it
  std::optional<double>
      done;  // of all that it will have to do, below 1 until the job has succeeded
};

/// Where a job stands, for people: where its slowest node stands. Rates are over the whole run.
struct Progress {
  std::uint64_t
      done = 0,
      total = 0;  // of `unit`, which is the inputs'; total 0: not known; less than it until the end
  std::string unit;
  std::map<std::string, std::int64_t> counts;  // read, written, generated, failed, badLines ...
  double per_second = 0;
  std::optional<double> seconds_left;
  std::vector<NodeProgress> nodes;  // in the order of the plan, 64 at the most: the slowest
};

/// The states of all operators after the same batch: what a job resumes from.
struct Checkpoint {
  std::int64_t sequence = -1;                 // the last batch that is wholly done
  std::map<std::string, std::string> states;  // node name (and place in its chain) -> state
};

/// A batch that a node without successors emitted.
struct NodeRows {
  std::string node;
  Batch rows;
};

/// How a run ended.
struct Outcome {
  std::optional<Error> error;  // absent: success
  StopReason stopped = StopReason::None;
  std::string failed_node;       // of `error`, when a node made it
  std::vector<NodeRows> rows;    // by node in the order of the plan, each in its order
  Json result = Json::object();  // set by operators: mr_host.result
  std::map<std::string, std::int64_t> counts;
};

class RunState;

/// Looks into a run from outside, to say what holds it up. [any thread]
class RunWatch {
 public:
  RunWatch() = default;
  RunWatch(const RunWatch&) = delete;
  RunWatch& operator=(const RunWatch&) = delete;

  /// Names the nodes whose operators are being called now, by the first operator of each; none
  /// before and after the run.
  [[nodiscard]] std::vector<std::string> busy_nodes() const;
  /// Says whether the run has rows by now that it will give back with its outcome, or has ended
  /// with some.
  [[nodiscard]] bool keeps_rows() const;

 private:
  friend class RunState;
  void look_at(const RunState* run);

  mutable std::mutex mutex_;  // guards the rest; run_ stays alive while it is held
  const RunState* run_ = nullptr;
  bool kept_rows_ = false;  // when the last run ended
};

struct RunOptions {
  std::size_t edge_bytes =
      32u << 20;  // an edge takes no more than this, but for the batch that is next in order
  std::size_t budget_bytes =
      0;  // what waits in the whole run, see Budget; 0: 32 MiB a worker, at least 64
  std::size_t kept_bytes = kMostKeptBytes;    // of rows that the run gives back
  std::size_t whole_bytes = kMostWholeBytes;  // of rows that an operator wants at once
  std::int64_t window = 64;                   // batches between the input and the slowest node
  std::chrono::milliseconds checkpoint_every{
      5'000};  // 0: after every batch; no checkpoints without `on_checkpoint`
  std::optional<Checkpoint> resume;
  RunWatch* watch = nullptr;  // outlives the run
  /// Every so often one batch is marked at the input. Tells which, before a later batch is made.
  std::function<void(std::int64_t sequence)> on_mark;
  /// Says whether a batch is to be marked now, without waiting for the time.
  std::function<bool()> wants_mark;
  /// Called on a worker when every node is done with all batches up to a marked one of which no
  /// checkpoint is made. With it, batches are marked where no checkpoint can be made, too. Not
  /// again before it returns.
  std::function<void(std::int64_t sequence)> on_passed;
  /// Called on a worker when all states of one batch are known; a failure fails the run. Not again
  /// before it returns.
  std::function<Result<void>(const Checkpoint&)> on_checkpoint;
};

/// Runs one plan to its end on a scheduler. `services` and `cancel` must outlive the run. The
/// outcome is delivered once, on a worker (or on the caller's thread with the inline scheduler),
/// after every operator was destroyed.
///
/// Order: every batch that an input emits has a sequence number, inputs run one after the other,
/// and a node gets its batches in that order (a replicable one in any order; the engine restores it
/// behind it). Where edges meet, the rows of one sequence number are merged by kRootColumn, within
/// it in the order of preOps. So the result does not depend on the number of workers.
void run_plan(std::shared_ptr<const Plan> plan, Scheduler& scheduler, Services& services,
              Cancel& cancel, RunOptions options, std::function<void(Outcome)> done);

}  // namespace millrace
