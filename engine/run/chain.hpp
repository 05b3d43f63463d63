#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include <millrace/batch.hpp>

#include "engine/graph/plan.hpp"
#include "engine/plugin/operator_instance.hpp"

namespace millrace {

/// A batch that left a chain, and the port it left by.
struct Emitted {
  std::string port;
  Batch batch;
};

/// Where a chain is called from: what does not change from one of its operators to the next.
struct ChainCall {
  Services& services;
  const Clock& clock;
  std::int64_t sequence = 0;
  unsigned attempt = 0;
  ParallelHelpers* helpers = nullptr;
};

/// The operator instances of one plan node, run one behind the other without a queue between them. What an operator
/// emits on its main port goes to the next; what the last one emits is the chain's. [one thread at a time]
class Chain {
 public:
  /// Makes the instances. An error names the operator and its node.
  static Result<Chain> create(const PlanNode& node, const ChainCall& call);

  /// For a chain that begins with a source: returns false when the source has ended.
  Result<bool> produce(const ChainCall& call, std::vector<Emitted>& out);
  Result<void> process(const ChainCall& call, Batch batch, std::vector<Emitted>& out);
  Result<void> finish(const ChainCall& call, std::vector<Emitted>& out);

  /// Adds the state of each operator that keeps one, by node name.
  Result<void> snapshot(const ChainCall& call, std::map<std::string, std::string>& states);
  Result<void> restore(const ChainCall& call, const std::map<std::string, std::string>& states);

  /// The same for the first operator alone, whatever its node says of checkpoints: for trying it again.
  Result<std::string> snapshot_head(const ChainCall& call);
  Result<void> restore_head(const ChainCall& call, const std::string& state);

 private:
  explicit Chain(std::span<const Node> nodes) : nodes_{nodes} {}

  // Puts a batch through operator `place`; what it emits goes to `emitted_`, or to `out` for the last.
  Result<void> feed(std::size_t place, const ChainCall& call, Batch batch, std::vector<Emitted>& out);
  // Puts what the operator before `place` emitted through it.
  Result<void> push_through(std::size_t place, const ChainCall& call, std::vector<Emitted>& out);

  std::span<const Node> nodes_;  // of the plan, which outlives the run
  std::vector<OperatorInstance> instances_;
  std::vector<Batch> emitted_, carried_;  // between two operators; members so that their memory is used again
};

}  // namespace millrace
