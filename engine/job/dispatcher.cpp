#include "engine/job/dispatcher.hpp"

#include <algorithm>

#include "engine/job/job.hpp"

namespace millrace {

namespace {

constexpr std::size_t kMostAhead = 256;
constexpr double kLeastRunUs = 20;
constexpr double kLongRunUs = 1e6;
constexpr double kWeight = 1.0 / 8;  // of the newest measurement in a moving average

void average(double& value, std::chrono::nanoseconds measured) {
  const double us = std::chrono::duration<double, std::micro>(measured).count();
  value = value == 0 ? us : value + kWeight * (us - value);
}

}  // namespace

std::size_t Dispatcher::Queue::ahead() const {
  if (run_us == 0 || lease_us == 0) return 0;
  return static_cast<std::size_t>(std::min<double>(
      kMostAhead, static_cast<double>(limit) * lease_us / std::max(run_us, kLeastRunUs)));
}

Dispatcher::Dispatcher(const QueueLimits& limits, std::size_t workers)
    : workers_{std::max<std::size_t>(workers, 1)} {
  const auto read = [this](int limit) {
    return limit > 0 ? static_cast<std::size_t>(limit) : workers_;
  };
  others_ = read(limits.others);
  for (const auto& [name, limit] : limits.queues) {
    if (name == kPromptQueue) continue;
    Queue& queue = queues_[name];
    queue.slots = &shared_;
    queue.limit = read(limit);
    queue.is_lasting = true;
    queue.lease_turn = queue.start_turn = ++turn_;
    shared_.in_all += queue.limit;
  }
  prompt_.in_all = read(limits.prompt);
  if (limits.in_all > 0) shared_.in_all = static_cast<std::size_t>(limits.in_all);
  shared_.in_all = std::max<std::size_t>(shared_.in_all, 1);
}

std::map<std::string, Dispatcher::Queue, std::less<>>::iterator Dispatcher::queue_of(
    const std::string& name) {
  const auto [found, is_new] = queues_.try_emplace(name);
  if (is_new) {
    const bool is_prompt = name == kPromptQueue;
    found->second.slots = is_prompt ? &prompt_ : &shared_;
    found->second.limit = is_prompt ? prompt_.in_all : others_;
    found->second.lease_turn = found->second.start_turn = ++turn_;
  }
  return found;
}

template <class Change>
void Dispatcher::change(Queue& queue, const Change& change) {
  Slots& slots = *queue.slots;
  slots.may_lease.erase({queue.lease_turn, &queue});
  slots.may_start.erase({queue.start_turn, &queue});
  change();
  if (!queue.ready.empty() && queue.has_room()) slots.may_lease.insert({queue.lease_turn, &queue});
  if (!queue.leased.empty() && queue.executing < queue.limit)
    slots.may_start.insert({queue.start_turn, &queue});
}

void Dispatcher::forget(std::unordered_map<JobId, Known>::iterator found) {
  Queue& queue = *found->second.queue;
  const auto name = found->second.queue_name;
  known_.erase(found);
  if (--queue.jobs == 0 && !queue.is_lasting) queues_.erase(queues_.find(name));
}

void Dispatcher::add(const Waiting& job) {
  if (known_.contains(job.id)) return;
  const auto found = queue_of(job.queue);
  Queue& queue = found->second;
  ++queue.jobs;
  Known known{&queue, found->first, job.priority, job.due_us, job.not_before_us, Stage::Ready};
  if (job.due_us > 0) {
    known.stage = Stage::Delayed;
    delayed_.emplace(job.due_us, job.id.value);
  } else {
    change(queue, [&] { queue.ready.insert(known.rank(job.id)); });
  }
  known_.emplace(job.id, known);
  ++waiting_;
}

bool Dispatcher::remove(JobId id) {
  const auto found = known_.find(id);
  if (found == known_.end()) return false;
  const Known& known = found->second;
  if (known.stage == Stage::Delayed) {
    delayed_.erase({known.due_us, id.value});
  } else if (known.stage == Stage::Ready) {
    change(*known.queue, [&] { known.queue->ready.erase(known.rank(id)); });
  } else {
    return false;
  }
  forget(found);
  --waiting_;
  return true;
}

void Dispatcher::wake(std::int64_t now_us) {
  while (!delayed_.empty() && delayed_.begin()->first <= now_us) {
    const JobId id{delayed_.begin()->second};
    delayed_.erase(delayed_.begin());
    Known& known = known_.at(id);
    known.stage = Stage::Ready;
    change(*known.queue, [&] { known.queue->ready.insert(known.rank(id)); });
  }
}

std::optional<Dispatcher::Waiting> Dispatcher::next_to_lease(std::int64_t now_us) {
  wake(now_us);
  auto next = next_to_lease(prompt_);
  return next ? next : next_to_lease(shared_);
}

// Nobody overtakes the queue whose turn it is: the next slot is its own. Where jobs are leased
// ahead they are short, and one more does not wait for long.
std::optional<Dispatcher::Waiting> Dispatcher::next_to_lease(Slots& slots) {
  if (slots.may_lease.empty()) return std::nullopt;
  Queue& queue = *slots.may_lease.begin()->second;
  if (slots.active >= slots.in_all + (slots.leased > 0 ? kMostAhead : queue.ahead()))
    return std::nullopt;
  const JobId id{queue.ready.begin()->second};
  change(queue, [&] {
    queue.ready.erase(queue.ready.begin());
    ++queue.leasing;
    queue.lease_turn = ++turn_;
  });
  ++slots.active;
  --waiting_;
  Known& known = known_.at(id);
  known.stage = Stage::Leasing;
  return Waiting{id, std::string{known.queue_name}, known.priority, known.due_us,
                 known.not_before_us};
}

void Dispatcher::lease_failed(JobId id) {
  const auto found = known_.find(id);
  if (found == known_.end() || found->second.stage != Stage::Leasing) return;
  Queue& queue = *found->second.queue;
  change(queue, [&] { --queue.leasing; });
  --queue.slots->active;
  forget(found);
}

void Dispatcher::leased(JobId id, std::chrono::nanoseconds lease_took) {
  const auto found = known_.find(id);
  if (found == known_.end() || found->second.stage != Stage::Leasing) return;
  Known& known = found->second;
  known.stage = Stage::Leased;
  change(*known.queue, [&] {
    --known.queue->leasing;
    known.queue->leased.insert(known.rank(id));
    average(known.queue->lease_us, lease_took);
  });
  ++known.queue->slots->leased;
}

std::optional<JobId> Dispatcher::next_to_start() {
  const auto next = next_to_start(prompt_);
  return next ? next : next_to_start(shared_);
}

std::optional<JobId> Dispatcher::next_to_start(Slots& slots) {
  if (slots.may_start.empty() || slots.executing >= slots.in_all) return std::nullopt;
  Queue& queue = *slots.may_start.begin()->second;
  const JobId id{queue.leased.begin()->second};
  change(queue, [&] {
    queue.leased.erase(queue.leased.begin());
    ++queue.executing;
    queue.start_turn = ++turn_;
  });
  --slots.leased;
  ++slots.executing;
  known_.at(id).stage = Stage::Executing;
  return id;
}

bool Dispatcher::unlease(JobId id) {
  const auto found = known_.find(id);
  if (found == known_.end() || found->second.stage != Stage::Leased) return false;
  Queue& queue = *found->second.queue;
  change(queue, [&] {
    queue.leased.erase(found->second.rank(id));
    // Those that execute now have taken that long already.
    queue.run_us = std::max(queue.run_us, kLongRunUs);
  });
  --queue.slots->leased;
  --queue.slots->active;
  forget(found);
  return true;
}

void Dispatcher::executed(JobId id, std::chrono::nanoseconds took) {
  const auto found = known_.find(id);
  if (found == known_.end() || found->second.stage != Stage::Executing) return;
  Queue& queue = *found->second.queue;
  change(queue, [&] {
    --queue.executing;
    average(queue.run_us, took);
  });
  --queue.slots->executing;
  --queue.slots->active;
  forget(found);
}

std::vector<JobId> Dispatcher::all_leased() const {
  std::vector<JobId> ids;
  for (const auto& [name, queue] : queues_) {
    for (const auto& rank : queue.leased) ids.emplace_back(JobId{rank.second});
  }
  return ids;
}

std::optional<std::int64_t> Dispatcher::next_due_us() const {
  if (delayed_.empty()) return std::nullopt;
  return delayed_.begin()->first;
}

}  // namespace millrace
