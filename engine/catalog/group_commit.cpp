#include "engine/catalog/group_commit.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/base/random.hpp"
#include "engine/catalog/time_limit.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::size_t kLeastAtOnce = 16;
constexpr std::size_t kMostAtOnce = 4'096;
constexpr int kGuardedBatches = 16;
constexpr std::size_t kMostBytesAtOnce = 8 * 1024 * 1024;  // of one transaction with several writes
// Statements of one transaction should not take longer: leases and journal lines wait behind them.
constexpr std::chrono::milliseconds kLongest{25};
constexpr std::chrono::milliseconds kFirstWait{20};
constexpr std::chrono::milliseconds kLongestWait{1'000};
constexpr std::int64_t kMarkLifeUs = 86'400'000'000;  // of a writer that has ended

constexpr std::string_view kNotMade = "the change was not made; try again later";
constexpr std::string_view kNotKnown =
    "it is not known whether the change was made: look before you try again";

// Of one write alone; nobody hears of it.
Error gone() { return {Code::Cancelled, "catalog: the caller has given this change up"}; }

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

void GroupCommit::write(Catalog::Write write, Catalog::Committed committed, std::size_t bytes) {
  Item item{.write = std::move(write), .committed = std::move(committed), .bytes = bytes};
  if (auto refused = enqueue(item)) item.committed(*std::move(refused));
}

Result<void> GroupCommit::write_and_wait(Catalog::Write write, std::size_t bytes) {
  const auto waiter = std::make_shared<Waiter>();
  waiter->until = CatalogTimeLimit::of_this_thread();
  Item item{.write = std::move(write), .committed = {}, .bytes = bytes, .waiter = waiter};
  if (auto refused = enqueue(item)) return *std::move(refused);
  const auto longest = std::chrono::steady_clock::now() + limits_.patience + limits_.answer_time;
  std::unique_lock lock{mutex_};
  const bool is_done =
      waiter->changed.wait_until(lock, std::min<Clock::Steady>(longest, waiter->until),
                                 [&waiter] { return waiter->stage == Waiter::Stage::Done; });
  return is_done ? std::move(waiter->result) : give_up_waiting(lock, *waiter);
}

// Takes the item, or says why not and leaves it.
std::optional<Error> GroupCommit::enqueue(Item& item) {
  const std::lock_guard lock{mutex_};
  if (queue_.size() >= limits_.max_queued) {
    return Error{Code::Exhausted,
                 fmt::format("catalog: too many writes wait for the database: {}; try again later",
                             limits_.max_queued)};
  }
  // One that is larger than the limit by itself is taken when nothing else waits.
  if (bytes_ > 0 && bytes_ + item.bytes > limits_.max_queued_bytes) {
    return Error{
        Code::Exhausted,
        fmt::format("catalog: too many bytes wait for the database: {}; try again later", bytes_)};
  }
  bytes_ += item.bytes;
  item.number = next_number_++;
  queue_.push_back(std::move(item));
  if (queue_.size() == 1) wake_.notify_one();
  return std::nullopt;
}

Result<void> GroupCommit::give_up_waiting(std::unique_lock<std::mutex>& lock, Waiter& waiter) {
  using Stage = Waiter::Stage;
  // Each of its statements ends within answer_time, and the first that fails is its last.
  waiter.changed.wait(lock, [&waiter] { return waiter.stage != Stage::Running; });
  if (waiter.stage == Stage::Done) return std::move(waiter.result);
  waiter.is_gone = true;
  if (waiter.stage == Stage::Queued) {
    const auto found = std::find_if(queue_.begin(), queue_.end(), [&waiter](const Item& item) {
      return item.waiter.get() == &waiter;
    });
    if (found != queue_.end()) {
      bytes_ -= found->bytes;
      queue_.erase(found);
    }
  }
  return too_late(waiter);
}

Error GroupCommit::too_late(const Waiter& waiter) const {
  const auto what = waiter.stage == Waiter::Stage::Committing ? kNotKnown : kNotMade;
  if (std::chrono::steady_clock::now() >= waiter.until) {
    return {Code::DeadlineExceeded,
            fmt::format("catalog: the database has not answered in time: {}", what)};
  }
  const auto waited =
      std::chrono::duration_cast<std::chrono::seconds>(limits_.patience + limits_.answer_time);
  return {Code::Unavailable,
          fmt::format("catalog: the database has not answered for {} s: {}", waited.count(), what)};
}

Catalog::Counters GroupCommit::counters() const {
  const std::lock_guard lock{mutex_};
  auto counters = counters_;
  counters.queued = queue_.size();
  counters.queued_bytes = bytes_;
  return counters;
}

std::uint64_t GroupCommit::next_number() const {
  const std::lock_guard lock{mutex_};
  return next_number_;
}

void GroupCommit::serve() {
  std::unique_lock lock{mutex_};
  while (true) {
    wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto batch = take();
    lock.unlock();
    commit(batch);
    tell(batch);
    batch.clear();  // what the callbacks hold ends before the lock is taken
    lock.lock();
  }
}

std::vector<GroupCommit::Item> GroupCommit::take() {
  const auto most = std::min(queue_.size(), most_);
  std::vector<Item> batch;
  batch.reserve(most);
  for (std::size_t bytes = 0; batch.size() < most; queue_.pop_front()) {
    bytes += queue_.front().bytes;
    if (!batch.empty() && bytes > kMostBytesAtOnce) break;
    batch.push_back(std::move(queue_.front()));
  }
  return batch;
}

// Tells everybody how it ended. Not under the lock.
void GroupCommit::tell(std::vector<Item>& items) {
  {
    const std::lock_guard lock{mutex_};
    for (Item& item : items) {
      bytes_ -= item.bytes;
      if (!item.waiter) continue;
      item.waiter->result = std::move(item.result);
      item.waiter->stage = Waiter::Stage::Done;
      item.waiter->changed.notify_one();
    }
  }
  for (Item& item : items) {
    if (item.committed) item.committed(std::move(item.result));
  }
}

void GroupCommit::commit(std::vector<Item>& batch) {
  const auto began = clock_.steady();
  std::chrono::milliseconds waited{0};
  auto wait = kFirstWait;
  while (true) {
    const auto known = gave_up_ ? next_number() : 0;
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
      // That try speaks for all who waited when it began: each of its own would take as long.
      if (is_away && gave_up_) fail_waiting(known, done.error());
      gave_up_ = is_away;
      fail(batch, std::move(done).error());
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

void GroupCommit::fail(std::vector<Item>& batch, Error error) {
  if (std::exchange(commit_unknown_, false)) {
    error = error.within(kNotKnown);
    // The lost session may hold our mark for long: under another name the next batch need not wait.
    writer_ = system_random().hex(16);
    has_mark_ = false;
  }
  for (Item& item : batch) item.result = error;
}

void GroupCommit::fail_waiting(std::uint64_t before, const Error& error) {
  std::vector<Item> failed;
  {
    const std::lock_guard lock{mutex_};
    for (; !queue_.empty() && queue_.front().number < before; queue_.pop_front()) {
      failed.push_back(std::move(queue_.front()));
      failed.back().result = error;
    }
  }
  tell(failed);
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
    set_stage(batch, Waiter::Stage::Undone);
  }
  const bool is_remote = database_.dialect() == SqlDialect::MySql;
  if (is_remote && !has_mark_) MR_CHECK(make_mark());
  const auto began = clock_.steady();
  // Writes seldom fail. When one does, what it has changed goes with all of the batch, which runs
  // again with a savepoint before each; so do some more, since failures come together.
  const bool is_guarded = batch.size() > 1 && guarded_ > 0;
  MR_CHECK(connection_->begin());
  auto done = run_writes(batch, is_guarded);
  if (done.ok() && !*done) {
    guarded_ = kGuardedBatches;
    return run_again(batch);
  }
  if (is_guarded) --guarded_;
  const bool any = done.ok() && std::any_of(batch.begin(), batch.end(),
                                            [](const Item& item) { return item.result.ok(); });
  if (!done.ok()) return undo(std::move(done).error(), batch);
  if (!any) return undo({}, batch);
  if (is_remote) {
    if (auto marked = leave_mark(); !marked.ok()) return undo(std::move(marked), batch);
  }
  if (!begin_commit(batch))
    return run_again(batch);  // comes to an end: one more is left out each time
  auto committed = connection_->commit();
  if (!committed.ok()) {
    // Over the network the answer to a COMMIT may be lost after the server obeyed; within the
    // process it cannot.
    commit_unknown_ = is_remote;
    if (!connection_->rollback().ok()) connection_.reset();
    if (!is_remote) set_stage(batch, Waiter::Stage::Undone);
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

// Undoes the transaction, and says why.
Result<void> GroupCommit::undo(Result<void> why, std::vector<Item>& batch) {
  // A transaction of unknown state ends with its connection.
  if (!connection_->rollback().ok()) connection_.reset();
  set_stage(batch, Waiter::Stage::Undone);
  return why;
}

Result<void> GroupCommit::run_again(std::vector<Item>& batch) {
  MR_CHECK(undo({}, batch));
  return connection_ ? try_commit(batch)
                     : Error{Code::Unavailable, "catalog: the connection was lost"};
}

// False: a write has failed, and no savepoint tells where it began.
Result<bool> GroupCommit::run_writes(std::vector<Item>& batch, bool is_guarded) {
  // A savepoint of the same name replaces the earlier one in MySQL, but lies on top of it in
  // SQLite.
  const bool releases = is_guarded && database_.dialect() == SqlDialect::Sqlite;
  for (Item& item : batch) {
    if (is_guarded) MR_CHECK(connection_->run("SAVEPOINT one_write"));
    item.result = run_write(item);
    if (!item.result.ok()) {
      // The database went away, or undid everything (a deadlock): all of the batch runs again.
      if (item.result.error().code == Code::Unavailable) return item.result.error();
      if (is_guarded) {
        MR_CHECK(connection_->run("ROLLBACK TO SAVEPOINT one_write"));
      } else if (batch.size() > 1) {
        return false;
      }
    }
    if (releases) MR_CHECK(connection_->run("RELEASE SAVEPOINT one_write"));
  }
  return true;
}

Result<void> GroupCommit::run_write(Item& item) {
  if (!item.waiter) return item.write(*connection_);
  {
    const std::lock_guard lock{mutex_};
    if (item.waiter->is_gone) return gone();
    item.waiter->stage = Waiter::Stage::Running;
  }
  // A statement that SQLite is told to stop takes the whole transaction with it; it waits for
  // nobody within one.
  const bool is_remote = database_.dialect() == SqlDialect::MySql;
  if (is_remote) connection_->stop_at(item.waiter->until);
  auto done = item.write(*connection_);
  if (is_remote) connection_->stop_at(Clock::Steady::max());
  const std::lock_guard lock{mutex_};
  item.waiter->stage = Waiter::Stage::Written;
  item.waiter->changed.notify_one();
  return done;
}

// What somebody has given up between its write and now was said not to be made: false, and all of
// the batch has to run again without it.
bool GroupCommit::begin_commit(std::vector<Item>& batch) {
  const std::lock_guard lock{mutex_};
  for (const Item& item : batch) {
    if (item.waiter && item.waiter->is_gone && item.waiter->stage == Waiter::Stage::Written)
      return false;
  }
  for (const Item& item : batch) {
    if (item.waiter && !item.waiter->is_gone) item.waiter->stage = Waiter::Stage::Committing;
  }
  return true;
}

void GroupCommit::set_stage(std::vector<Item>& batch, Waiter::Stage stage) {
  const std::lock_guard lock{mutex_};
  for (const Item& item : batch) {
    if (!item.waiter) continue;
    item.waiter->stage = stage;
    item.waiter->changed.notify_one();
  }
}

// Locks the row: a server that still holds the COMMIT of the lost session holds the row for it, so
// the answer comes when that has been decided, or not at all (a lock that was not to be had is
// Unavailable). Read without a lock, the row shows the mark before, and the writes are done twice.
Result<bool> GroupCommit::was_committed() {
  MR_CHECK(connection_->begin());
  const auto found =
      connection_->query("SELECT mark FROM writer_marks WHERE writer = ? FOR UPDATE", {writer_});
  if (!connection_->rollback().ok()) connection_.reset();
  if (!found.ok()) return found.error();
  if (!connection_) return Error{Code::Unavailable, "catalog: the connection was lost"};
  return !found->rows.empty() && std::get<std::int64_t>(found->rows[0].at(0)) == mark_;
}

// Outside of every batch, so that the row is there to be locked when the first COMMIT is in doubt.
// The marks of writers that have ended long ago go; by key, since a look at each row would wait for
// those that are being written.
Result<void> GroupCommit::make_mark() {
  const auto now = to_micros(clock_.now());
  MR_TRY(const SqlRows old, connection_->query("SELECT writer FROM writer_marks WHERE time_us < ?",
                                               {now - kMarkLifeUs}));
  for (const auto& row : old.rows) {
    MR_CHECK(connection_->execute("DELETE FROM writer_marks WHERE writer = ? AND time_us < ?",
                                  {row.at(0), now - kMarkLifeUs}));
  }
  const auto made = connection_->execute(
      "INSERT INTO writer_marks (writer, mark, time_us) VALUES (?, ?, ?)", {writer_, mark_, now});
  // There is one when the answer to an earlier INSERT was lost.
  if (!made.ok() && made.error().code != Code::Conflict) return made.error();
  has_mark_ = true;
  return {};
}

Result<void> GroupCommit::leave_mark() {
  ++mark_;
  MR_TRY(const auto changed,
         connection_->execute("UPDATE writer_marks SET mark = ?, time_us = ? WHERE writer = ?",
                              {mark_, to_micros(clock_.now()), writer_}));
  if (changed.rows > 0) return {};
  has_mark_ =
      false;  // another writer took us for one that has ended: nothing was written for a day
  return Error{Code::Unavailable, "catalog: the mark of this writer is gone; it is made anew"};
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
