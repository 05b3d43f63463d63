#include <algorithm>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "engine/catalog/ended_jobs.hpp"
#include "engine/job/job_followers.hpp"
#include "engine/job/job_rows.hpp"
#include "engine/job/job_service_state.hpp"
#include "engine/job/job_store.hpp"

#include <fmt/format.h>

// Jobs that ended long ago go, with their journal and their idempotency key, unless one that began
// behind them goes on: it may ask for what became of them. A step at a time, each a small
// transaction, so that other writes never wait long behind them.

namespace millrace {

using detail::text;

namespace {

constexpr int kStep = 100;  // jobs looked at, and removed at the most, at once
constexpr std::chrono::minutes kSweepEvery{60};

// Returns the jobs of a page that ended before a time; sets `is_last` at the first one that was
// made after it, since none behind that one can have ended before.
std::vector<std::int64_t> ended_before(const SqlRows& page, std::int64_t before_us, bool& is_last) {
  std::vector<std::int64_t> ids;
  for (const auto& row : page.rows) {
    if (integer(row.at(1)) >= before_us) {
      is_last = true;
      break;
    }
    const auto state = read_job_state(text(row.at(3)));
    const auto finished_us = integer(row.at(2));
    const bool has_ended = state && is_final(*state) && finished_us > 0 && finished_us < before_us;
    if (has_ended) ids.push_back(integer(row.at(0)));
  }
  return ids;
}

}  // namespace

Result<JobStore::Removed> JobStore::remove_ended(std::int64_t before_us, JobId after) {
  Removed removed;
  std::vector<std::int64_t> ids;
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows page,
           connection.query("SELECT id, created_us, finished_us, state FROM jobs WHERE id > ? "
                            "ORDER BY id LIMIT ?",
                            {after.value, std::int64_t{kStep}}));
    removed = {};
    removed.is_last = page.rows.size() < static_cast<std::size_t>(kStep);
    if (!page.rows.empty()) removed.looked_at = JobId{integer(page.rows.back().at(0))};
    ids = ended_before(page, before_us, removed.is_last);
    return {};
  }));
  if (ids.empty()) return removed;
  MR_CHECK(catalog_.write_and_wait([&](Connection& connection) -> Result<void> {
    removed.jobs = 0;
    for (const std::int64_t id : ids) {
      MR_TRY(const bool is_followed,
             detail::is_followed(connection, catalog_.dialect(), JobId{id}));
      if (is_followed) continue;
      // Asked for again meanwhile: it has not ended any more. What hangs on it goes with it.
      MR_TRY(const auto gone,
             connection.execute(fmt::format("DELETE FROM jobs WHERE id = ? AND finished_us > 0 AND "
                                            "finished_us < ? AND state IN {}",
                                            kEndedJobs),
                                {id, before_us}));
      removed.jobs += gone.rows > 0 ? 1 : 0;
    }
    return {};
  }));
  return removed;
}

void JobService::State::sweep() {
  const auto keep = std::chrono::duration_cast<std::chrono::microseconds>(settings.keep_ended);
  const std::int64_t before_us = now_us() - keep.count();
  std::int64_t total = 0;
  JobId after{};
  while (!is_stopping()) {
    const auto removed = jobs.remove_ended(before_us, after);
    if (!removed.ok()) {
      spdlog::warn("old jobs not removed yet error={}", removed.error().message);
      break;
    }
    total += removed->jobs;
    after = removed->looked_at;
    if (removed->is_last) break;
  }
  if (total > 0) spdlog::info("old jobs removed count={}", total);
}

void JobService::State::sweep_now_and_then() {
  if (settings.keep_ended.count() == 0 || is_stopping()) return;
  post(Pool::Upkeep, [this] {
    remove_contents();  // before the rows that lead to them
    sweep();
    sweep_scratch();
    sweep_sealed();
  });
  // Owned by the task, which always runs; a timer does not keep a service that has ended.
  auto* next = new std::weak_ptr<State>{weak_from_this()};
  scheduler.submit_after(kSweepEvery, {[](void* self) {
                                         const std::unique_ptr<std::weak_ptr<State>> mine{
                                             static_cast<std::weak_ptr<State>*>(self)};
                                         if (const auto state = mine->lock())
                                           state->sweep_now_and_then();
                                       },
                                       next});
}

}  // namespace millrace
