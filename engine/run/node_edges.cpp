#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/run/merge.hpp"
#include "engine/run/node_state.hpp"
#include "engine/run/run_limits.hpp"
#include "engine/run/run_state.hpp"

// How parcels come to a node and leave it.
namespace millrace {

namespace {
// What is smaller does not count: an edge holds few of them, and threads that count the bytes of
// one run meet at one number.
constexpr std::size_t kLeastCounted = 64;
}  // namespace

std::optional<Parcel> NodeRunner::pop(std::uint32_t edge) {
  bool producer_waits = false;
  auto parcel = run_.edge(edge).pop(producer_waits);
  if (producer_waits) run_.node(run_.plan().edges[edge].from).poke();
  return parcel;
}

std::optional<Parcel> NodeRunner::take() {
  const std::uint32_t first = run_.plan().first_into[id_];
  const std::uint32_t last = run_.plan().first_into[id_ + 1];
  auto parcel = take_parts(first, last);
  if (!whole_ || !parcel || parcel->is_tail()) return parcel;
  while (true) {
    auto& gathered = seldom().gathered;
    if (!gathered) {
      gathered = std::move(parcel);
    } else {
      gathered->bytes += parcel->bytes;
      gathered->has_more = parcel->has_more;
      std::move(parcel->batches.begin(), parcel->batches.end(),
                std::back_inserter(gathered->batches));
    }
    if (gathered->bytes > run_.options().whole_bytes) {
      fail({Code::Exhausted,
            "the rows of one batch, which the node takes whole, do not fit in memory"});
      return std::nullopt;
    }
    if (!gathered->has_more) break;
    parcel = take_parts(first, last);
    if (!parcel) return std::nullopt;
  }
  Parcel whole = *std::exchange(seldom().gathered, std::nullopt);
  if (whole.batches.size() > 1) {
    std::vector<Batch> parts = std::exchange(whole.batches, {});
    whole.batches.push_back(Batch::concat(std::move(parts)));
  }
  return whole;
}

std::optional<Parcel> NodeRunner::take_parts(std::uint32_t first, std::uint32_t last) {
  return last - first > 1 ? take_merged(first, last) : pop(first);
}

// Takes the next sequence number from every edge that its input reaches. Edges carry all numbers of
// the inputs that reach them, so when the heads are of a later input, the earlier one has ended on
// all of them. Of a number that comes in parts the first parts of all edges are merged, then the
// second ones of those that have them, and so on.
std::optional<Parcel> NodeRunner::take_merged(std::uint32_t first, std::uint32_t last) {
  const auto& inputs = run_.inputs_of(id_);
  auto& merging = seldom().merging;
  merging.ended_edges.resize(last - first);
  const auto carries = [&](std::uint32_t edge) {
    if (merging.ended_edges[edge - first]) return false;
    return input_ > inputs.back() ||  // the tail, which comes on every edge
           run_.is_reached(static_cast<std::uint32_t>(run_.plan().edges[edge].from.value), input_);
  };
  while (true) {
    bool passed = false;
    for (std::uint32_t edge = first; edge < last; ++edge) {
      if (!carries(edge)) continue;
      const auto head = run_.edge(edge).head();
      if (!head) return std::nullopt;
      passed = head->sequence == Parcel::kTail || head->input != input_;
    }
    if (merging.is_within || !passed || input_ > inputs.back()) break;
    const auto next = std::upper_bound(inputs.begin(), inputs.end(), input_);
    input_ = next == inputs.end() ? inputs.back() + 1 : *next;
  }
  Parcel merged;
  std::vector<std::vector<Batch>> parts;
  for (std::uint32_t edge = first; edge < last; ++edge) {
    if (!carries(edge)) continue;
    Parcel part = *pop(edge);
    merged.sequence = part.sequence;
    merged.input = part.input;
    merged.barrier = part.barrier;
    merged.bytes += part.bytes;
    merged.has_more = merged.has_more || part.has_more;
    merging.ended_edges[edge - first] = !part.has_more;
    parts.push_back(std::move(part.batches));
  }
  merging.is_within = merged.has_more;
  if (!merging.is_within) merging.ended_edges.assign(merging.ended_edges.size(), false);
  merged.batches = merge_parts(std::move(parts));
  return merged;
}

void NodeRunner::deliver(const Parcel& from, bool has_more, std::vector<Emitted>& out) {
  const auto edges = run_.out_edges(id_);
  if (edges.empty()) {
    for (Emitted& emitted : out) {
      if (emitted.batch.empty() || !emitted.port.empty()) continue;
      if (!run_.keep_rows(emitted.bytes)) {
        fail({Code::Exhausted,
              "rows that no node takes do not fit in memory: end the pipeline in an output"});
        return;
      }
      seldom().rows.push_back(std::move(emitted.batch));
    }
    return;
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const Edge& edge = run_.plan().edges[edges[i]];
    const bool wanted_again =
        std::any_of(edges.begin() + static_cast<std::ptrdiff_t>(i) + 1, edges.end(),
                    [&](auto later) { return run_.plan().edges[later].port == edge.port; });
    Parcel parcel{from.sequence, from.input, from.barrier, has_more, 0, {}};
    for (Emitted& emitted : out) {
      if (emitted.port != edge.port) continue;
      if (parcel.batches.capacity() == 0) take_room(parcel.batches);
#ifdef MR_CHECK_EDGES
      static_cast<void>(
          emitted.batch.schema());  // throws when the plugin made something that is no batch
#endif
      parcel.bytes += emitted.bytes;
      parcel.batches.push_back(wanted_again ? emitted.batch.share() : std::move(emitted.batch));
    }
    if (parcel.bytes < kLeastCounted) parcel.bytes = 0;
    charge(static_cast<std::int64_t>(parcel.bytes));
    const bool queue_behind = std::any_of(outbox_.begin(), outbox_.end(),
                                          [&](const auto& item) { return item.first == edges[i]; });
    if (queue_behind || !run_.edge(edges[i]).try_push(parcel, run_.edge_limits())) {
      outbox_.emplace_back(edges[i], std::move(parcel));
    } else {
      run_.node(edge.to).poke();
    }
  }
}

bool NodeRunner::flush() {
  if (outbox_.empty()) return true;
  std::vector<std::pair<std::uint32_t, Parcel>> still;
  for (auto& [edge, parcel] : outbox_) {
    const bool queue_behind =
        std::any_of(still.begin(), still.end(),
                    [&, edge = edge](const auto& item) { return item.first == edge; });
    if (queue_behind || !run_.edge(edge).try_push(parcel, run_.edge_limits())) {
      still.emplace_back(edge, std::move(parcel));
    } else {
      run_.node(run_.plan().edges[edge].to).poke();
    }
  }
  outbox_ = std::move(still);
  return outbox_.empty();
}

}  // namespace millrace
