#pragma once

#include <condition_variable>
#include <deque>
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
    std::chrono::milliseconds patience{20'000};
  };

  GroupCommit(Database& database, const Clock& clock, Limits limits);
  /// Commits what was accepted; gives up when the database stays away.
  ~GroupCommit();

  void write(Catalog::Write write, Catalog::Committed committed);
  [[nodiscard]] Catalog::Counters counters() const;

 private:
  struct Item {
    Catalog::Write write;
    Catalog::Committed committed;
    Result<void> result{};
  };

  void serve();
  std::vector<Item> take();  // under the lock
  void commit(std::vector<Item>& batch);
  Result<void> try_commit(std::vector<Item>& batch);
  Result<void> run_writes(std::vector<Item>& batch);
  Result<bool> was_committed();
  Result<void> leave_mark();
  void sleep(std::chrono::milliseconds time);

  Database& database_;
  const Clock& clock_;
  const Limits limits_;
  const std::string writer_;  // name of this writer in writer_marks

  // The writer's thread alone.
  std::unique_ptr<Connection> connection_;
  std::int64_t mark_ = 0;        // of the last transaction that was begun
  bool commit_unknown_ = false;  // the connection was lost during COMMIT
  bool gave_up_ = false;         // the last batch failed because the database stayed away
  std::optional<Code> told_;     // why writes fail, as the log has been told since the last success
  std::size_t most_ =
      64;  // writes in one transaction; grows and shrinks with the time that they take

  mutable std::mutex mutex_;  // guards all below, but thread_
  std::condition_variable wake_, hurry_;
  std::deque<Item> queue_;
  bool ending_ = false;
  Catalog::Counters counters_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace millrace
