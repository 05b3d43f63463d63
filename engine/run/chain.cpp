#include "engine/run/chain.hpp"

#include <fmt/format.h>

#include <utility>

#include "engine/base/clock.hpp"

namespace millrace {

namespace {

void keep_main(void* user, std::string_view port, Batch batch) {
  if (port.empty()) static_cast<std::vector<Batch>*>(user)->push_back(std::move(batch));
}

void keep_all(void* user, std::string_view port, Batch batch) {
  static_cast<std::vector<Emitted>*>(user)->push_back({std::string{port}, std::move(batch)});
}

Call make_call(const ChainCall& call, const Node& node) {
  Call made{call.services, node.name, call.sequence, call.attempt};
  made.helpers = call.helpers;
  if (node.timeout.count() > 0) {
    made.clock = &call.clock;
    made.deadline = call.clock.steady() + node.timeout;
  }
  return made;
}

// Judges a finished call: late is an error even when the operator did not notice.
Result<void> judge(Result<void> result, const Call& call, const Node& node) {
  if (call.deadline && call.clock->steady() > *call.deadline) {
    return Error{Code::DeadlineExceeded,
                 fmt::format("node took longer for one batch than its timeout_ms allows: {} (timeout_ms={})",
                             node.name, node.timeout.count())};
  }
  if (!result.ok()) return std::move(result).error().within(node.name);
  return result;
}

}  // namespace

Result<Chain> Chain::create(const PlanNode& node, const ChainCall& call) {
  Chain chain{node.chain};
  chain.instances_.reserve(node.chain.size());
  for (const Node& member : node.chain) {
    auto made = OperatorInstance::create(*member.table, *member.params,
                                         Call{call.services, member.name, call.sequence, call.attempt});
    if (!made.ok()) return std::move(made).error().within(member.name);
    chain.instances_.push_back(*std::move(made));
  }
  return chain;
}

Result<void> Chain::feed(std::size_t place, const ChainCall& call, Batch batch, std::vector<Emitted>& out) {
  const Node& node = nodes_[place];
  const bool last = place + 1 == nodes_.size();
  Call made = make_call(call, node);
  made.emit = last ? keep_all : keep_main;
  made.emit_user = last ? static_cast<void*>(&out) : static_cast<void*>(&emitted_);
  return judge(instances_[place].process(made, std::move(batch)), made, node);
}

Result<void> Chain::push_through(std::size_t place, const ChainCall& call, std::vector<Emitted>& out) {
  std::swap(carried_, emitted_);
  emitted_.clear();
  for (Batch& batch : carried_) MR_CHECK(feed(place, call, std::move(batch), out));
  return {};
}

Result<bool> Chain::produce(const ChainCall& call, std::vector<Emitted>& out) {
  const bool alone = nodes_.size() == 1;
  emitted_.clear();
  Call made = make_call(call, nodes_.front());
  made.emit = alone ? keep_all : keep_main;
  made.emit_user = alone ? static_cast<void*>(&out) : static_cast<void*>(&emitted_);
  auto more = instances_.front().produce(made);
  if (!more.ok()) return std::move(more).error().within(nodes_.front().name);
  for (std::size_t place = 1; place < nodes_.size(); ++place) MR_CHECK(push_through(place, call, out));
  return *more;
}

Result<void> Chain::process(const ChainCall& call, Batch batch, std::vector<Emitted>& out) {
  emitted_.clear();
  MR_CHECK(feed(0, call, std::move(batch), out));
  for (std::size_t place = 1; place < nodes_.size() && !emitted_.empty(); ++place) {
    MR_CHECK(push_through(place, call, out));
  }
  return {};
}

Result<void> Chain::finish(const ChainCall& call, std::vector<Emitted>& out) {
  emitted_.clear();
  for (std::size_t place = 0; place < nodes_.size(); ++place) {
    const bool last = place + 1 == nodes_.size();
    if (!emitted_.empty()) MR_CHECK(push_through(place, call, out));
    Call made = make_call(call, nodes_[place]);
    made.emit = last ? keep_all : keep_main;
    made.emit_user = last ? static_cast<void*>(&out) : static_cast<void*>(&emitted_);
    MR_CHECK(judge(instances_[place].finish(made), made, nodes_[place]));
  }
  return {};
}

Result<void> Chain::snapshot(const ChainCall& call, std::map<std::string, std::string>& states) {
  for (std::size_t place = 0; place < nodes_.size(); ++place) {
    const Node& node = nodes_[place];
    if (!node.checkpoint || !instances_[place].has_checkpoint()) continue;
    auto state = instances_[place].snapshot(make_call(call, node));
    if (!state.ok()) return std::move(state).error().within(node.name);
    states[node.name] = *std::move(state);
  }
  return {};
}

Result<void> Chain::restore(const ChainCall& call, const std::map<std::string, std::string>& states) {
  for (std::size_t place = 0; place < nodes_.size(); ++place) {
    const Node& node = nodes_[place];
    const auto found = states.find(node.name);
    if (found == states.end() || !instances_[place].has_checkpoint()) continue;
    auto restored = instances_[place].restore(make_call(call, node), found->second);
    if (!restored.ok()) return std::move(restored).error().within(node.name);
  }
  return {};
}

}  // namespace millrace
