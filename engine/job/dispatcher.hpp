#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/ids.hpp"

namespace millrace {

/// How many jobs execute at once.
struct QueueLimits {
  std::map<std::string, int> queues{};  // by name; 0: as many as there are workers
  int others = 0;                       // of each queue that is not among them; 0: likewise
  int in_all = 0;                       // 0: as many as `queues` may together
  int prompt = 8;                       // of kPromptQueue, beside all others
};

/// Decides which job comes next: queues with startable jobs take turns, and within a queue jobs
/// come by priority and then by age. Each queue has a limit of jobs that execute at once, and all
/// have one together, but for the queue of those that somebody waits for. Knows ids only and does
/// nothing itself. [guarded by its owner's mutex]
///
/// A job goes waiting -> leasing -> leased -> executing -> gone. Getting a lease takes a commit, so
/// short jobs would spend their time waiting for it: as many more are leased ahead as finish while
/// one lease is on its way (Little's law), which is none when jobs take longer than a commit.
///
/// A queue is made by its first job and forgotten behind its last one, unless it has a limit of its
/// own. It comes behind all that wait for their turn.
class Dispatcher {
 public:
  Dispatcher(const QueueLimits& limits, std::size_t workers);

  struct Waiting {
    JobId id;
    std::string queue;
    int priority = 0;
    std::int64_t due_us = 0;         // by the steady clock; 0: at once
    std::int64_t not_before_us = 0;  // what its row says, by the wall clock
  };
  /// Adds a job that waits; nothing when it is known already.
  void add(const Waiting& job);
  /// Forgets a job that waits; false when it does not.
  bool remove(JobId id);

  /// Returns the next job to ask a lease for, which is then leasing.
  std::optional<Waiting> next_to_lease(std::int64_t now_us);
  /// The lease was refused. The job is forgotten, or with add() waits anew.
  void lease_failed(JobId id);
  void leased(JobId id, std::chrono::nanoseconds lease_took);
  /// Returns the next leased job to execute, which then holds a slot.
  std::optional<JobId> next_to_start();
  /// Takes back a job that is leased and has not started for about a second; false when it is not
  /// that. Its queue then leases no more ahead until jobs are short again.
  bool unlease(JobId id);
  /// The slot is free; the job is forgotten.
  void executed(JobId id, std::chrono::nanoseconds took);

  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] std::size_t executing() const { return shared_.executing + prompt_.executing; }
  [[nodiscard]] std::size_t queues() const { return queues_.size(); }
  /// All that are leased and have not started.
  [[nodiscard]] std::vector<JobId> all_leased() const;
  /// When the first job that waits for its time may start; nothing when none does.
  [[nodiscard]] std::optional<std::int64_t> next_due_us() const;

 private:
  using Rank = std::pair<int, std::int64_t>;  // -priority, id: the least comes first

  struct Queue;
  /// Queues by the turn in which they were last served, the one that waits longest first.
  using Line = std::set<std::pair<std::uint64_t, Queue*>>;

  /// Slots that queues share.
  struct Slots {
    std::size_t in_all = 0;
    std::size_t executing = 0, leased = 0;
    std::size_t active = 0;  // leasing, leased, executing
    Line may_lease{}, may_start{};
  };

  struct Queue {
    Slots* slots = nullptr;
    std::size_t limit = 0;
    bool is_lasting = false;  // has a limit of its own
    std::size_t jobs = 0;     // of any stage
    std::uint64_t lease_turn = 0, start_turn = 0;
    std::set<Rank> ready;
    std::set<Rank> leased;
    std::size_t leasing = 0, executing = 0;
    double lease_us = 0, run_us = 0;  // moving averages; 0: not known yet

    [[nodiscard]] std::size_t ahead() const;
    [[nodiscard]] bool has_room() const {
      return leasing + leased.size() + executing < limit + ahead();
    }
  };
  enum class Stage { Delayed, Ready, Leasing, Leased, Executing };
  struct Known {
    Queue* queue = nullptr;
    std::string_view queue_name;  // of queues_, whose keys stay
    int priority = 0;
    std::int64_t due_us = 0, not_before_us = 0;
    Stage stage = Stage::Ready;
    [[nodiscard]] Rank rank(JobId id) const { return {-priority, id.value}; }
  };

  void wake(std::int64_t now_us);
  std::optional<Waiting> next_to_lease(Slots& slots);
  std::optional<JobId> next_to_start(Slots& slots);
  std::map<std::string, Queue, std::less<>>::iterator queue_of(const std::string& name);
  /// Changes a queue, and puts it into the lines where it belongs then.
  template <class Change>
  void change(Queue& queue, const Change& change);
  /// Forgets a job, and its queue behind the last one.
  void forget(std::unordered_map<JobId, Known>::iterator found);

  const std::size_t workers_;
  std::size_t others_ = 0;  // limit of a queue that is not named
  Slots shared_, prompt_;
  std::map<std::string, Queue, std::less<>> queues_;
  std::uint64_t turn_ = 0;                                   // of the queue that was served last
  std::set<std::pair<std::int64_t, std::int64_t>> delayed_;  // due_us, id
  std::unordered_map<JobId, Known> known_;
  std::size_t waiting_ = 0;  // delayed and ready
};

}  // namespace millrace
