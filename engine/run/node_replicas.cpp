#include <algorithm>
#include <atomic>
#include <utility>

#include "engine/run/merge.hpp"
#include "engine/run/node_state.hpp"
#include "engine/run/run_state.hpp"

// How a replicable node spreads its parcels over the workers and puts the results back in order.
namespace millrace {

namespace {

constexpr std::size_t kMostGroups = 64;           // parcels that may wait for an earlier one
constexpr std::size_t kCountedBytes = 64u << 10;  // what a piece emitted is counted from here on

}  // namespace

bool NodeRunner::dispatch() {
  Replicas& replicas = *replicas_;
  if (drain_groups() || begin_piece()) return true;
  if (replicas.tail_taken || replicas.groups.size() >= kMostGroups || !may_begin()) return false;
  auto parcel = take();
  if (!parcel) return false;

  auto group = std::make_unique<Group>(*std::move(parcel), run_.spill_files());
  replicas.tail_taken = group->parcel.is_last();
  const std::int64_t sequence = sequence_of(group->parcel);
  if (group->parcel.is_tail() && group->parcel.has_more) ++seldom().tail_parts;
  const std::int64_t grain = whole_ ? 0 : plan_.head().info->grain;
  for (Batch& batch : std::exchange(group->parcel.batches, {})) {
    for (Batch& slice : cut(std::move(batch), grain)) {
      group->pieces.push_back({this, std::move(slice), sequence, Output{run_.spill_files()}});
    }
  }
  replicas.groups.push_back(std::move(group));
  return true;
}

// Pieces begin in order, some more than there are threads. While the run has no room for what those
// that have begun will emit, only the one that is next in order does: what is emitted behind it
// would have to wait for it. Until the first has ended nobody knows how much that is.
bool NodeRunner::may_begin() {
  const Replicas& replicas = *replicas_;
  const std::size_t threads =
      pool_ == Pool::Waiting ? run_.scheduler().waiting_share() : run_.scheduler().workers();
  const std::size_t unfinished = replicas.unfinished.load(std::memory_order_acquire);
  const bool is_known = replicas.has_finished_one.load(std::memory_order_relaxed);
  const auto instances = static_cast<std::size_t>(plan_.head().info->instances);
  const std::size_t most = is_known ? 2 * threads + 2 : threads;
  if (unfinished >= (instances > 0 ? std::min(instances, most) : most)) return false;
  if (replicas.open == 0) return true;
  return run_.budget().has_room_for(id_) &&
         run_.budget().has_room_beside(unfinished *
                                       replicas.largest.load(std::memory_order_relaxed));
}

bool NodeRunner::begin_piece() {
  Replicas& replicas = *replicas_;
  auto& groups = replicas.groups;
  while (replicas.next_group < groups.size() &&
         groups[replicas.next_group]->begun == groups[replicas.next_group]->pieces.size()) {
    ++replicas.next_group;
  }
  if (replicas.next_group == groups.size() || !may_begin()) return false;
  Group& group = *groups[replicas.next_group];
  ++replicas.open;
  replicas.unfinished.fetch_add(1, std::memory_order_relaxed);
  run_.enter();
  run_.submit({piece_task, &group.pieces[group.begun++]}, pool_);
  return true;
}

bool NodeRunner::drain_groups() {
  auto& groups = replicas_->groups;
  return !groups.empty() && drain_group(*groups.front());
}

bool NodeRunner::drain_group(Group& group) {
  const auto send_part = [&] {
    group.part_bytes = 0;
    deliver(group.parcel, true, group.part);
    group.part.clear();
    return true;
  };
  const auto gather = [&](Output& out) {
    auto taken = out.take_part(group.part, group.part_bytes);
    if (!taken.ok()) fail(std::move(taken).error());
    return taken.ok();
  };
  while (group.delivered < group.pieces.size()) {
    Piece& piece = group.pieces[group.delivered];
    if (!std::atomic_ref{piece.is_done}.load(std::memory_order_acquire)) return false;
    if (group.part_bytes >= Output::kPartBytes) return send_part();
    if (!gather(piece.out)) return false;
    if (!piece.out.empty()) continue;
    charge(-static_cast<std::int64_t>(piece.counted_bytes));
    piece.batch = {};
    ++group.delivered;
    --replicas_->open;
  }
  const bool is_last = group.parcel.is_last();
  if (is_last && !group.is_finished) {
    if (auto finished = finish_replicas(group); !finished.ok()) {
      fail(std::move(finished).error());
      return false;
    }
  }
  while (!group.tail.empty()) {
    if (group.part_bytes >= Output::kPartBytes) return send_part();
    if (!gather(group.tail)) return false;
  }
  const std::unique_ptr<Group> whole = std::move(replicas_->groups.front());
  replicas_->groups.pop_front();
  if (replicas_->next_group > 0) --replicas_->next_group;
  charge(-static_cast<std::int64_t>(group.parcel.bytes));
  if (is_last) {
    end_with(group.part);
    return true;
  }
  if (group.parcel.has_more) {
    if (group.part.empty()) return true;
  }
  deliver(group.parcel, group.parcel.has_more, group.part);
  if (!group.parcel.has_more) report_if_marked(group.parcel);
  return true;
}

Result<void> NodeRunner::finish_replicas(Group& group) {
  group.is_finished = true;
  std::vector<std::unique_ptr<Chain>> chains;
  {
    const std::lock_guard lock{replicas_->mutex};
    chains = std::exchange(replicas_->all, {});
    replicas_->idle.clear();
  }
  for (const auto& chain : chains) {
    auto answer = Answer::More;
    while (answer == Answer::More) {
      if (run_.stopping()) return Error{Code::Cancelled, "stopped"};
      MR_TRY(answer, chain->finish(call(Parcel::kTail), group.tail));
    }
  }
  return {};
}

void NodeRunner::piece_task(void* self) {
  auto& piece = *static_cast<Piece*>(self);
  NodeRunner& node = *piece.node;
  RunState& run = node.run_;
  const Pool pool = node.pool_;
  node.run_piece(piece);
  run.leave_task(pool);
}

// A delayed task is short: it gives the piece back to its own pool.
void NodeRunner::again_task(void* self) {
  auto& piece = *static_cast<Piece*>(self);
  piece.node->run_.submit({piece_task, &piece}, piece.node->pool_);
}

void NodeRunner::run_piece(Piece& piece) {
  const auto now = run_.scheduler().clock().steady();
  if (piece.attempt > 0 && now < piece.due && !run_.stopping()) {
    nap(piece.due, {again_task, &piece});
    return;
  }
  if (!run_.stopping()) {
    auto result = work_off(piece);
    if (!result.ok()) {
      piece.out = Output{run_.spill_files()};
      if (may_retry(result.error(), piece.attempt)) {
        ++piece.attempt;
        piece.due = now + wait_before(piece.attempt);
        nap(piece.due, {again_task, &piece});
        return;
      }
      fail(std::move(result).error());
    }
  }
  if (piece.out.kept_bytes() >= kCountedBytes) {
    piece.counted_bytes = piece.out.kept_bytes();
    run_.change_budget(static_cast<std::int64_t>(piece.counted_bytes));
    std::size_t largest = replicas_->largest.load(std::memory_order_relaxed);
    while (largest < piece.counted_bytes &&
           !replicas_->largest.compare_exchange_weak(largest, piece.counted_bytes,
                                                     std::memory_order_relaxed)) {
    }
  }
  replicas_->has_finished_one.store(true, std::memory_order_relaxed);
  replicas_->unfinished.fetch_sub(1, std::memory_order_release);
  // The piece may be gone after this.
  std::atomic_ref{piece.is_done}.store(true, std::memory_order_release);
  poke();
}

Result<void> NodeRunner::work_off(Piece& piece) {
  Replicas& replicas = *replicas_;
  Chain* chain = nullptr;
  {
    const std::lock_guard lock{replicas.mutex};
    if (!replicas.idle.empty()) {
      chain = replicas.idle.back();
      replicas.idle.pop_back();
    }
  }
  if (chain == nullptr) {
    MR_TRY(Chain made, Chain::create(plan_, call(0)));
    auto owned = std::make_unique<Chain>(std::move(made));
    chain = owned.get();
    const std::lock_guard lock{replicas.mutex};
    replicas.all.push_back(std::move(owned));
  }
  HeldReports held;
  const auto where = call(piece.sequence, piece.attempt, retries_ ? &held : nullptr);
  auto answer =
      chain->process(where, retries_ ? piece.batch.share() : std::move(piece.batch), piece.out);
  while (answer.ok() && *answer == Answer::More) {
    if (run_.stopping()) return Error{Code::Cancelled, "stopped"};
    answer = chain->go_on(where, piece.out);
  }
  {
    const std::lock_guard lock{replicas.mutex};
    if (chain->is_paused()) {  // it failed half-way: nobody can use it
      std::erase_if(replicas.all, [&](const auto& each) { return each.get() == chain; });
    } else {
      replicas.idle.push_back(chain);
    }
  }
  if (!answer.ok()) {
    MR_CHECK(held.drop(run_.services()));
    return std::move(answer).error();
  }
  return retries_ ? held.hand_over(run_.services(), plan_.head().name, piece.sequence)
                  : Result<void>{};
}

}  // namespace millrace
