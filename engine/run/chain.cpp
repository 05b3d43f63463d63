#include "engine/run/chain.hpp"

#include <fmt/format.h>

#include <utility>

#include "engine/base/clock.hpp"
#include "engine/plugin/held_reports.hpp"

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

// Gives the error of a call its place. One that broke off because its time was over, and not because the run is stopping,
// was late; a success never is: what the operator did has been done.
Error judge(Error error, const Call& call, const Node& node) {
  if (error.code == Code::Cancelled && call.deadline && !call.services.stopping() &&
      call.clock->steady() >= *call.deadline) {
    return Error{Code::DeadlineExceeded,
                 fmt::format("node took longer for one batch than its timeout_ms allows: {} (timeout_ms={})",
                             node.name, node.timeout.count())};
  }
  return std::move(error).within(node.name);
}

// Calls into an operator. What a node that is tried again tells of itself counts when the call has succeeded.
template <class Body>
auto call_operator(Call& call, const Node& node, Body&& body) -> decltype(body()) {
  if (node.retry.tries == 1) {
    auto result = body();
    if (result.ok()) return result;
    return judge(std::move(result).error(), call, node);
  }
  HeldReports held;
  call.held = &held;
  auto result = body();
  if (!result.ok()) return judge(std::move(result).error(), call, node);
  MR_CHECK(held.hand_over(call.services, call.node, call.sequence));
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
  return call_operator(made, node, [&] { return instances_[place].process(made, std::move(batch)); });
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
  MR_TRY(const bool more, call_operator(made, nodes_.front(), [&] { return instances_.front().produce(made); }));
  for (std::size_t place = 1; place < nodes_.size(); ++place) MR_CHECK(push_through(place, call, out));
  return more;
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
    MR_CHECK(call_operator(made, nodes_[place], [&] { return instances_[place].finish(made); }));
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

Result<std::string> Chain::snapshot_head(const ChainCall& call) {
  auto state = instances_.front().snapshot(make_call(call, nodes_.front()));
  if (!state.ok()) return std::move(state).error().within(nodes_.front().name);
  return state;
}

Result<void> Chain::restore_head(const ChainCall& call, const std::string& state) {
  auto restored = instances_.front().restore(make_call(call, nodes_.front()), state);
  if (!restored.ok()) return std::move(restored).error().within(nodes_.front().name);
  return restored;
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
