#include "engine/job/job_progress.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/base/json_members.hpp"

namespace millrace {

namespace {

constexpr std::size_t kMostNodes = 64;  // that a progress names: the slowest
constexpr double kAlmost = 0.99;        // the most that a node has done before the end
// Members of the rows in a checkpoint: "reached NODE" and "left NODE".
constexpr std::string_view kReached = "reached ";
constexpr std::string_view kLeft = "left ";

}  // namespace

std::optional<double> JobProgress::Told::part() const {
  if (total == 0) return std::nullopt;
  return std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
}

void JobProgress::set_plan(const Plan& plan) {
  for (std::uint32_t place = 0; place < plan.nodes.size(); ++place) {
    Before before;
    for (auto edge = plan.first_into[place]; edge < plan.first_into[place + 1]; ++edge) {
      const auto from = static_cast<std::uint32_t>(plan.edges[edge].from.value);
      before.places.push_back(from);
      before.is_known = before.is_known && plan.nodes[from].tail().info->ports.empty();
    }
    const auto& chain = plan.nodes[place].chain;
    heads_.push_back(entries_.size());
    for (const Node& node : chain) {
      Entry& made = entry(node.name);
      made.place = place;
      made.is_head = &node == &chain.front();
      made.is_input = made.is_head && before.places.empty();
    }
    tails_.push_back(entries_.size() - 1);
    before_.push_back(std::move(before));
  }
}

JobProgress::Entry& JobProgress::entry(std::string_view node) {
  auto found = by_name_.find(node);
  if (found == by_name_.end()) {
    found = by_name_.emplace(std::string{node}, entries_.size()).first;
    entries_.emplace_back().name = node;
  }
  return entries_[found->second];
}

void JobProgress::tell(std::string_view node, std::uint64_t done, std::uint64_t total,
                       std::string_view unit, bool is_resumed) {
  Entry& of = entry(node);
  if (!of.told) of.told = Told{0, 0, is_resumed ? done : 0, {}};
  of.told->done = done;
  of.told->total = total;
  if (of.told->unit != unit) of.told->unit = unit;
}

JobProgress::Rows JobProgress::add(std::string_view node, std::int64_t sequence, Rows rows) {
  Entry& of = entry(node);
  const bool is_ahead = sequence > mark_;
  of.in.add(rows.in, is_ahead);
  of.out.add(rows.out, is_ahead);
  return {of.in.total(), of.out.total()};
}

void JobProgress::mark(std::int64_t sequence) {
  mark_ = sequence;
  for (Entry& each : entries_) {
    each.in.mark();
    each.out.mark();
  }
}

Json JobProgress::rows_up_to_mark() const {
  Json rows = Json::object();
  for (const Entry& each : entries_) {
    if (each.in.settled > 0)
      append_member(rows, std::string{kReached} + each.name, each.in.settled);
    if (each.out.settled > 0) append_member(rows, std::string{kLeft} + each.name, each.out.settled);
  }
  return rows;
}

void JobProgress::restore(const Json& rows, std::int64_t sequence) {
  mark_ = sequence;
  for (const auto& [name, count] : rows.items()) {
    if (!count.is_number_integer()) continue;
    const std::string_view text{name};
    if (text.starts_with(kReached)) {
      Entry& of = entry(text.substr(kReached.size()));
      of.in_before = of.in.settled = count.get<std::int64_t>();
    } else if (text.starts_with(kLeft)) {
      Entry& of = entry(text.substr(kLeft.size()));
      of.out_before = of.out.settled = count.get<std::int64_t>();
    }
  }
}

JobProgress::Read JobProgress::read() const {
  Read sum;
  bool is_total_known = true;
  for (const Entry& each : entries_) {
    if (!each.is_input) continue;
    // An input that has not begun has not said how much it has.
    is_total_known = is_total_known && each.told && each.told->total > 0;
    if (!each.told || (sum.is_told && each.told->unit != sum.unit)) continue;
    sum.is_told = true;
    sum.unit = each.told->unit;
    sum.done += each.told->done;
    sum.total += each.told->total;
    sum.first_done += each.told->first_done;
  }
  if (!is_total_known) sum.total = 0;
  return sum;
}

std::vector<double> JobProgress::worked_off() const {
  std::vector<double> parts(before_.size(), 1.0);
  for (std::size_t place = 0; place < before_.size(); ++place) {
    std::int64_t offered = 0;
    for (const std::uint32_t from : before_[place].places) {
      parts[place] = std::min(parts[place], parts[from]);
      offered += entries_[tails_[from]].out.total();
    }
    if (!before_[place].is_known || offered <= 0) continue;
    const auto reached = std::min(entries_[heads_[place]].in.total(), offered);
    parts[place] *= static_cast<double>(reached) / static_cast<double>(offered);
  }
  return parts;
}

Progress JobProgress::progress(double seconds) const {
  const Read read = this->read();
  const auto worked = worked_off();
  const bool is_total_known = read.total > 0;
  const double of_inputs =
      is_total_known
          ? std::min(1.0, static_cast<double>(read.done) / static_cast<double>(read.total))
          : 1.0;
  Progress out;
  double slowest = 1.0;          // of what the inputs have read, or of all where that is known
  const Told* teller = nullptr;  // the slowest that tells itself, where no input does
  for (const Entry& each : entries_) {
    NodeProgress node{each.name, each.in.total(), each.out.total(), 0, std::nullopt};
    const auto here =
        each.is_input ? node.rows_out - each.out_before : node.rows_in - each.in_before;
    if (seconds > 0) node.per_second = static_cast<double>(here) / seconds;
    const auto told = each.told ? each.told->part() : std::nullopt;
    const bool has_place = each.place < worked.size();
    double part = has_place ? worked[each.place] : 1.0;
    if (each.is_input) {
      node.done = told;
    } else {
      if (told && (!teller || *told < teller->part().value_or(1.0))) teller = &*each.told;
      node.done = told;
      if (is_total_known) node.done = part = std::min(part * of_inputs, told.value_or(1.0));
      slowest = std::min(slowest, part);
    }
    if (node.done) node.done = std::min(*node.done, kAlmost);
    out.nodes.push_back(std::move(node));
  }
  std::uint64_t first_done = read.first_done;
  if (read.is_told) {
    out.unit = read.unit;
    out.total = read.total;
    const double whole = static_cast<double>(is_total_known ? read.total : read.done);
    out.done = static_cast<std::uint64_t>(std::floor(whole * std::min(slowest, of_inputs)));
  } else if (teller != nullptr) {
    out.unit = teller->unit;
    out.done = teller->done;
    out.total = teller->total;
    first_done = teller->first_done;
  }
  if (out.total > 0) out.done = std::min(out.done, out.total - 1);
  const auto done_here = out.done - std::min(out.done, first_done);
  if (seconds > 0) out.per_second = static_cast<double>(done_here) / seconds;
  if (out.total > 0 && out.per_second > 0)
    out.seconds_left = static_cast<double>(out.total - out.done) / out.per_second;
  if (out.nodes.size() > kMostNodes) {
    std::vector<std::size_t> places(out.nodes.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    std::stable_sort(places.begin(), places.end(), [&out](std::size_t one, std::size_t other) {
      return out.nodes[one].done.value_or(1.0) < out.nodes[other].done.value_or(1.0);
    });
    places.resize(kMostNodes);
    std::sort(places.begin(), places.end());
    std::vector<NodeProgress> kept;
    for (const std::size_t place : places) kept.push_back(std::move(out.nodes[place]));
    out.nodes = std::move(kept);
  }
  return out;
}

}  // namespace millrace
