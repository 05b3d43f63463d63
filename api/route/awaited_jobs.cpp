#include "api/route/awaited_jobs.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "api/route/work_lane.hpp"
#include "engine/engine.hpp"
#include "engine/job/outage_log.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

constexpr std::chrono::seconds kReadAgain{1};  // a row that could not be read
constexpr std::string_view kNotRead = "job that is waited for not read";

Refusal stopping() {
  auto refused = refusal(Code::Unavailable, "stopping", "the server stops: try again in a moment");
  refused.retry_after = std::chrono::seconds{5};
  return refused;
}

Refusal too_late(JobId job, const AwaitedJobs::Wait& wait) {
  const std::chrono::duration<double> time = wait.time;
  return refusal(Code::DeadlineExceeded, "deadline",
                 fmt::format("this has not been done within {} s: job {} {}", time.count(),
                             job.value, wait.stops_with_client ? "is stopped" : "goes on"));
}

}  // namespace

struct AwaitedJobs::State : std::enable_shared_from_this<State> {
  State(Engine& its_engine, WorkLane& its_lane, std::size_t its_most)
      : engine{its_engine}, lane{its_lane}, most{its_most} {}

  struct Entry {
    JobId job;
    Wait wait;
    Clock::Steady until;
    std::shared_ptr<const void> hold;  // of the lane, which so outlives what is under way for it
    std::uint64_t watch = 0;           // of the job service; 0: none yet
    bool is_reading = false, is_stale = false;
    bool is_put_off = false;  // its row could not be read and will be tried again
  };
  using Number = std::uint64_t;

  void add(JobId job, Wait wait);
  /// Takes an entry out: whoever has it answers, and nobody else does.
  std::optional<Entry> take(Number number);
  /// Has the row looked at, on the lane.
  void look(Number number);
  void read(Number number);
  void read_later(Number number);
  void end(Number number, Result<Job, Refusal> result);
  /// Ends a wait before its job has ended.
  void give_up(Number number, Refusal refused);
  void abort(JobId job) const;  // waits for the disk
  void abort_soon(JobId job);
  void arm(Clock::Steady due);  // with the mutex held
  void tick(Clock::Steady due);
  void after(std::chrono::milliseconds delay, std::function<void(State&)> work);

  Engine& engine;
  WorkLane& lane;
  const std::size_t most;
  OutageLog outages{engine.catalog().clock()};
  mutable std::mutex mutex;  // guards the rest
  std::map<Number, Entry> entries;
  Number next = 1;
  std::size_t places = 0;
  std::optional<Clock::Steady> armed;  // when the timer of the deadlines comes
  bool is_closed = false;
};

AwaitedJobs::AwaitedJobs(Engine& engine, WorkLane& lane, std::size_t most)
    : state_{std::make_shared<State>(engine, lane, most)} {}

AwaitedJobs::~AwaitedJobs() { close(); }

Result<AwaitedJobs::Place, Refusal> AwaitedJobs::enter() {
  const std::lock_guard lock{state_->mutex};
  if (state_->is_closed) return stopping();
  if (state_->places >= state_->most) {
    auto refused =
        refusal(Code::Unavailable, "busy",
                fmt::format("{} requests wait for the end of their jobs, which is as many as may: "
                            "try again in a while",
                            state_->places));
    refused.retry_after = std::chrono::seconds{5};
    return refused;
  }
  ++state_->places;
  return Place{state_.get(), [state = state_](const void*) {
                 const std::lock_guard its_lock{state->mutex};
                 --state->places;
               }};
}

void AwaitedJobs::wait(JobId job, Wait wait) { state_->add(job, std::move(wait)); }

std::size_t AwaitedJobs::waiting() const {
  const std::lock_guard lock{state_->mutex};
  return state_->entries.size();
}

void AwaitedJobs::close() {
  std::vector<State::Number> left;
  {
    const std::lock_guard lock{state_->mutex};
    state_->is_closed = true;
    for (const auto& [number, entry] : state_->entries) left.push_back(number);
  }
  std::vector<JobId> unwanted;
  for (const auto number : left) {
    auto entry = state_->take(number);
    if (!entry) continue;
    if (entry->wait.stops_with_client) unwanted.push_back(entry->job);
    entry->wait.ended(stopping());
  }
  for (const JobId job : unwanted) state_->abort(job);
}

void AwaitedJobs::State::add(JobId job, Wait wait) {
  const auto departure = wait.departure;
  Number number = 0;
  {
    const std::lock_guard lock{mutex};
    if (!is_closed) {
      number = next++;
      const auto until = engine.scheduler().clock().steady() + wait.time;
      entries.emplace(
          number, Entry{.job = job, .wait = std::move(wait), .until = until, .hold = lane.hold()});
      if (!armed || until < *armed) arm(until);
    }
  }
  if (number == 0) {
    if (wait.stops_with_client) abort_soon(job);
    return wait.ended(stopping());
  }
  // Whoever tells of a change may do so once more after unwatch().
  const auto watch = engine.jobs().watch(job, [weak = weak_from_this(), number](JobId) {
    if (const auto self = weak.lock()) self->look(number);
  });
  bool is_over = true;
  {
    const std::lock_guard lock{mutex};
    const auto found = entries.find(number);
    if (found != entries.end()) {
      found->second.watch = watch;
      is_over = false;
    }
  }
  if (is_over) return engine.jobs().unwatch(watch);
  look(number);  // it may have ended before it was watched
  if (!departure) return;
  departure->on_left([weak = weak_from_this(), number] {
    if (const auto self = weak.lock()) self->give_up(number, client_left());
  });
}

std::optional<AwaitedJobs::State::Entry> AwaitedJobs::State::take(Number number) {
  std::optional<Entry> entry;
  {
    const std::lock_guard lock{mutex};
    const auto found = entries.find(number);
    if (found == entries.end()) return std::nullopt;
    entry = std::move(found->second);
    entries.erase(found);
  }
  if (entry->watch != 0) engine.jobs().unwatch(entry->watch);
  return entry;
}

void AwaitedJobs::State::look(Number number) {
  std::shared_ptr<const void> hold;  // of the lane, which is used below
  {
    const std::lock_guard lock{mutex};
    const auto found = entries.find(number);
    if (found == entries.end()) return;
    auto& entry = found->second;
    entry.is_stale = true;
    if (std::exchange(entry.is_reading, true)) return;
    hold = entry.hold;
  }
  lane.push(make_work([self = shared_from_this(), number] { self->read(number); }));
}

void AwaitedJobs::State::read(Number number) {
  for (;;) {
    JobId job;
    {
      const std::lock_guard lock{mutex};
      const auto found = entries.find(number);
      if (found == entries.end()) return;
      auto& entry = found->second;
      if (!std::exchange(entry.is_stale, false)) {
        entry.is_reading = false;
        return;
      }
      job = entry.job;
    }
    const auto state = engine.job_store().state(job);
    if (state.ok()) outages.passed(kNotRead);
    if (state.ok() && !is_final(*state)) continue;
    Result<Job> row = state.ok() ? engine.job_store().get(job) : Result<Job>{state.error()};
    if (row.ok()) return end(number, *std::move(row));
    if (row.error().code == Code::NotFound) return end(number, std::move(row).error());
    outages.failed(kNotRead, job, row.error());
    read_later(number);
  }
}

void AwaitedJobs::State::read_later(Number number) {
  {
    const std::lock_guard lock{mutex};
    const auto found = entries.find(number);
    if (found == entries.end() || std::exchange(found->second.is_put_off, true)) return;
  }
  after(kReadAgain, [number](State& self) {
    {
      const std::lock_guard lock{self.mutex};
      const auto found = self.entries.find(number);
      if (found == self.entries.end()) return;
      found->second.is_put_off = false;
    }
    self.look(number);
  });
}

void AwaitedJobs::State::end(Number number, Result<Job, Refusal> result) {
  if (auto entry = take(number)) entry->wait.ended(std::move(result));
}

void AwaitedJobs::State::give_up(Number number, Refusal refused) {
  auto entry = take(number);
  if (!entry) return;
  bool is_wanted = !entry->wait.stops_with_client;
  {
    const std::lock_guard lock{mutex};
    is_wanted = is_wanted || std::any_of(entries.begin(), entries.end(), [&](const auto& other) {
                  return other.second.job == entry->job;
                });
  }
  if (!is_wanted) abort_soon(entry->job);
  entry->wait.ended(std::move(refused));
}

void AwaitedJobs::State::abort_soon(JobId job) {
  lane.push(make_work([self = shared_from_this(), job] { self->abort(job); }));
}

void AwaitedJobs::State::abort(JobId job) const {
  const auto aborted = engine.jobs().abort(job, StopReason::User);
  if (aborted.ok() || aborted.error().code == Code::Conflict) return;  // it has ended by itself
  spdlog::warn("job that nobody waits for is not aborted job={} error={}", job.value,
               aborted.error().message);
}

// --- deadlines ---

void AwaitedJobs::State::after(std::chrono::milliseconds delay, std::function<void(State&)> work) {
  // A timer keeps nobody.
  engine.scheduler().submit_after(delay,
                                  make_task([weak = weak_from_this(), work = std::move(work)] {
                                    if (const auto self = weak.lock()) work(*self);
                                  }));
}

void AwaitedJobs::State::arm(Clock::Steady due) {
  armed = due;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(due - engine.scheduler().clock().steady());
  after(std::max(left, std::chrono::milliseconds{1}), [due](State& self) { self.tick(due); });
}

void AwaitedJobs::State::tick(Clock::Steady due) {
  std::vector<std::pair<Number, Refusal>> late;
  {
    const std::lock_guard lock{mutex};
    if (armed != due) return;  // a sooner one has taken its place
    armed.reset();
    const auto now = engine.scheduler().clock().steady();
    std::optional<Clock::Steady> first;
    for (const auto& [number, entry] : entries) {
      if (entry.until <= now) {
        late.emplace_back(number, too_late(entry.job, entry.wait));
      } else {
        first = std::min(first.value_or(entry.until), entry.until);
      }
    }
    if (first) arm(*first);
  }
  for (auto& [number, refused] : late) give_up(number, std::move(refused));
}

// --- how a job has ended ---

Refusal client_left() {
  return refusal(Code::Cancelled, "client_left", "the client has gone before it was answered");
}

Result<void, Refusal> check_finished(const Job& job) {
  if (job.state == JobState::Finished) return {};
  if (job.state == JobState::Failed) {
    const Json& told = job.error.is_object() ? job.error : Json::object();
    const auto node = told.value("node", std::string{});
    Error error{read_code(told.value("code", std::string{})).value_or(Code::Internal),
                told.value("message", std::string{"the job failed"})};
    // A client knows no nodes of ours.
    if (!node.empty() && error.message.starts_with(node + ": "))
      error.message.erase(0, node.size() + 2);
    return error;
  }
  if (job.stop_reason == StopReason::Deadline)
    return refusal(Code::DeadlineExceeded, "deadline", "the job was stopped at its deadline");
  return refusal(Code::Cancelled, "aborted",
                 fmt::format("the job was aborted: reason {}", to_string(job.stop_reason)));
}

}  // namespace millrace::api
