#include "engine/run/run.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/run/run_limits.hpp"
#include "engine/run/run_state.hpp"

namespace millrace {

namespace {

constexpr std::string_view kTurn = "@turn";          // in a checkpoint: which input was being read
constexpr std::chrono::milliseconds kLookAgain{50};  // whether a run may begin

std::size_t budget_of(const RunOptions& options, const Scheduler& scheduler) {
  constexpr std::size_t kBytesPerWorker = std::size_t{32} << 20;
  return options.budget_bytes > 0 ? options.budget_bytes
                                  : kBytesPerWorker * std::max<std::size_t>(scheduler.workers(), 2);
}

}  // namespace

RunState::RunState(std::shared_ptr<const Plan> plan, Scheduler& scheduler, Services& services,
                   Cancel& cancel, RunOptions options, std::function<void(Outcome)> done)
    : plan_{std::move(plan)},
      scheduler_{scheduler},
      services_{services},
      cancel_{cancel},
      options_{std::move(options)},
      done_{std::move(done)},
      edges_(plan_->edges.size()),
      barrier_{options_.checkpoint_every, scheduler.clock()},
      waiting_{scheduler},
      budget_{budget_of(options_, scheduler)},
      // All threads together keep an eighth of the budget to themselves.
      budget_step_{std::min<std::int64_t>(
          budget_.bound() / 8 /
              static_cast<std::int64_t>(scheduler.workers() + scheduler.waiting_share()),
          1 << 20)},
      spill_files_{services} {
  connect();
  find_reach();
  for (std::uint32_t node = 0; node < plan_->nodes.size(); ++node) nodes_.emplace_back(*this, node);
  for (std::uint32_t input = 0; input < inputs_.size(); ++input)
    nodes_[inputs_[input]].set_input(input);
  unfinished_ = plan_->nodes.size();
  plan_checkpoints();
  if (options_.resume) {
    next_sequence_ = options_.resume->sequence + 1;
    const auto turn = options_.resume->states.find(std::string{kTurn});
    if (turn != options_.resume->states.end()) {
      turn_ = static_cast<std::uint32_t>(std::stoul(turn->second));
    }
  }
}

void RunState::connect() {
  const std::size_t count = plan_->nodes.size();
  first_out_.assign(count + 1, 0);
  for (const Edge& edge : plan_->edges) ++first_out_[static_cast<std::size_t>(edge.from.value) + 1];
  for (std::size_t node = 0; node < count; ++node) first_out_[node + 1] += first_out_[node];
  out_.resize(plan_->edges.size());
  std::vector<std::uint32_t> next{first_out_.begin(), first_out_.end() - 1};
  for (std::uint32_t edge = 0; edge < plan_->edges.size(); ++edge) {
    out_[next[static_cast<std::size_t>(plan_->edges[edge].from.value)]++] = edge;
  }
}

// Nodes stand in topological order, so one pass is enough. Most nodes share the set of their first
// predecessor.
void RunState::find_reach() {
  reach_.resize(plan_->nodes.size());
  for (std::uint32_t node = 0; node < plan_->nodes.size(); ++node) {
    const std::uint32_t first = plan_->first_into[node];
    const std::uint32_t last = plan_->first_into[node + 1];
    if (first == last) {
      reach_[node] = static_cast<std::uint32_t>(input_sets_.size());
      input_sets_.push_back({static_cast<std::uint32_t>(inputs_.size())});
      inputs_.push_back(node);
      continue;
    }
    reach_[node] = reach_[static_cast<std::size_t>(plan_->edges[first].from.value)];
    for (std::uint32_t edge = first + 1; edge < last; ++edge) {
      const std::uint32_t more = reach_[static_cast<std::size_t>(plan_->edges[edge].from.value)];
      if (more == reach_[node] || input_sets_[more] == input_sets_[reach_[node]]) continue;
      std::vector<std::uint32_t> both;
      std::set_union(input_sets_[reach_[node]].begin(), input_sets_[reach_[node]].end(),
                     input_sets_[more].begin(), input_sets_[more].end(), std::back_inserter(both));
      reach_[node] = static_cast<std::uint32_t>(input_sets_.size());
      input_sets_.push_back(std::move(both));
    }
  }
}

bool RunState::is_reached(std::uint32_t node, std::uint32_t input) const {
  const auto& inputs = inputs_of(node);
  return std::binary_search(inputs.begin(), inputs.end(), input);
}

// A checkpoint at a batch of an input is possible when every operator with state between batches
// can tell its state, and sees the mark, so is reached by that input. Where an input has got to is
// a state, whatever it declares.
void RunState::plan_checkpoints() {
  const std::size_t count = plan_->nodes.size();
  reports_.assign(count, false);
  barrier_reports_.assign(inputs_.size(), 0);
  has_states_.assign(inputs_.size(), false);
  const Node* without = options_.on_checkpoint ? without_checkpoint(*plan_) : nullptr;
  if (without != nullptr) {
    services_.log(without->name, without->table->produce != nullptr ? MR_LOG_WARN : MR_LOG_DEBUG,
                  "no checkpoints: " + without->info->id +
                      " tells no state, so a job that is interrupted begins anew");
  }
  const bool keeps = options_.on_checkpoint && without == nullptr;
  if (!keeps && !options_.on_passed) return;
  std::vector<bool> stateful(count, false);
  for (std::uint32_t node = 0; node < count; ++node) {
    const bool is_input = plan_->first_into[node] == plan_->first_into[node + 1];
    for (const Node& member : plan_->nodes[node].chain) {
      if (member.checkpoint && !member.info->replicable && !member.info->stateless)
        stateful[node] = true;
    }
    reports_[node] = !is_input && (stateful[node] || out_edges(node).empty());
  }
  for (std::uint32_t input = 0; input < inputs_.size(); ++input) {
    std::size_t reports = 1;  // the input's own
    has_states_[input] = keeps;
    for (std::uint32_t node = 0; node < count; ++node) {
      if (!reports_[node]) continue;
      if (is_reached(node, input)) {
        ++reports;
      } else if (stateful[node]) {
        has_states_[input] = false;
      }
    }
    barrier_reports_[input] = has_states_[input] || options_.on_passed ? reports : 0;
  }
}

std::span<const std::uint32_t> RunState::out_edges(std::uint32_t node) const {
  return {out_.data() + first_out_[node], out_.data() + first_out_[node + 1]};
}

EdgeQueue::Limits RunState::edge_limits() const {
  return {options_.edge_bytes, budget_.has_room() ? static_cast<std::size_t>(options_.window) : 1};
}

void RunState::start(std::unique_ptr<RunState> run) {
  RunState& state = *run;
  state.self_ = std::move(run);
  if (state.options_.watch != nullptr) state.options_.watch->look_at(&state);
  state.enter();  // so that the run cannot end while inputs are still being poked
  state.demand_ = demand_of(*state.plan_);
  Admission* const admission = state.scheduler_.admission();
  if (state.demand_.empty() || admission == nullptr) {
    state.begin();
  } else {
    state.place_ = admission->queue();
    state.begin_when_admitted();
  }
}

void RunState::begin() {
  for (const std::uint32_t input : inputs_) nodes_[input].poke();
  leave();
}

// Looks again from time to time, since a run that waits for its turn must notice that it was
// stopped.
void RunState::begin_when_admitted() {
  Admission& admission = *scheduler_.admission();
  if (stopping()) {
    admission.give_up(place_);
    return begin();
  }
  is_admitted_ = admission.try_enter(place_, demand_);
  if (is_admitted_) return begin();
  scheduler_.submit_after(
      kLookAgain, {[](void* self) { static_cast<RunState*>(self)->begin_when_admitted(); }, this});
}

void RunState::end_turn() {
  const std::uint32_t next = turn_.fetch_add(1, std::memory_order_acq_rel) + 1;
  if (next < inputs_.size()) nodes_[inputs_[next]].poke();
}

bool RunState::begin_barrier(std::uint32_t input, std::int64_t sequence) {
  const std::size_t reports = barrier_reports_[input];
  if (reports == 0) return false;
  const auto when =
      options_.wants_mark && options_.wants_mark() ? Barrier::When::Now : Barrier::When::Due;
  if (!barrier_.begin(sequence, reports, when)) return false;
  turn_at_barrier_ = input;
  if (options_.on_mark) options_.on_mark(sequence);
  return true;
}

void RunState::report(std::optional<std::map<std::string, std::string>> states) {
  auto passed = barrier_.report(std::move(states));
  if (!passed) return;
  if (!passed->has_states && !options_.on_passed) return barrier_.end();
  passed->checkpoint.states[std::string{kTurn}] = std::to_string(turn_at_barrier_);
  struct Write {
    Write(RunState& of, Barrier::Passed what) : run{of}, passed{std::move(what)} {}
    RunState& run;
    Barrier::Passed passed;
  };
  enter();
  auto write = std::make_unique<Write>(*this, *std::move(passed));
  scheduler_.submit(
      {[](void* self) {
         const std::unique_ptr<Write> mine{static_cast<Write*>(self)};
         RunState& run = mine->run;
         if (!mine->passed.has_states) {
           run.options_.on_passed(mine->passed.checkpoint.sequence);
         } else if (auto written = run.options_.on_checkpoint(mine->passed.checkpoint);
                    !written.ok()) {
           run.fail(std::move(written).error().within("checkpoint"), {});
         }
         run.barrier_.end();
         run.leave();
       },
       write.release()},
      Pool::Control);
}

void RunState::change_budget(std::int64_t bytes) {
  if (bytes == 0) return;
  for (const std::uint32_t node : budget_.add(bytes)) nodes_[node].poke();
}

void RunState::submit(Task task, Pool pool) {
  pool == Pool::Waiting ? waiting_.submit(task) : scheduler_.submit(task, pool);
}

void RunState::submit_next(Task task, Pool pool) {
  pool == Pool::Waiting ? waiting_.submit(task) : scheduler_.submit_next(task, pool);
}

void RunState::leave_task(Pool pool) {
  if (pool == Pool::Waiting) waiting_.done();
  leave();
}

void RunState::leave() {
  if (active_.fetch_sub(1, std::memory_order_acq_rel) == 1) end();
}

void RunState::fail(Error error, std::string_view node) {
  // An operator that noticed the stop is not what stopped the run.
  if (cancel_.stopped() && error.code == Code::Cancelled) return;
  {
    const std::lock_guard lock{mutex_};
    if (error_) return;
    error_ = std::move(error);
    failed_node_ = node;
  }
  cancel_.stop(StopReason::UpstreamFailed);
}

bool RunState::keep_rows(std::size_t bytes) {
  bytes = std::max<std::size_t>(bytes, 1);
  return kept_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= options_.kept_bytes;
}

std::vector<std::string> RunState::busy_nodes() const {
  std::vector<std::string> names;
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    if (nodes_[node].is_busy()) names.push_back(plan_->nodes[node].head().name);
  }
  return names;
}

void RunWatch::look_at(const RunState* run) {
  const std::lock_guard lock{mutex_};
  // A checkpoint of a run is still written when it has ended.
  kept_rows_ = run == nullptr && run_ != nullptr && run_->keeps_rows();
  run_ = run;
}

std::vector<std::string> RunWatch::busy_nodes() const {
  const std::lock_guard lock{mutex_};
  return run_ == nullptr ? std::vector<std::string>{} : run_->busy_nodes();
}

bool RunWatch::keeps_rows() const {
  const std::lock_guard lock{mutex_};
  return run_ != nullptr ? run_->keeps_rows() : kept_rows_;
}

void RunState::end() {
  if (options_.watch != nullptr) options_.watch->look_at(nullptr);
  Outcome outcome;
  if (error_) {
    outcome.error = std::move(error_);
    outcome.failed_node = std::move(failed_node_);
  } else if (const auto reason = cancel_.reason(); reason != StopReason::None) {
    outcome.stopped = reason;
    outcome.error = Error{Code::Cancelled, "stopped: " + std::string{to_string(reason)}};
  } else if (unfinished_.load() > 0) {
    outcome.error =
        Error{Code::Internal, "run stalled: nothing can go on and not all nodes are done"};
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    for (Batch& batch : nodes_[i].take_rows())
      outcome.rows.push_back({plan_->nodes[i].tail().name, std::move(batch)});
  }
  nodes_.clear();  // destroys the operators
  edges_.clear();
  if (is_admitted_) scheduler_.admission()->leave(demand_);
  const auto self = std::move(self_);
  done_(std::move(outcome));
}

void run_plan(std::shared_ptr<const Plan> plan, Scheduler& scheduler, Services& services,
              Cancel& cancel, RunOptions options, std::function<void(Outcome)> done) {
  RunState::start(std::make_unique<RunState>(std::move(plan), scheduler, services, cancel,
                                             std::move(options), std::move(done)));
}

}  // namespace millrace
