#include <iterator>
#include <utility>

#include "engine/run/merge.hpp"
#include "engine/run/node_state.hpp"
#include "engine/run/run_state.hpp"

// How a replicable node spreads its parcels over the workers and puts the results back in order.
namespace millrace {

namespace {
constexpr std::size_t kMostGroups = 64;  // parcels that may wait for an earlier one
}

bool NodeRunner::dispatch() {
  Replicas& replicas = *replicas_;
  if (drain_groups()) return true;
  const std::size_t enough = 2 * run_.scheduler().workers() + 2;
  if (replicas.tail_taken || replicas.groups.size() >= kMostGroups ||
      replicas.unfinished.load(std::memory_order_acquire) >= enough) {
    return false;
  }
  auto parcel = take();
  if (!parcel) return false;

  auto group = std::make_unique<Group>();
  group->parcel = *std::move(parcel);
  replicas.tail_taken = group->parcel.is_tail();
  for (Batch& batch : std::exchange(group->parcel.batches, {})) {
    for (Batch& slice : cut(std::move(batch), plan_.head().info->grain)) {
      group->pieces.push_back({this, group.get(), std::move(slice)});
    }
  }
  const std::size_t pieces = group->pieces.size();
  group->missing.store(pieces, std::memory_order_relaxed);
  replicas.unfinished.fetch_add(pieces, std::memory_order_relaxed);
  Group& queued = *group;
  replicas.groups.push_back(std::move(group));
  for (Piece& piece : queued.pieces) {
    run_.enter();
    run_.submit({piece_task, &piece}, pool_);
  }
  return true;
}

bool NodeRunner::drain_groups() {
  auto& groups = replicas_->groups;
  if (groups.empty() || groups.front()->missing.load(std::memory_order_acquire) > 0) return false;
  const std::unique_ptr<Group> group = std::move(groups.front());
  groups.pop_front();
  std::vector<Emitted> out;
  for (Piece& piece : group->pieces) {
    std::move(piece.out.begin(), piece.out.end(), std::back_inserter(out));
  }
  if (!group->parcel.is_tail()) {
    report_if_marked(group->parcel);
    deliver(group->parcel, std::move(out));
    return true;
  }
  std::vector<std::unique_ptr<Chain>> chains;
  {
    const std::lock_guard lock{replicas_->mutex};
    chains = std::exchange(replicas_->all, {});
    replicas_->idle.clear();
  }
  for (const auto& chain : chains) {
    if (auto finished = chain->finish(call(Parcel::kTail), out); !finished.ok()) {
      fail(std::move(finished).error());
      return false;
    }
  }
  end_with(std::move(out));
  return true;
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
  Replicas& replicas = *replicas_;
  const auto now = run_.scheduler().clock().steady();
  if (piece.attempt > 0 && now < piece.due && !run_.stopping()) {
    nap(piece.due, {again_task, &piece});
    return;
  }
  if (!run_.stopping()) {
    auto result = [&]() -> Result<void> {
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
      const bool retries = plan_.head().retry.tries > 1;
      auto done = chain->process(call(piece.group->parcel.sequence, piece.attempt),
                                 retries ? piece.batch.share() : std::move(piece.batch), piece.out);
      const std::lock_guard lock{replicas.mutex};
      replicas.idle.push_back(chain);
      return done;
    }();
    if (!result.ok()) {
      piece.out.clear();
      if (may_retry(result.error(), piece.attempt)) {
        ++piece.attempt;
        piece.due = now + wait_before(piece.attempt);
        nap(piece.due, {again_task, &piece});
        return;
      }
      fail(std::move(result).error());
    }
  }
  Group& group = *piece.group;
  replicas.unfinished.fetch_sub(1, std::memory_order_release);
  group.missing.fetch_sub(1, std::memory_order_acq_rel);  // the group may be gone after this
  poke();
}

}  // namespace millrace
