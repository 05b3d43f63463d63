#include "engine/job/dispatcher.hpp"

#include <algorithm>

namespace millrace {

namespace {

constexpr double kMostAhead = 256;
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
  return static_cast<std::size_t>(
      std::min(kMostAhead, static_cast<double>(limit) * lease_us / std::max(run_us, kLeastRunUs)));
}

Dispatcher::Dispatcher(const std::map<std::string, int>& limits, std::size_t workers)
    : workers_{std::max<std::size_t>(workers, 1)} {
  for (const auto& [name, limit] : limits) {
    queues_[name].limit = limit > 0 ? static_cast<std::size_t>(limit) : workers_;
  }
}

bool Dispatcher::has_queue(std::string_view queue) const { return queues_.contains(queue); }

std::string Dispatcher::queue_names() const {
  std::string names;
  for (const auto& [name, queue] : queues_) names.append(names.empty() ? "" : ", ").append(name);
  return names;
}

void Dispatcher::add(const Waiting& job) {
  if (known_.contains(job.id)) return;
  auto found = queues_.find(job.queue);
  if (found == queues_.end()) {
    found = queues_.emplace(job.queue, Queue{}).first;
    found->second.limit = workers_;
  }
  Known known{&found->second, found->first,      job.priority,
              job.due_us,     job.not_before_us, Stage::Ready};
  if (job.due_us > 0) {
    known.stage = Stage::Delayed;
    delayed_.emplace(job.due_us, job.id.value);
  } else {
    found->second.ready.insert(known.rank(job.id));
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
    known.queue->ready.erase(known.rank(id));
  } else {
    return false;
  }
  known_.erase(found);
  --waiting_;
  return true;
}

void Dispatcher::wake(std::int64_t now_us) {
  while (!delayed_.empty() && delayed_.begin()->first <= now_us) {
    const JobId id{delayed_.begin()->second};
    delayed_.erase(delayed_.begin());
    Known& known = known_.at(id);
    known.stage = Stage::Ready;
    known.queue->ready.insert(known.rank(id));
  }
}

std::optional<Dispatcher::Waiting> Dispatcher::next_to_lease(std::int64_t now_us) {
  wake(now_us);
  Queue* chosen = nullptr;
  for (auto& [name, queue] : queues_) {
    if (queue.ready.empty() || !queue.has_room()) continue;
    if (chosen == nullptr || *queue.ready.begin() < *chosen->ready.begin()) chosen = &queue;
  }
  if (chosen == nullptr) return std::nullopt;
  const JobId id{chosen->ready.begin()->second};
  chosen->ready.erase(chosen->ready.begin());
  ++chosen->leasing;
  --waiting_;
  Known& known = known_.at(id);
  known.stage = Stage::Leasing;
  return Waiting{id, std::string{known.queue_name}, known.priority, known.due_us,
                 known.not_before_us};
}

void Dispatcher::lease_failed(JobId id) {
  const auto found = known_.find(id);
  if (found == known_.end() || found->second.stage != Stage::Leasing) return;
  --found->second.queue->leasing;
  known_.erase(found);
}

void Dispatcher::leased(JobId id, std::chrono::nanoseconds lease_took) {
  const auto found = known_.find(id);
  if (found == known_.end() || found->second.stage != Stage::Leasing) return;
  Known& known = found->second;
  known.stage = Stage::Leased;
  --known.queue->leasing;
  known.queue->leased.insert(known.rank(id));
  average(known.queue->lease_us, lease_took);
}

std::optional<JobId> Dispatcher::next_to_start() {
  Queue* chosen = nullptr;
  for (auto& [name, queue] : queues_) {
    if (queue.leased.empty() || queue.executing >= queue.limit) continue;
    if (chosen == nullptr || *queue.leased.begin() < *chosen->leased.begin()) chosen = &queue;
  }
  if (chosen == nullptr) return std::nullopt;
  const JobId id{chosen->leased.begin()->second};
  chosen->leased.erase(chosen->leased.begin());
  ++chosen->executing;
  ++executing_;
  known_.at(id).stage = Stage::Executing;
  return id;
}

bool Dispatcher::unlease(JobId id) {
  const auto found = known_.find(id);
  if (found == known_.end() || found->second.stage != Stage::Leased) return false;
  Queue& queue = *found->second.queue;
  queue.leased.erase(found->second.rank(id));
  queue.run_us =
      std::max(queue.run_us, kLongRunUs);  // those that execute now have taken that long already
  known_.erase(found);
  return true;
}

void Dispatcher::executed(JobId id, std::chrono::nanoseconds took) {
  const auto found = known_.find(id);
  if (found == known_.end() || found->second.stage != Stage::Executing) return;
  --found->second.queue->executing;
  --executing_;
  average(found->second.queue->run_us, took);
  known_.erase(found);
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
