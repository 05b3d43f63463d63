#include "engine/run/chain.hpp"

#include <iterator>
#include <utility>

#include "engine/base/clock.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

void keep_main(void* user, std::string_view port, Batch batch) {
  if (port.empty()) static_cast<std::vector<Batch>*>(user)->push_back(std::move(batch));
}

void keep_all(void* user, std::string_view port, Batch batch) {
  static_cast<Output*>(user)->add(port, std::move(batch));
}

Call call_of(const ChainCall& call, const Node& node) {
  Call made{call.services, node.name, call.sequence, call.attempt};
  made.helpers = call.helpers;
  made.held = call.held;
  if (node.timeout.count() > 0) {
    made.clock = &call.clock;
    made.deadline = call.clock.steady() + node.timeout;
  }
  return made;
}

// Gives the error of a call its place. One that broke off because its time was over, and not
// because the run is stopping, was late; a success never is: what the operator did has been done.
Error judge(Error error, const Call& call, const Node& node) {
  if (error.code == Code::Cancelled && call.deadline && !call.services.stopping() &&
      call.clock->steady() >= *call.deadline) {
    return Error{
        Code::DeadlineExceeded,
        fmt::format("node took longer for one batch than its timeout_ms allows: {} (timeout_ms={})",
                    node.name, node.timeout.count())};
  }
  return std::move(error).within(node.name);
}

}  // namespace

Result<Chain> Chain::create(const PlanNode& node, const ChainCall& call) {
  Chain chain{node.chain};
  chain.instances_.reserve(node.chain.size());
  for (const Node& member : node.chain) {
    auto made =
        OperatorInstance::create(*member.table, *member.params,
                                 Call{call.services, member.name, call.sequence, call.attempt});
    if (!made.ok()) return std::move(made).error().within(member.name);
    chain.instances_.push_back(*std::move(made));
  }
  return chain;
}

Call Chain::make_call(std::size_t place, const ChainCall& call, Output& out) {
  Call made = call_of(call, nodes_[place]);
  made.emit = is_last(place) ? keep_all : keep_main;
  made.emit_user = is_last(place) ? static_cast<void*>(&out) : static_cast<void*>(&emitted_);
  return made;
}

Result<Answer> Chain::feed_one(std::size_t place, const ChainCall& call, Batch& batch,
                               Output& out) {
  const Call made = make_call(place, call, out);
  auto answer = instances_[place].process_step(made, std::move(batch));
  if (!answer.ok()) return judge(std::move(answer).error(), made, nodes_[place]);
  return answer;
}

Result<void> Chain::feed(std::size_t place, const ChainCall& call, std::vector<Batch>& batches,
                         Output& out) {
  for (auto batch = batches.begin(); batch != batches.end(); ++batch) {
    MR_TRY(const Answer answer, feed_one(place, call, *batch, out));
    if (answer == Answer::Done) continue;
    paused_.push_back(
        {place, {std::make_move_iterator(batch + 1), std::make_move_iterator(batches.end())}});
    break;
  }
  return {};
}

Result<void> Chain::push_through(std::size_t place, const ChainCall& call, Output& out) {
  for (; place < nodes_.size() && !emitted_.empty(); ++place) {
    std::swap(carried_, emitted_);
    emitted_.clear();
    MR_CHECK(feed(place, call, carried_, out));
  }
  auto settled = out.settle();
  if (!settled.ok()) return std::move(settled).error().within(nodes_.back().name);
  return {};
}

Result<bool> Chain::produce(const ChainCall& call, Output& out) {
  emitted_.clear();
  const Call made = make_call(0, call, out);
  auto more = instances_.front().produce(made);
  if (!more.ok()) return judge(std::move(more).error(), made, nodes_.front());
  MR_CHECK(push_through(1, call, out));
  return *more;
}

Result<Answer> Chain::process(const ChainCall& call, Batch batch, Output& out) {
  emitted_.clear();
  MR_TRY(const Answer head, feed_one(0, call, batch, out));
  if (head == Answer::More) paused_.push_back({0, {}});
  MR_CHECK(push_through(1, call, out));
  return answer();
}

Result<Answer> Chain::go_on(const ChainCall& call, Output& out) {
  if (paused_.empty()) return Answer::Done;
  const std::size_t place = paused_.back().place;
  emitted_.clear();
  const Call made = make_call(place, call, out);
  auto more = instances_[place].process_more(made);
  if (!more.ok()) return judge(std::move(more).error(), made, nodes_[place]);
  if (*more == Answer::Done) {
    auto rest = std::move(paused_.back().rest);
    paused_.pop_back();
    MR_CHECK(feed(place, call, rest, out));
  }
  MR_CHECK(push_through(place + 1, call, out));
  return answer();
}

Result<Answer> Chain::finish(const ChainCall& call, Output& out) {
  if (!paused_.empty()) {
    MR_CHECK(go_on(call, out));
    return Answer::More;
  }
  while (finishing_ < nodes_.size()) {
    const std::size_t place = finishing_;
    emitted_.clear();
    const Call made = make_call(place, call, out);
    auto more = instances_[place].finish_step(made);
    if (!more.ok()) return judge(std::move(more).error(), made, nodes_[place]);
    if (*more == Answer::Done) ++finishing_;
    MR_CHECK(push_through(place + 1, call, out));
    if (*more == Answer::More || !paused_.empty()) return Answer::More;
  }
  return Answer::Done;
}

Result<void> Chain::snapshot(const ChainCall& call, std::map<std::string, std::string>& states) {
  for (std::size_t place = 0; place < nodes_.size(); ++place) {
    const Node& node = nodes_[place];
    if (!node.checkpoint || !instances_[place].has_checkpoint()) continue;
    auto state = instances_[place].snapshot(call_of(call, node));
    if (!state.ok()) return std::move(state).error().within(node.name);
    states[node.name] = *std::move(state);
  }
  return {};
}

Result<std::string> Chain::snapshot_head(const ChainCall& call) {
  auto state = instances_.front().snapshot(call_of(call, nodes_.front()));
  if (!state.ok()) return std::move(state).error().within(nodes_.front().name);
  return state;
}

Result<void> Chain::restore_head(const ChainCall& call, const std::string& state) {
  auto restored = instances_.front().restore(call_of(call, nodes_.front()), state);
  if (!restored.ok()) return std::move(restored).error().within(nodes_.front().name);
  return restored;
}

Result<void> Chain::restore(const ChainCall& call,
                            const std::map<std::string, std::string>& states) {
  for (std::size_t place = 0; place < nodes_.size(); ++place) {
    const Node& node = nodes_[place];
    const auto found = states.find(node.name);
    if (found == states.end() || !instances_[place].has_checkpoint()) continue;
    auto restored = instances_[place].restore(call_of(call, node), found->second);
    if (!restored.ok()) return std::move(restored).error().within(node.name);
  }
  return {};
}

}  // namespace millrace
