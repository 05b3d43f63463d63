// What validation costs for each node of a large graph, built through the structs: a chain, a chain
// written back to front, and layers in which every node has two predecessors. Then planning, and
// reading the same chain from JSON. Usage: graph_bench [nodes, default 1000000] [rounds, default
// 5]. Prints the best round in nanoseconds a node.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>

#include "engine/graph/graph.hpp"
#include "engine/graph/plan.hpp"
#include "engine/plugin/registry.hpp"
#include "tests/engine_graph/graph_fixture.hpp"

#include <fmt/format.h>

namespace {

using namespace millrace;

NodeSpec node(std::size_t number, const char* type) {
  NodeSpec spec;
  spec.name = fmt::format("node_{}", number);
  spec.type = type;
  return spec;
}

void connect(NodeSpec& from, NodeSpec& to) {
  from.post_ops.push_back(to.name);
  to.pre_ops.push_back(from.name);
}

Pipeline chain(std::size_t nodes) {
  Pipeline pipeline;
  pipeline.ops.reserve(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    pipeline.ops.push_back(node(i, i == 0 ? "input.plain" : "filter.keep"));
    if (i > 0) connect(pipeline.ops[i - 1], pipeline.ops[i]);
  }
  return pipeline;
}

Pipeline backwards(std::size_t nodes) {
  auto pipeline = chain(nodes);
  std::reverse(pipeline.ops.begin(), pipeline.ops.end());
  return pipeline;
}

Pipeline layers(std::size_t nodes) {
  constexpr std::size_t kWidth = 1000;
  Pipeline pipeline;
  pipeline.ops.reserve(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    pipeline.ops.push_back(node(i, i < kWidth ? "input.plain" : "filter.keep"));
    if (i < kWidth) continue;
    const auto before = (i / kWidth - 1) * kWidth;
    connect(pipeline.ops[before + i % kWidth], pipeline.ops[i]);
    connect(pipeline.ops[before + (i * 7 + 1) % kWidth == before + i % kWidth
                             ? before + (i + 1) % kWidth
                             : before + (i * 7 + 1) % kWidth],
            pipeline.ops[i]);
  }
  return pipeline;
}

// Runs `work` some times and prints the best.
void measure(const char* what, std::size_t nodes, int rounds, const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  auto best = Clock::duration::max();
  for (int round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    work();
    best = std::min(best, Clock::now() - begin);
  }
  const auto nanoseconds = std::chrono::duration<double, std::nano>(best).count();
  fmt::print("{:<28} {:>8.1f} ns/node\n", what, nanoseconds / static_cast<double>(nodes));
}

std::shared_ptr<const Graph> validated(const Pipeline& pipeline) {
  test::AddressServices services;
  auto validation = validate(pipeline, test::test_registry(), services);
  if (!validation.graph) {
    fmt::print(stderr, "not valid: {} {}\n", validation.faults.front().pointer,
               validation.faults.front().message);
    std::exit(1);
  }
  return validation.graph;
}

}  // namespace

int main(int count, char** arguments) {
  const std::size_t nodes = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1'000'000;
  const int rounds = count > 2 ? std::atoi(arguments[2]) : 5;
  fmt::print("{} nodes, best of {} rounds\n", nodes, rounds);
  const auto line = chain(nodes);
  measure("validate a chain", nodes, rounds, [&] { validated(line); });
  const auto graph = validated(line);
  measure("plan and fuse a chain", nodes, rounds, [&] {
    if (!make_plan(*graph, test::test_registry()).ok()) std::exit(1);
  });
  {
    const auto reversed = backwards(nodes);
    measure("validate it back to front", nodes, rounds, [&] { validated(reversed); });
  }
  {
    const auto layered = layers(nodes);
    measure("validate layers of 1000", nodes, rounds, [&] { validated(layered); });
  }
  Json ops = Json::array();
  for (std::size_t i = 0; i < nodes / 10; ++i) {
    ops.push_back(
        {{"name", line.ops[i].name}, {"type", line.ops[i].type}, {"preOps", line.ops[i].pre_ops}});
  }
  Json document = Json::object();
  document["ops"] = std::move(ops);
  const auto text = document.dump();
  measure("parse, bind, read, validate", nodes / 10, rounds, [&] {
    test::AddressServices services;
    auto json = parse_json(text);
    if (!json.ok() || !validate_document(*json, nullptr, test::test_registry(), services).graph)
      std::exit(1);
  });
  return 0;
}
