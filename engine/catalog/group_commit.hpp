#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/catalog/catalog.hpp"

namespace millrace {

/// The catalog's only writer: a thread that puts all writes that wait into one transaction, so that
/// they share its fsync. While one batch is being committed the next gathers, so the batch grows
/// with the load by itself. [any thread]
class GroupCommit {
 public:
  struct Limits {
    std::size_t max_queued = 65'536;
    std::size_t max_queued_bytes = 256 * 1024 * 1024;  // with those that are being written
    std::chrono::milliseconds patience{20'000};
    std::chrono::milliseconds answer_time{10'000};  // how long one statement may take to fail
  };

  GroupCommit(Database& database, const Clock& clock, Limits limits);
  /// Commits what was accepted; gives up when the database stays away.
  ~GroupCommit();

  void write(Catalog::Write write, Catalog::Committed committed,
             std::size_t bytes = Catalog::kUsualWriteBytes);
  /// Waits for the commit, patience and answer_time together at the most, and not beyond the
  /// thread's CatalogTimeLimit. What is still not done then is not called any more, and is
  /// Unavailable, or DeadlineExceeded: either it was not made, or, when its COMMIT was sent and not
  /// answered, it is not known whether it was; the message says which.
  Result<void> write_and_wait(Catalog::Write write, std::size_t bytes);
  [[nodiscard]] Catalog::Counters counters() const;

 private:
  /// The caller of write_and_wait(), shared by it and its item; guarded by mutex_. Its write may
  /// refer to its stack, so it is called in stage Running only, which the caller waits out.
  struct Waiter {
    enum class Stage {
      Queued,
      Running,     // the write is being called
      Written,     // it was called, and its transaction is open
      Committing,  // COMMIT was sent, and is not answered
      Undone,      // the transaction was undone and will be begun again
      Done
    };
    Stage stage = Stage::Queued;
    Clock::Steady until = Clock::Steady::max();  // the limit of the caller
    bool is_gone = false;  // the caller has given up: the write must not be called
    Result<void> result{};
    std::condition_variable changed{};
  };
  struct Item {
    Catalog::Write write;
    Catalog::Committed committed;
    std::size_t bytes = 0;
    std::uint64_t number = 0;          // grows with each
    std::shared_ptr<Waiter> waiter{};  // null: nobody waits on a thread of its own
    Result<void> result{};
  };

  std::optional<Error> enqueue(Item& item);
  Result<void> give_up_waiting(std::unique_lock<std::mutex>& lock, Waiter& waiter);
  [[nodiscard]] Error too_late(const Waiter& waiter) const;  // under the lock
  void serve();
  std::vector<Item> take();  // under the lock
  void tell(std::vector<Item>& items);
  void commit(std::vector<Item>& batch);
  void fail(std::vector<Item>& batch, Error error);
  void fail_waiting(std::uint64_t before, const Error& error);
  Result<void> try_commit(std::vector<Item>& batch);
  Result<bool> run_writes(std::vector<Item>& batch, bool is_guarded);
  Result<void> run_write(Item& item);
  std::uint64_t next_number() const;
  bool begin_commit(std::vector<Item>& batch);
  void set_stage(std::vector<Item>& batch, Waiter::Stage stage);
  Result<void> run_again(std::vector<Item>& batch);
  Result<void> undo(Result<void> why, std::vector<Item>& batch);
  Result<bool> was_committed();
  Result<void> make_mark();
  Result<void> leave_mark();
  void sleep(std::chrono::milliseconds time);

  Database& database_;
  const Clock& clock_;
  const Limits limits_;

  // The writer's thread alone.
  std::string writer_;  // its name in writer_marks
  std::unique_ptr<Connection> connection_;
  std::int64_t mark_ = 0;        // of the last transaction that was begun
  bool has_mark_ = false;        // writer_marks has a row of ours
  bool commit_unknown_ = false;  // the connection was lost during COMMIT
  bool gave_up_ = false;         // the last batch failed because the database stayed away
  std::optional<Code> told_;     // why writes fail, as the log has been told since the last success
  int guarded_ = 0;              // so many batches to come have a savepoint before each write
  std::size_t most_ =
      64;  // writes in one transaction; grows and shrinks with the time that they take

  mutable std::mutex mutex_;  // guards all below, but thread_
  std::condition_variable wake_, hurry_;
  std::deque<Item> queue_;
  std::uint64_t next_number_ = 0;
  std::size_t bytes_ = 0;  // of the queue and of the batch that is being written
  bool ending_ = false;
  Catalog::Counters counters_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace millrace
