#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/run/chain.hpp"
#include "engine/run/parcel.hpp"
#include "engine/run/scheduler.hpp"
#include "engine/run/wake_state.hpp"

namespace millrace {

class RunState;

/// Runs one plan node. poke() says that something may have changed (a parcel came, an edge drained,
/// a piece is done); pump() then does all that can be done, on one thread at a time. A replicable
/// node cuts its parcels into pieces that several workers run side by side, and puts the results
/// back in order.
class NodeRunner {
 public:
  NodeRunner(RunState& run, std::uint32_t id);
  ~NodeRunner();

  void poke();  // [any thread]
  /// Says which turn this input has; only for inputs, before the run starts.
  void set_input(std::uint32_t input) { input_ = input; }
  /// What this node emitted when nobody follows it, in order. After the run.
  std::vector<Batch> take_rows();
  /// Says whether a thread works on this node now, in all likelihood in its operator. [any thread]
  [[nodiscard]] bool is_busy() const;

 private:
  // Number of the first part of what operators emit at their end, behind those of all batches.
  static constexpr std::int64_t kFirstTailPart = Parcel::kTail / 2 + 1;
  class HeldThreads;
  struct Group;
  struct Piece;

  struct Replicas;
  struct Slot;
  struct Work;
  struct Tries;
  struct Seldom;

  static void pump_tasks(void* self);
  static void wake_task(void* self);
  static void piece_task(void* self);
  static void again_task(void* self);
  /// Gives the node that waits for this thread to the queue: an operator is about to be called.
  void hand_off();

  void pump();
  bool step();  // false: nothing can be done now
  bool produce();
  bool consume();
  bool is_resting();  // true: the time of the next try has not come
  /// Goes on with work of a serial node, and sends a part of what it made.
  bool advance(Work& work);
  /// Makes the calls that are left. False: what was emitted so far moves on before the others.
  Result<bool> work_off(Work& work);
  Result<bool> call_batch(Work& work, Batch& batch);
  bool settle(Work& work, bool is_whole);
  /// Before each try: an instance as the node was before the batch.
  Result<void> prepare_try(Work& work);
  Result<void> succeed(Work& work);
  bool try_again(Work& work, Error error);  // false: it has failed for good

  bool dispatch();
  bool begin_piece();
  bool may_begin();
  bool drain_groups();  // delivers what is finished, in order
  bool drain_group(Group& group);
  Result<void> finish_replicas(Group& group);
  void run_piece(Piece& piece);
  Result<void> work_off(Piece& piece);
  bool flush();  // false: an edge is full

  std::optional<Parcel> take();
  std::optional<Parcel> take_merged(std::uint32_t first, std::uint32_t last);
  std::optional<Parcel> take_parts(std::uint32_t first, std::uint32_t last);
  std::optional<Parcel> pop(std::uint32_t edge);
  [[nodiscard]] std::int64_t sequence_of(const Parcel& parcel) const;
  [[nodiscard]] ChainCall call(std::int64_t sequence, unsigned attempt = 0,
                               HeldReports* held = nullptr);
  [[nodiscard]] ChainCall call(const Work& work);
  Result<void> open_chain(const std::optional<std::string>& state = std::nullopt);
  Seldom& seldom();                                         // made when it is first asked for
  bool take_part(Output& out, std::vector<Emitted>& part);  // false: the node has failed
  void end_with(std::vector<Emitted>& out);
  /// Puts what a parcel became, or a part of it, on the outgoing edges, or keeps it for the
  /// outcome.
  void deliver(const Parcel& from, bool has_more, std::vector<Emitted>& out);
  /// Counts bytes that wait now, or no longer, against the run: from time to time, so that small
  /// batches cost nothing. [in pump()]
  void charge(std::int64_t bytes);
  void report_if_marked(const Parcel& parcel);
  void give_up_checkpoint(const Error& why);
  [[nodiscard]] bool may_retry(const Error& error, unsigned attempt) const;
  [[nodiscard]] std::chrono::milliseconds wait_before(unsigned attempt) const;
  void nap(Clock::Steady due, Task task);
  void fail(Error error);

  RunState& run_;
  const PlanNode& plan_;
  const std::uint32_t id_;
  const bool source_;
  const bool replicable_;
  const bool retries_;
  const bool whole_;  // gets all rows of a sequence number at once
  const bool stateless_;
  bool retries_with_state_ = false;  // a try is repeated on a fresh instance, from its snapshot
  const Pool pool_;
  WakeState wake_;

  // Touched only inside pump(), so by one thread at a time. A graph may have a million nodes: what
  // few of them need stands behind pointers.
  bool finished_ = false;
  std::uint32_t input_ = 0;  // a source's place; for others the input whose parcels are taken now
  std::unique_ptr<Chain> chain_;
  std::vector<std::pair<std::uint32_t, Parcel>> outbox_;  // edge, parcel: refused by a full edge
  std::unique_ptr<Work>
      work_;  // of a serial node: waits for its next try, or for what it emitted to move on
  std::unique_ptr<Seldom> seldom_;

  std::unique_ptr<Replicas> replicas_;  // replicable nodes only
};

}  // namespace millrace
