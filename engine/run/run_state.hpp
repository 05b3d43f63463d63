#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/run/admission.hpp"
#include "engine/run/barrier.hpp"
#include "engine/run/budget.hpp"
#include "engine/run/node_runner.hpp"
#include "engine/run/parallel_helpers.hpp"
#include "engine/run/parcel.hpp"
#include "engine/run/run.hpp"
#include "engine/run/scheduler.hpp"
#include "engine/run/waiting_share.hpp"

namespace millrace {

/// Everything one run shares between its nodes. Owns itself, since tasks on many threads hold it:
/// it lives from start() until its last task has ended and the outcome is delivered.
class RunState {
 public:
  RunState(std::shared_ptr<const Plan> plan, Scheduler& scheduler, Services& services,
           Cancel& cancel, RunOptions options, std::function<void(Outcome)> done);

  /// Hands the run to its own tasks and pokes the inputs. The run may be over when this returns.
  static void start(std::unique_ptr<RunState> run);

  // What nodes ask. [any worker]
  [[nodiscard]] const Plan& plan() const { return *plan_; }
  [[nodiscard]] Scheduler& scheduler() { return scheduler_; }
  [[nodiscard]] ParallelHelpers& helpers() { return helpers_; }
  [[nodiscard]] Services& services() { return services_; }
  [[nodiscard]] const RunOptions& options() const { return options_; }
  [[nodiscard]] bool stopping() const { return cancel_.stopped(); }
  [[nodiscard]] EdgeQueue& edge(std::uint32_t edge) { return edges_[edge]; }
  [[nodiscard]] NodeRunner& node(NodeId id) { return nodes_[static_cast<std::size_t>(id.value)]; }
  [[nodiscard]] std::span<const std::uint32_t> out_edges(std::uint32_t node) const;
  /// Inputs that reach a node, ascending.
  [[nodiscard]] const std::vector<std::uint32_t>& inputs_of(std::uint32_t node) const {
    return input_sets_[reach_[node]];
  }
  [[nodiscard]] bool is_reached(std::uint32_t node, std::uint32_t input) const;
  [[nodiscard]] EdgeQueue::Limits edge_limits() const;

  /// Has a task of a node run; one that goes on with what the caller's has just made may be taken
  /// first.
  void submit(Task task, Pool pool);
  void submit_next(Task task, Pool pool);
  /// The last act of a task of `pool`, behind which the run may be over.
  void leave_task(Pool pool);

  // What waits, in bytes.
  [[nodiscard]] Budget& budget() { return budget_; }
  void change_budget(std::int64_t bytes);
  /// How many bytes a thread may keep to itself before it tells the budget.
  [[nodiscard]] std::int64_t budget_step() const { return budget_step_; }
  [[nodiscard]] SpillFiles& spill_files() { return spill_files_; }

  // Inputs take turns. Only the input whose turn it is calls the next four. [worker]
  [[nodiscard]] std::uint32_t turn() const { return turn_.load(std::memory_order_acquire); }
  [[nodiscard]] std::int64_t peek_sequence() const { return next_sequence_; }
  std::int64_t next_sequence() { return next_sequence_++; }
  void end_turn();

  // Checkpoints.
  /// Says whether the batch just made by input `input` is to be marked.
  bool begin_barrier(std::uint32_t input, std::int64_t sequence);
  void report(std::optional<std::map<std::string, std::string>> states);
  [[nodiscard]] bool reports(std::uint32_t node) const { return reports_[node]; }
  /// Whether a checkpoint can be made of a marked batch of this input; else reports have no states.
  [[nodiscard]] bool has_states(std::uint32_t input) const { return has_states_[input]; }

  /// Every task that is queued or runs is counted; the one that leaves last ends the run.
  void enter() { active_.fetch_add(1, std::memory_order_relaxed); }
  void leave();
  void node_finished() { unfinished_.fetch_sub(1, std::memory_order_relaxed); }
  /// Keeps the first error and stops the run.
  void fail(Error error, std::string_view node);
  /// Counts bytes of rows kept for the outcome; false: over the limit.
  bool keep_rows(std::size_t bytes);
  [[nodiscard]] bool keeps_rows() const { return kept_bytes_.load(std::memory_order_relaxed) > 0; }

  /// Names the nodes that a thread works on now. [any thread]
  [[nodiscard]] std::vector<std::string> busy_nodes() const;

 private:
  void connect();
  void find_reach();
  void plan_checkpoints();
  void begin();
  void begin_when_admitted();
  void end();

  std::shared_ptr<const Plan> plan_;  // shared with other runs of the same plan
  Scheduler& scheduler_;
  SchedulerHelpers helpers_{scheduler_};
  Services& services_;
  Cancel& cancel_;
  const RunOptions options_;
  std::function<void(Outcome)> done_;

  std::vector<EdgeQueue> edges_;
  std::deque<NodeRunner> nodes_;
  std::vector<std::uint32_t> first_out_,
      out_;  // edges out of node n: out_[first_out_[n] .. first_out_[n + 1])
  std::vector<std::uint32_t> inputs_;  // nodes that are inputs, in order
  std::vector<std::vector<std::uint32_t>> input_sets_;
  std::vector<std::uint32_t> reach_;  // by node: which of input_sets_ reaches it
  std::vector<bool> reports_;         // node hands in a state, or is where data ends
  std::vector<std::size_t>
      barrier_reports_;           // by input: how many reports there are of a mark; 0: none is set
  std::vector<bool> has_states_;  // by input: a mark makes a checkpoint
  Barrier barrier_;
  std::uint32_t turn_at_barrier_ = 0;  // set before the barrier's reports, read after them

  Demand demand_;
  std::uint64_t place_ = 0;  // in the queue of those that wait for resources
  bool is_admitted_ = false;
  WaitingShare waiting_;
  Budget budget_;
  std::int64_t budget_step_ = 0;
  SpillFiles spill_files_;
  std::atomic<std::uint32_t> turn_{0};
  std::int64_t next_sequence_ = 0;  // touched by the input whose turn it is
  std::atomic<std::size_t> active_{0};
  std::atomic<std::size_t> unfinished_{0};
  std::atomic<std::size_t> kept_bytes_{0};
  std::mutex mutex_;  // guards the two below
  std::optional<Error> error_;
  std::string failed_node_;
  std::unique_ptr<RunState> self_;
};

}  // namespace millrace
