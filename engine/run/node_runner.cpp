#include "engine/run/node_runner.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <exception>
#include <utility>

#include "engine/run/node_state.hpp"
#include "engine/run/run_state.hpp"

namespace millrace {

namespace {

constexpr std::chrono::milliseconds kLongestNap{
    100};  // a run that waits for a retry still notices a stop

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
      whole_{plan_.head().info->whole_sequence},
      stateless_{std::all_of(plan_.chain.begin(), plan_.chain.end(),
                             [](const Node& node) { return node.info->stateless; })},
      pool_{plan_.head().waits() ? Pool::Waiting : Pool::Compute} {
  retries_with_state_ = retries_ && (source_ || (!replicable_ && !stateless_));
  if (replicable_) replicas_ = std::make_unique<Replicas>();
  if (!source_) input_ = run.inputs_of(id).front();
}

NodeRunner::~NodeRunner() = default;

void NodeRunner::poke() {
  if (!wake_.poke()) return;
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
    if (slot.next == nullptr) run.change_budget(std::exchange(slot.debt, 0));  // may wake a node
    node = std::exchange(slot.next, nullptr);
    if (node == nullptr) break;
    run.leave();
  }
  Slot::current() = outer;
  run.leave_task(slot.pool);  // the last one out ends the run
}

void NodeRunner::pump() {
  while (true) {
    wake_.begin();
    try {
      while (!run_.stopping() && flush() && step()) {
      }
    } catch (const std::exception& problem) {  // batches that do not fit together
      fail({Code::DataInvalid, problem.what()});
    }
    if (wake_.try_end()) return;
  }
}

bool NodeRunner::is_busy() const {
  if (wake_.is_running()) return true;
  if (!replicas_) return false;
  const std::lock_guard lock{replicas_->mutex};
  return replicas_->idle.size() < replicas_->all.size();
}

bool NodeRunner::step() {
  if (finished_) return false;
  if (source_) return produce();
  return replicable_ ? dispatch() : consume();
}

ChainCall NodeRunner::call(std::int64_t sequence, unsigned attempt, HeldReports* held) {
  return {run_.services(), run_.scheduler().clock(), sequence, attempt, &run_.helpers(), held};
}

ChainCall NodeRunner::call(const Work& work) {
  const auto sequence = sequence_of(work.parcel);
  return work.tries ? call(sequence, work.tries->attempt, &work.tries->held) : call(sequence);
}

NodeRunner::Seldom& NodeRunner::seldom() {
  if (!seldom_) seldom_ = std::make_unique<Seldom>();
  return *seldom_;
}

std::vector<Batch> NodeRunner::take_rows() {
  return seldom_ ? std::exchange(seldom_->rows, {}) : std::vector<Batch>{};
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

bool NodeRunner::is_resting() {
  if (!work_ || !work_->tries || run_.scheduler().clock().steady() >= work_->tries->due)
    return false;
  nap(work_->tries->due, {wake_task, this});
  return true;
}

// A source's last calls belong to what it has read; what others emit at the end comes in parts
// behind all batches, each with a number of its own.
std::int64_t NodeRunner::sequence_of(const Parcel& parcel) const {
  if (source_) return run_.peek_sequence();
  if (!parcel.is_tail() || !parcel.has_more) return parcel.sequence;
  return kFirstTailPart + (seldom_ ? seldom_->tail_parts : 0);
}

Result<void> NodeRunner::prepare_try(Work& work) {
  if (!retries_) return chain_ ? Result<void>{} : open_chain();
  if (!work.tries) work.tries = std::make_unique<Tries>();
  Tries& tries = *work.tries;
  MR_CHECK(open_chain(tries.state));
  if (tries.attempt == 0) tries.mark = work.out.mark();
  if (!retries_with_state_ || (tries.attempt > 0 && tries.state)) return {};
  tries.state.reset();
  auto state = chain_->snapshot_head(call(work));
  if (state.ok()) {
    tries.state = *std::move(state);
  } else if (state.error().code != Code::Unavailable) {
    return std::move(state).error();
  }
  return {};
}

Result<void> NodeRunner::succeed(Work& work) {
  if (!work.tries) return {};
  work.tries->attempt = 0;
  return std::exchange(work.tries->held, {})
      .hand_over(run_.services(), plan_.head().name, sequence_of(work.parcel));
}

bool NodeRunner::try_again(Work& work, Error error) {
  const bool was_finishing = work.parcel.is_last() && work.next == work.parcel.batches.size();
  // An operator whose state before the batch is not known may have done a part of it.
  const bool is_known = !retries_with_state_ || !chain_ || (work.tries && work.tries->state);
  const bool may_help = !was_finishing && work.tries && may_retry(error, work.tries->attempt);
  if (may_help && !is_known)
    error.message += " (not tried again: the state of the node is too large to be kept)";
  if (!may_help || !is_known) {
    fail(std::move(error));
    return false;
  }
  Tries& tries = *work.tries;
  if (auto back = work.out.roll_back(tries.mark); !back.ok()) {
    fail(std::move(back).error());
    return false;
  }
  if (auto dropped = tries.held.drop(run_.services()); !dropped.ok()) {
    fail(std::move(dropped).error());
    return false;
  }
  if (retries_with_state_ || work.goes_on) chain_.reset();
  work.goes_on = false;
  ++tries.attempt;
  tries.due = run_.scheduler().clock().steady() + wait_before(tries.attempt);
  work_ = std::make_unique<Work>(std::move(work));
  return true;
}

bool NodeRunner::produce() {
  if (input_ > run_.turn()) return false;
  if (input_ < run_.turn()) {  // a resumed run: this input had ended before the checkpoint
    std::vector<Emitted> nothing;
    end_with(nothing);
    return true;
  }
  if (is_resting()) return false;
  if (!work_ && !run_.budget().has_room_for(id_)) return false;
  Work work =
      work_ ? std::move(*std::exchange(work_, nullptr)) : Work{{}, Output{run_.spill_files()}};
  if (work.parcel.is_tail()) return advance(work);
  if (!work.is_produced) {
    hand_off();
    auto more = [&]() -> Result<bool> {
      MR_CHECK(prepare_try(work));
      MR_TRY(const bool goes_on, chain_->produce(call(work), work.out));
      MR_CHECK(succeed(work));
      return goes_on;
    }();
    if (!more.ok()) return try_again(work, std::move(more).error());
    work.is_produced = true;
    work.is_end = !*more;
    if (!work.out.empty()) {
      work.parcel.input = input_;
      work.parcel.sequence = run_.next_sequence();
      work.parcel.barrier = run_.begin_barrier(input_, work.parcel.sequence);
    }
  }
  if (!work.out.empty()) {
    std::vector<Emitted> part;
    if (!take_part(work.out, part)) return false;
    const bool has_more = !work.out.empty();
    deliver(work.parcel, has_more, part);
    if (!has_more) report_if_marked(work.parcel);
    recycle(std::move(part));
    if (has_more) {
      work_ = std::make_unique<Work>(std::move(work));
      return true;
    }
  }
  if (!work.is_end) return true;
  work.parcel = {};
  work.parcel.sequence = Parcel::kTail;
  return advance(work);
}

bool NodeRunner::consume() {
  if (is_resting()) return false;
  if (work_) {
    const auto kept = std::move(work_);
    return advance(*kept);
  }
  auto parcel = take();
  if (!parcel) return false;
  Work work{*std::move(parcel), Output{run_.spill_files()}};
  return advance(work);
}

// The threads of a training operator are taken from the compute pool while it is called.
class NodeRunner::HeldThreads {
 public:
  HeldThreads(RunState& run, const Node& node)
      : run_{run},
        threads_{node.is_training() ? static_cast<std::ptrdiff_t>(node.resources.threads) : 0} {
    if (threads_ > 0) run_.scheduler().hold_compute(threads_);
  }
  ~HeldThreads() {
    if (threads_ > 0) run_.scheduler().hold_compute(-threads_);
  }
  HeldThreads(const HeldThreads&) = delete;
  HeldThreads& operator=(const HeldThreads&) = delete;

 private:
  RunState& run_;
  const std::ptrdiff_t threads_;
};

bool NodeRunner::advance(Work& work) {
  // What brings no work for the operator is done sooner than another thread could take over the
  // node that waits.
  if (!work.parcel.batches.empty() || (work.parcel.is_last() && !stateless_)) hand_off();
  auto done = [&] {
    const HeldThreads held{run_, plan_.head()};
    return work_off(work);
  }();
  if (!done.ok()) return try_again(work, std::move(done).error());
  return settle(work, *done);
}

Result<bool> NodeRunner::work_off(Work& work) {
  if (work.out.is_over()) return false;
  auto& batches = work.parcel.batches;
  if (work.next == batches.size() && !chain_) MR_CHECK(open_chain());
  while (work.next < batches.size()) {
    MR_TRY(const bool is_done, call_batch(work, batches[work.next]));
    if (!is_done) return false;
    ++work.next;
    const bool calls_again = work.next < batches.size() || work.parcel.is_last();
    if (calls_again && work.out.is_full()) return false;
  }
  if (!work.parcel.is_last()) return !work.out.is_over();
  while (true) {
    if (run_.stopping()) return Error{Code::Cancelled, "stopped"};
    MR_TRY(const Answer answer, chain_->finish(call(work), work.out));
    if (answer == Answer::Done) break;
    if (!work.out.empty()) return false;
  }
  MR_CHECK(succeed(work));
  return !work.out.is_over();
}

Result<bool> NodeRunner::call_batch(Work& work, Batch& batch) {
  while (true) {
    if (run_.stopping()) return Error{Code::Cancelled, "stopped"};
    auto answer = [&]() -> Result<Answer> {
      if (work.goes_on) return chain_->go_on(call(work), work.out);
      MR_CHECK(prepare_try(work));
      return chain_->process(call(work), retries_ ? batch.share() : std::move(batch), work.out);
    }();
    if (!answer.ok()) return std::move(answer).error();
    work.goes_on = *answer == Answer::More;
    if (!work.goes_on) {
      MR_CHECK(succeed(work));
      return true;
    }
    // What it has emitted moves on first; but nothing of a batch that may be tried again.
    if (!retries_ && !work.out.empty()) return false;
  }
}

bool NodeRunner::settle(Work& work, bool is_whole) {
  std::vector<Emitted> part;
  if (!take_part(work.out, part)) return false;
  if (!is_whole) {
    if (!part.empty()) deliver(work.parcel, true, part);
    work_ = std::make_unique<Work>(std::move(work));
    return true;
  }
  charge(-static_cast<std::int64_t>(work.parcel.bytes));
  if (work.parcel.is_last()) {
    end_with(part);
    if (source_) run_.end_turn();
    return true;
  }
  if (work.parcel.has_more) {
    if (work.parcel.is_tail()) ++seldom().tail_parts;
    if (part.empty()) return true;
  }
  deliver(work.parcel, work.parcel.has_more, part);
  if (!work.parcel.has_more) report_if_marked(work.parcel);
  recycle(std::move(part));
  recycle(std::move(work.parcel.batches));
  return true;
}

bool NodeRunner::take_part(Output& out, std::vector<Emitted>& part) {
  std::size_t bytes = 0;
  auto taken = out.take_part(part, bytes);
  if (!taken.ok()) fail(std::move(taken).error());
  return taken.ok();
}

void NodeRunner::end_with(std::vector<Emitted>& out) {
  Parcel tail;
  tail.sequence = Parcel::kTail;
  finished_ = true;
  chain_.reset();  // destroys the operators; the next node's are made where they were
  deliver(tail, false, out);
  run_.node_finished();
}

void NodeRunner::charge(std::int64_t bytes) {
  if (bytes == 0) return;
  std::int64_t& debt = Slot::current()->debt;
  debt += bytes;
  if (std::abs(debt) >= run_.budget_step()) run_.change_budget(std::exchange(debt, 0));
}

// Behind deliver(): rows that the run gives back are known as such when a checkpoint is written.
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
    if (seldom_) seldom_->given_up = 0;
  }
  run_.report(std::move(states));
}

// Whoever waits for the job must know that it would begin far back. Told at the first, second,
// fourth, eighth ... in a row.
void NodeRunner::give_up_checkpoint(const Error& why) {
  const auto given_up = ++seldom().given_up;
  if (!std::has_single_bit(given_up)) return;
  run_.services().log(plan_.head().name, MR_LOG_WARN,
                      "no checkpoint, the job would resume from an earlier one: " + why.message +
                          " (in a row: " + std::to_string(given_up) + ")");
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
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(due - run_.scheduler().clock().steady());
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
