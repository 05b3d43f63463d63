// What the engine itself costs: nanoseconds for each batch and node of a pipeline of empty
// operators, and for each node of graphs of a million empty operators. Usage: scheduler_bench
// [workers [divisor of the sizes [pipeline, fused, chain or tree]]]
#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>

#include <millrace/operator.hpp>

#include "engine/base/clock.hpp"
#include "engine/plugin/host.hpp"
#include "engine/run/run.hpp"
#include "engine/run/scheduler.hpp"
#include "tests/engine_run/test_operators.hpp"

#include <fmt/format.h>

using namespace millrace;

namespace {

class Pour final : public Source {
 public:
  static constexpr auto kName = "input.pour";
  static constexpr auto kRole = Role::Input;
  static constexpr auto kParams = R"({"batches": {"type": "integer"}})";
  explicit Pour(const Params& params) : left_{params.integer("batches", 1)} {}
  bool produce(Context& context) override {
    Builder<std::int64_t> values;
    values.append(left_);
    context.emit(Batch{}.with("value", std::move(values)));
    return --left_ > 0;
  }

 private:
  std::int64_t left_;
};

class Pass final : public Operator {
 public:
  static constexpr auto kName = "preprocess.pass";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = "{}";
  static constexpr auto kTraits = R"({"stateless": true})";
  explicit Pass(const Params&) {}
  void process(Context& context, Batch batch) override { context.emit(std::move(batch)); }
};

class Swallow final : public Operator {
 public:
  static constexpr auto kName = "output.swallow";
  static constexpr auto kRole = Role::Output;
  static constexpr auto kParams = "{}";
  static constexpr auto kTraits = R"({"stateless": true})";
  explicit Swallow(const Params&) {}
  void process(Context&, Batch) override {}
};

// Makes nodes that share what is equal, as validate() does.
class Nodes {
 public:
  Nodes() {
    const mr_plugin* plugin =
        detail::describe(&host_table(), "bench", "1.0.0", detail::define_all<Pour, Pass, Swallow>);
    for (int i = 0; i < 3; ++i) {
      const mr_operator& table = *plugin->operators[i];
      const auto view = [](mr_text text) { return std::string_view{text.data, text.size}; };
      auto info = read_declaration(view(table.id), view(table.role), view(table.declaration));
      made_[i].table = &table;
      made_[i].info = std::make_shared<const OperatorInfo>(*std::move(info));
      made_[i].params = std::make_shared<const Json>(Json::object());
    }
  }
  Node pour(std::int64_t batches) {
    Node node = made_[0];
    node.name = "pour";
    node.params = std::make_shared<const Json>(Json{{"batches", batches}});
    return node;
  }
  Node pass(std::size_t number) { return named(1, number); }
  Node swallow(std::size_t number) { return named(2, number); }

 private:
  Node named(int kind, std::size_t number) {
    Node node = made_[kind];
    node.name = std::to_string(number);
    return node;
  }
  Node made_[3];
};

void add(Plan& plan, Node node, std::vector<std::size_t> before) {
  plan.first_into.push_back(static_cast<std::uint32_t>(plan.edges.size()));
  for (const std::size_t each : before) {
    plan.edges.push_back({NodeId{static_cast<std::int64_t>(each)},
                          NodeId{static_cast<std::int64_t>(plan.nodes.size())}, ""});
  }
  PlanNode planned;
  planned.chain.push_back(std::move(node));
  plan.nodes.push_back(std::move(planned));
}

double seconds_of(Plan plan, Scheduler& scheduler) {
  plan.first_into.push_back(static_cast<std::uint32_t>(plan.edges.size()));
  Cancel cancel;
  test::QuietServices services{cancel};
  std::promise<Outcome> promise;
  auto shared = std::make_shared<const Plan>(std::move(plan));
  const auto begin = std::chrono::steady_clock::now();
  run_plan(shared, scheduler, services, cancel, {},
           [&](Outcome outcome) { promise.set_value(std::move(outcome)); });
  const Outcome outcome = promise.get_future().get();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (outcome.error) throw std::runtime_error{outcome.error->message};
  return took.count();
}

Plan pipeline(Nodes& nodes, std::size_t batches, std::size_t length) {
  Plan plan;
  add(plan, nodes.pour(static_cast<std::int64_t>(batches)), {});
  for (std::size_t i = 1; i < length; ++i) add(plan, nodes.pass(i), {i - 1});
  add(plan, nodes.swallow(length), {length - 1});
  return plan;
}

Plan fused(Nodes& nodes, std::size_t count) {
  Plan plan;
  add(plan, nodes.pour(1), {});
  add(plan, nodes.pass(1), {0});
  for (std::size_t i = 2; i < count; ++i) plan.nodes[1].chain.push_back(nodes.pass(i));
  return plan;
}

Plan chain(Nodes& nodes, std::size_t count) {
  Plan plan;
  add(plan, nodes.pour(1), {});
  for (std::size_t i = 1; i < count; ++i) add(plan, nodes.pass(i), {i - 1});
  return plan;
}

Plan tree(Nodes& nodes, std::size_t count) {
  Plan plan;
  add(plan, nodes.pour(1), {});
  for (std::size_t i = 1; i < count; ++i) {
    const bool is_leaf = 2 * i + 1 >= count;
    add(plan, is_leaf ? nodes.swallow(i) : nodes.pass(i), {(i - 1) / 2});
  }
  return plan;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t workers = argc > 1 ? std::stoul(argv[1]) : 2;
  const std::size_t divisor = argc > 2 ? std::max<std::size_t>(1, std::stoul(argv[2])) : 1;
  const std::string_view only = argc > 3 ? argv[3] : "";
  const auto scheduler = make_worker_pools({.compute = workers}, system_clock());
  Nodes nodes;
  constexpr std::size_t kLength = 16;
  const std::size_t batches = 50'000 / divisor, million = 1'000'000 / divisor;
  fmt::print("workers: {}\n", workers);

  const auto measure = [&](std::string_view name, std::string_view what, std::size_t operations,
                           auto make) {
    if (!only.empty() && only != name) return;
    const double seconds = seconds_of(make(), *scheduler);
    fmt::print("{:<58} {:>8.0f} ns\n", what, seconds / static_cast<double>(operations) * 1e9);
  };
  measure("pipeline", "pipeline of 16 nodes, for each batch and node", batches * kLength,
          [&] { return pipeline(nodes, batches, kLength); });
  measure("fused", "chain of 1,000,000 nodes, fused, for each node", million,
          [&] { return fused(nodes, million); });
  measure("chain", "chain of 1,000,000 nodes, not fused, for each node", million,
          [&] { return chain(nodes, million); });
  measure("tree", "binary tree of 1,000,000 nodes, for each node", million,
          [&] { return tree(nodes, million); });
  return 0;
}
