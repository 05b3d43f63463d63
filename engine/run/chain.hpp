#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include <millrace/batch.hpp>

#include "engine/graph/plan.hpp"
#include "engine/plugin/operator_instance.hpp"
#include "engine/run/output.hpp"

namespace millrace {

/// Where a chain is called from: what does not change from one of its operators to the next.
struct ChainCall {
  Services& services;
  const Clock& clock;
  std::int64_t sequence = 0;
  unsigned attempt = 0;
  ParallelHelpers* helpers = nullptr;
  HeldReports* held = nullptr;  // takes what the calls tell of themselves, instead of the services
};

/// The operator instances of one plan node, run one behind the other without a queue between them.
/// What an operator emits on its main port goes to the next; what the last one emits is the
/// chain's. An operator that wants to be called again pauses the chain: what it has emitted so far
/// goes through the others, and the caller decides when to go on. [one thread at a time]
class Chain {
 public:
  /// Makes the instances. An error names the operator and its node.
  static Result<Chain> create(const PlanNode& node, const ChainCall& call);

  /// For a chain that begins with a source: returns false when the source has ended.
  Result<bool> produce(const ChainCall& call, Output& out);
  /// After More: go_on() until it answers Done, and no other call before.
  Result<Answer> process(const ChainCall& call, Batch batch, Output& out);
  Result<Answer> go_on(const ChainCall& call, Output& out);
  /// After More: the same again.
  Result<Answer> finish(const ChainCall& call, Output& out);

  /// It has not answered Done since process(): a failed one is of no more use.
  [[nodiscard]] bool is_paused() const { return !paused_.empty(); }

  /// Adds the state of each operator that keeps one, by node name.
  Result<void> snapshot(const ChainCall& call, std::map<std::string, std::string>& states);
  Result<void> restore(const ChainCall& call, const std::map<std::string, std::string>& states);

  /// The same for the first operator alone, whatever its node says of checkpoints: for trying it
  /// again.
  Result<std::string> snapshot_head(const ChainCall& call);
  Result<void> restore_head(const ChainCall& call, const std::string& state);

 private:
  // An operator that wants to be called again, and what waits for it.
  struct Paused {
    std::size_t place;
    std::vector<Batch> rest;
  };

  explicit Chain(std::span<const Node> nodes) : nodes_{nodes} {}

  [[nodiscard]] bool is_last(std::size_t place) const { return place + 1 == nodes_.size(); }
  Call make_call(std::size_t place, const ChainCall& call, Output& out);
  // Puts a batch, or batches, through operator `place`; what it emits goes to `emitted_`, or to
  // `out` for the last.
  Result<Answer> feed_one(std::size_t place, const ChainCall& call, Batch& batch, Output& out);
  Result<void> feed(std::size_t place, const ChainCall& call, std::vector<Batch>& batches,
                    Output& out);
  // Puts what the operator before `place` emitted through it and all behind it.
  Result<void> push_through(std::size_t place, const ChainCall& call, Output& out);
  [[nodiscard]] Answer answer() const { return paused_.empty() ? Answer::Done : Answer::More; }

  std::span<const Node> nodes_;  // of the plan, which outlives the run
  std::vector<OperatorInstance> instances_;
  std::vector<Batch> emitted_,
      carried_;                 // between two operators; members so that their memory is used again
  std::vector<Paused> paused_;  // by place, the last operator behind the others
  std::size_t finishing_ = 0;   // operators before this one have finished
};

}  // namespace millrace
