#include "engine/catalog/group_commit.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/base/random.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::size_t kLeastAtOnce = 16;
constexpr std::size_t kMostAtOnce = 4'096;
// Statements of one transaction should not take longer: leases and journal lines wait behind them.
constexpr std::chrono::milliseconds kLongest{25};
constexpr std::chrono::milliseconds kFirstWait{20};
constexpr std::chrono::milliseconds kLongestWait{1'000};

}  // namespace

GroupCommit::GroupCommit(Database& database, const Clock& clock, Limits limits)
    : database_{database},
      clock_{clock},
      limits_{limits},
      writer_{system_random().hex(16)},
      thread_{[this] { serve(); }} {}

GroupCommit::~GroupCommit() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  wake_.notify_all();
  hurry_.notify_all();
}

void GroupCommit::write(Catalog::Write write, Catalog::Committed committed) {
  {
    const std::lock_guard lock{mutex_};
    if (queue_.size() < limits_.max_queued) {
      queue_.push_back({std::move(write), std::move(committed)});
      if (queue_.size() == 1) wake_.notify_one();
      return;
    }
  }
  committed(Error{Code::Exhausted,
                  fmt::format("catalog: too many writes wait for the database: {}; try again later",
                              limits_.max_queued)});
}

Catalog::Counters GroupCommit::counters() const {
  const std::lock_guard lock{mutex_};
  auto counters = counters_;
  counters.queued = queue_.size();
  return counters;
}

void GroupCommit::serve() {
  std::unique_lock lock{mutex_};
  while (true) {
    wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto batch = take();
    lock.unlock();
    commit(batch);
    for (Item& item : batch) item.committed(std::move(item.result));
    batch.clear();  // what the callbacks hold ends before the lock is taken
    lock.lock();
  }
}

std::vector<GroupCommit::Item> GroupCommit::take() {
  const auto count = std::min(queue_.size(), most_);
  std::vector<Item> batch;
  batch.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

void GroupCommit::commit(std::vector<Item>& batch) {
  const auto began = clock_.steady();
  std::chrono::milliseconds waited{0};
  auto wait = kFirstWait;
  while (true) {
    auto done = try_commit(batch);
    if (done.ok()) {
      gave_up_ = false;
      told_.reset();
      return;
    }
    // Waits are summed as well, so that a clock that stands still does not make this endless.
    const bool is_away = done.error().code == Code::Unavailable;
    // Once a batch has waited in vain the next ones are only tried: whoever asks learns at once.
    const auto patience = gave_up_ ? std::chrono::milliseconds{0} : limits_.patience;
    const bool is_patient = waited < patience && clock_.steady() - began < patience;
    if (!is_away || !is_patient) {
      if (told_ != done.error().code) {  // once for an outage, or for a full disk
        told_ = done.error().code;
        spdlog::error("catalog writes failed count={} code={} waited_ms={} error={}", batch.size(),
                      to_string(done.error().code), waited.count(), done.error().message);
      }
      gave_up_ = is_away;
      for (Item& item : batch) item.result = done.error();
      commit_unknown_ = false;
      return;
    }
    if (waited.count() == 0 && !gave_up_) {
      spdlog::warn("catalog unavailable, writes wait count={} error={}", batch.size(),
                   done.error().message);
    }
    {
      const std::lock_guard lock{mutex_};
      ++counters_.retried;
    }
    sleep(wait);
    waited += wait;
    wait = std::min(wait * 2, kLongestWait);
  }
}

Result<void> GroupCommit::try_commit(std::vector<Item>& batch) {
  if (!connection_) {
    MR_TRY(connection_, database_.connect());
  }
  if (commit_unknown_) {
    MR_TRY(const bool committed, was_committed());
    commit_unknown_ = false;
    // The results of its writes stand: what they told about the first run is what is on disk.
    if (committed) return {};
  }
  const auto began = clock_.steady();
  MR_CHECK(connection_->begin());
  auto done = run_writes(batch);
  const bool any = done.ok() && std::any_of(batch.begin(), batch.end(),
                                            [](const Item& item) { return item.result.ok(); });
  if (!done.ok() || !any) {
    auto undone = connection_->rollback();
    if (!undone.ok())
      connection_.reset();  // a transaction of unknown state ends with its connection
    return done;
  }
  if (database_.dialect() == SqlDialect::MySql) {
    auto marked = leave_mark();
    if (!marked.ok()) {
      if (!connection_->rollback().ok()) connection_.reset();
      return marked;
    }
  }
  auto committed = connection_->commit();
  if (!committed.ok()) {
    // Over the network the answer to a COMMIT may be lost after the server obeyed; within the
    // process it cannot.
    commit_unknown_ = database_.dialect() == SqlDialect::MySql;
    if (!connection_->rollback().ok()) connection_.reset();
    return committed;
  }
  const auto took = clock_.steady() - began;
  if (took > kLongest) {
    most_ = std::max(kLeastAtOnce, most_ / 2);
  } else if (batch.size() == most_) {
    most_ = std::min(kMostAtOnce, most_ * 2);
  }
  const std::lock_guard lock{mutex_};
  counters_.writes += static_cast<std::uint64_t>(
      std::count_if(batch.begin(), batch.end(), [](const Item& item) { return item.result.ok(); }));
  ++counters_.commits;
  return {};
}

Result<void> GroupCommit::run_writes(std::vector<Item>& batch) {
  const bool shared = batch.size() > 1;
  // A savepoint of the same name replaces the earlier one in MySQL, but lies on top of it in
  // SQLite.
  const bool release = shared && database_.dialect() == SqlDialect::Sqlite;
  for (Item& item : batch) {
    if (shared) MR_CHECK(connection_->run("SAVEPOINT one_write"));
    item.result = item.write(*connection_);
    if (!item.result.ok()) {
      // The database went away, or undid everything (a deadlock): all of the batch runs again.
      if (item.result.error().code == Code::Unavailable) return item.result.error();
      if (shared) MR_CHECK(connection_->run("ROLLBACK TO SAVEPOINT one_write"));
    }
    if (release) MR_CHECK(connection_->run("RELEASE SAVEPOINT one_write"));
  }
  return {};
}

Result<bool> GroupCommit::was_committed() {
  MR_TRY(const SqlRows found,
         connection_->query("SELECT mark FROM writer_marks WHERE writer = ?", {writer_}));
  return !found.rows.empty() && std::get<std::int64_t>(found.rows[0].at(0)) == mark_;
}

Result<void> GroupCommit::leave_mark() {
  ++mark_;
  const auto now = to_micros(clock_.now());
  if (mark_ > 1) {
    MR_TRY(const auto changed,
           connection_->execute("UPDATE writer_marks SET mark = ?, time_us = ? WHERE writer = ?",
                                {mark_, now, writer_}));
    if (changed.rows > 0) return {};
  }
  // The first of this writer: those of writers that have ended long ago go.
  MR_CHECK(
      connection_->execute("DELETE FROM writer_marks WHERE time_us < ?", {now - 86'400'000'000}));
  MR_CHECK(connection_->execute("INSERT INTO writer_marks (writer, mark, time_us) VALUES (?, ?, ?)",
                                {writer_, mark_, now}));
  return {};
}

void GroupCommit::sleep(std::chrono::milliseconds time) {
  std::unique_lock lock{mutex_};
  if (ending_) {
    hurry_.wait_for(lock, time, [] { return false; });
  } else {
    hurry_.wait_for(lock, time, [this] { return ending_; });
  }
}

}  // namespace millrace
