#include "engine/run/node_runner.hpp"

#include <algorithm>
#include <bit>
#include <exception>
#include <iterator>

#include "engine/run/node_state.hpp"
#include "engine/run/run_state.hpp"

namespace millrace {

namespace {

constexpr std::chrono::milliseconds kLongestNap{100};  // a run that waits for a retry still notices a stop

}  // namespace

NodeRunner::Slot*& NodeRunner::Slot::current() {
  thread_local Slot* slot = nullptr;
  return slot;
}

NodeRunner::NodeRunner(RunState& run, std::uint32_t id)
    : run_{run},
      plan_{run.plan().nodes[id]},
      id_{id},
      source_{plan_.head().table->produce != nullptr},
      replicable_{!source_ && plan_.replicable()},
      retries_{plan_.head().retry.tries > 1},
      stateless_{std::all_of(plan_.chain.begin(), plan_.chain.end(), [](const Node& node) { return node.info->stateless; })},
      pool_{plan_.head().info->blocking ? Pool::Waiting : Pool::Compute} {
  retries_with_state_ = retries_ && (source_ || (!replicable_ && !stateless_));
  if (replicable_) replicas_ = std::make_unique<Replicas>();
  if (!source_) input_ = run.inputs_of(id).front();
}

NodeRunner::~NodeRunner() = default;

// Whoever pokes has changed something else before, and pump() looks at that after it has said that it runs. A load here, or
// a plain store there, may pass the other access (x86 keeps stores in a buffer while it loads): the poke would see Queued,
// pump() would see the old state of affairs, and nobody would look again. Both sides modify `state_` in one step, so one of
// them comes second and sees what the first did before.
void NodeRunner::poke() {
  if (state_.fetch_or(kPoked, std::memory_order_acq_rel) != kIdle) return;
  run_.enter();
  Slot* slot = Slot::current();
  if (slot != nullptr && slot->next == nullptr && slot->run == &run_ && slot->pool == pool_) {
    slot->next = this;
  } else {
    run_.submit_next({pump_tasks, this}, pool_);
  }
}

void NodeRunner::hand_off() {
  Slot* slot = Slot::current();
  if (slot == nullptr || slot->next == nullptr) return;
  run_.submit_next({pump_tasks, std::exchange(slot->next, nullptr)}, slot->pool);
}

void NodeRunner::pump_tasks(void* self) {
  auto* node = static_cast<NodeRunner*>(self);
  RunState& run = node->run_;
  Slot slot{nullptr, &run, node->pool_};
  Slot* const outer = std::exchange(Slot::current(), &slot);
  while (true) {
    node->pump();
    node = std::exchange(slot.next, nullptr);
    if (node == nullptr) break;
    run.leave();
  }
  Slot::current() = outer;
  run.leave_task(slot.pool);  // the last one out ends the run
}

void NodeRunner::pump() {
  while (true) {
    state_.exchange(kRunning, std::memory_order_acq_rel);
    try {
      while (!run_.stopping() && flush() && step()) {
      }
    } catch (const std::exception& problem) {  // batches that do not fit together
      fail({Code::DataInvalid, problem.what()});
    }
    std::uint8_t running = kRunning;
    if (state_.compare_exchange_strong(running, kIdle, std::memory_order_acq_rel)) return;
  }
}

bool NodeRunner::is_busy() const {
  if ((state_.load(std::memory_order_acquire) & kRunning) != 0) return true;
  if (!replicas_) return false;
  const std::lock_guard lock{replicas_->mutex};
  return replicas_->idle.size() < replicas_->all.size();
}

bool NodeRunner::step() {
  if (finished_) return false;
  if (source_) return produce();
  return replicable_ ? dispatch() : consume();
}

ChainCall NodeRunner::call(std::int64_t sequence, unsigned attempt) {
  return {run_.services(), run_.scheduler().clock(), sequence, attempt, &run_.helpers()};
}

Result<void> NodeRunner::open_chain(const std::optional<std::string>& state) {
  if (chain_) return {};
  MR_TRY(Chain made, Chain::create(plan_, call(0)));
  if (state) {
    MR_CHECK(made.restore_head(call(0), *state));
  } else if (run_.options().resume) {
    MR_CHECK(made.restore(call(0), run_.options().resume->states));
  }
  chain_ = std::make_unique<Chain>(std::move(made));
  return {};
}

std::optional<NodeRunner::Work> NodeRunner::take_work() {
  if (!work_) return Work{};
  if (run_.scheduler().clock().steady() < work_->due) {
    nap(work_->due, {wake_task, this});
    return std::nullopt;
  }
  return std::move(*std::exchange(work_, nullptr));
}

Result<void> NodeRunner::prepare_try(Work& work, std::int64_t sequence) {
  MR_CHECK(open_chain(work.state));
  if (!retries_with_state_ || (work.attempt > 0 && work.state)) return {};
  work.state.reset();
  auto state = chain_->snapshot_head(call(sequence));
  if (state.ok()) {
    work.state = *std::move(state);
  } else if (state.error().code != Code::Unavailable) {
    return std::move(state).error();
  }
  return {};
}

bool NodeRunner::try_again(Work work, Error error) {
  // An operator whose state before the batch is not known may have done a part of it.
  const bool is_repeatable = !retries_with_state_ || !chain_ || work.state;
  if (!is_repeatable) {
    error.message += " (not tried again: the state of the node is too large to be kept)";
  }
  if (!is_repeatable || !may_retry(error, work.attempt)) {
    fail(std::move(error));
    return false;
  }
  if (retries_with_state_) chain_.reset();
  ++work.attempt;
  work.due = run_.scheduler().clock().steady() + wait_before(work.attempt);
  work_ = std::make_unique<Work>(std::move(work));
  return true;
}

bool NodeRunner::produce() {
  if (input_ > run_.turn()) return false;
  if (input_ < run_.turn()) {  // a resumed run: this input had ended before the checkpoint
    end_with({});
    return true;
  }
  auto work = take_work();
  if (!work) return false;
  hand_off();
  const std::int64_t sequence = run_.peek_sequence();
  auto more = [&]() -> Result<bool> {
    MR_CHECK(prepare_try(*work, sequence));
    return chain_->produce(call(sequence, work->attempt), work->out);
  }();
  if (!more.ok()) {
    work->out.clear();
    return try_again(*std::move(work), std::move(more).error());
  }
  if (!work->out.empty()) {
    Parcel parcel;
    parcel.input = input_;
    parcel.sequence = run_.next_sequence();
    parcel.barrier = run_.begin_barrier(input_, parcel.sequence);
    report_if_marked(parcel);
    deliver(parcel, std::move(work->out));
  }
  if (*more) return true;
  std::vector<Emitted> out;
  if (auto finished = chain_->finish(call(run_.peek_sequence()), out); !finished.ok()) {
    fail(std::move(finished).error());
    return false;
  }
  end_with(std::move(out));
  run_.end_turn();
  return true;
}

bool NodeRunner::consume() {
  const bool goes_on = work_ != nullptr;
  auto work = take_work();
  if (!work) return false;
  if (!goes_on) {
    auto parcel = take();
    if (!parcel) return false;
    work->parcel = *std::move(parcel);
  }
  const bool is_tail = work->parcel.is_tail();
  // What brings no work for the operator is done sooner than another thread could take over the node that waits.
  if (!work->parcel.batches.empty() || (is_tail && !stateless_)) hand_off();
  if (auto done = work_off(*work); !done.ok()) return try_again(*std::move(work), std::move(done).error());
  if (work->next < work->parcel.batches.size()) return false;  // the run is stopping
  if (is_tail) {
    if (auto finished = chain_->finish(call(Parcel::kTail), work->out); !finished.ok()) {
      fail(std::move(finished).error());
      return false;
    }
    end_with(std::move(work->out));
    return true;
  }
  report_if_marked(work->parcel);
  deliver(work->parcel, std::move(work->out));
  return true;
}

Result<void> NodeRunner::work_off(Work& work) {
  if (work.parcel.batches.empty()) return open_chain();
  for (; work.next < work.parcel.batches.size(); ++work.next) {
    if (run_.stopping()) return {};
    Batch& batch = work.parcel.batches[work.next];
    const std::size_t kept = work.out.size();
    auto result = [&]() -> Result<void> {
      MR_CHECK(prepare_try(work, work.parcel.sequence));
      return chain_->process(call(work.parcel.sequence, work.attempt), retries_ ? batch.share() : std::move(batch),
                             work.out);
    }();
    if (!result.ok()) {
      work.out.erase(work.out.begin() + static_cast<std::ptrdiff_t>(kept), work.out.end());
      return result;
    }
    work.attempt = 0;
  }
  return {};
}

void NodeRunner::end_with(std::vector<Emitted> out) {
  Parcel tail;
  tail.sequence = Parcel::kTail;
  finished_ = true;
  chain_.reset();  // destroys the operators; the next node's are made where they were
  deliver(tail, std::move(out));
  run_.node_finished();
}

void NodeRunner::report_if_marked(const Parcel& parcel) {
  if (!parcel.barrier || !(source_ || run_.reports(id_))) return;
  if (!run_.has_states(parcel.input)) return run_.report(std::nullopt);
  std::map<std::string, std::string> states;
  if (chain_) {
    if (auto taken = chain_->snapshot(call(parcel.sequence), states); !taken.ok()) {
      if (taken.error().code == Code::Unavailable) {
        give_up_checkpoint(taken.error());
        run_.report(std::nullopt);  // no state now: the job keeps its earlier checkpoint
      } else {
        fail(std::move(taken).error());
      }
      return;
    }
    given_up_ = 0;
  }
  run_.report(std::move(states));
}

// Whoever waits for the job must know that it would begin far back. Told at the first, second, fourth, eighth ... in a row.
void NodeRunner::give_up_checkpoint(const Error& why) {
  ++given_up_;
  if (!std::has_single_bit(given_up_)) return;
  run_.services().log(plan_.head().name, MR_LOG_WARN,
                      "no checkpoint, the job would resume from an earlier one: " + why.message +
                          " (in a row: " + std::to_string(given_up_) + ")");
}

bool NodeRunner::may_retry(const Error& error, unsigned attempt) const {
  const Node& node = plan_.head();
  if (static_cast<int>(attempt) + 1 >= node.retry.tries) return false;
  const bool passing = error.code == Code::Unavailable || error.code == Code::Io ||
                       error.code == Code::DeadlineExceeded;
  if (passing) {
    run_.services().log(node.name, MR_LOG_WARN,
                        "batch failed and will be tried again: " + error.message);
  }
  return passing;
}

// Waits are doubled from try to try.
std::chrono::milliseconds NodeRunner::wait_before(unsigned attempt) const {
  const RetryPolicy& policy = plan_.head().retry;
  auto wait = policy.first;
  for (unsigned i = 1; i < attempt && wait < policy.longest; ++i) wait *= 2;
  return std::min(wait, policy.longest);
}

// Runs the task when `due` comes, or a little earlier: it looks at the clock itself.
void NodeRunner::nap(Clock::Steady due, Task task) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - run_.scheduler().clock().steady());
  run_.enter();
  run_.scheduler().submit_after(std::clamp(left, std::chrono::milliseconds{1}, kLongestNap), task);
}

void NodeRunner::wake_task(void* self) {
  auto* node = static_cast<NodeRunner*>(self);
  RunState& run = node->run_;
  node->poke();
  run.leave();
}

void NodeRunner::fail(Error error) { run_.fail(std::move(error), plan_.head().name); }

}  // namespace millrace
