#include <map>

#include <catch2/catch.hpp>

#include "engine/base/random.hpp"
#include "tests/engine_run/test_operators.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

struct Row {
  std::int64_t root, value;
};

struct Made {
  std::string name, id;
  std::vector<std::size_t> before;
  std::int64_t parameter = 0;
};

// What the documents say a graph does, root by root, without batches, queues or workers.
class Reference {
 public:
  explicit Reference(const std::vector<Made>& nodes) : nodes_{nodes}, sums_(nodes.size(), 0) {}

  std::vector<std::int64_t> run(std::int64_t rows) {
    std::map<std::size_t, std::vector<std::int64_t>> kept;
    for (std::size_t input = 0; input < nodes_.size() && nodes_[input].before.empty(); ++input) {
      for (std::int64_t i = 0; i < rows; ++i) {
        const std::int64_t root = nodes_[input].parameter + i;
        std::vector<std::vector<Row>> out(nodes_.size());
        out[input] = {{root, root}};
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
          if (nodes_[node].before.empty()) continue;
          for (const std::size_t before : nodes_[node].before) {
            for (const Row& row : out[before]) apply(node, row, out[node]);
          }
        }
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
          if (is_last(node))
            for (const Row& row : out[node]) kept[node].push_back(row.value);
        }
      }
    }
    std::vector<std::int64_t> all;
    for (const auto& [node, values] : kept) all.insert(all.end(), values.begin(), values.end());
    return all;
  }

 private:
  void apply(std::size_t node, const Row& row, std::vector<Row>& out) {
    const Made& made = nodes_[node];
    if (made.id == "preprocess.add") out.push_back({row.root, row.value + made.parameter});
    if (made.id == "filter.drop" && row.value % made.parameter != 0) out.push_back(row);
    if (made.id == "preprocess.sum") out.push_back({row.root, sums_[node] += row.value});
    if (made.id == "augment.repeat") {
      for (std::int64_t copy = 0; copy <= std::abs(row.value) % made.parameter; ++copy)
        out.push_back(row);
    }
  }

  bool is_last(std::size_t node) const {
    for (const Made& other : nodes_) {
      for (const std::size_t before : other.before) {
        if (before == node) return false;
      }
    }
    return true;
  }

  const std::vector<Made>& nodes_;
  std::vector<std::int64_t> sums_;
};

}  // namespace

TEST_CASE("random graphs give what root by root evaluation gives, for any order of tasks",
          "[run][property]") {
  const std::uint64_t first = 20'260'801;
  for (std::uint64_t seed = first; seed < first + 60; ++seed) {
    SeededRandom random{seed};
    const auto pick = [&](std::uint64_t below) { return random.next() % below; };
    std::vector<Made> nodes;
    const std::size_t inputs = 1 + pick(3), others = 2 + pick(9);
    for (std::size_t i = 0; i < inputs; ++i) {
      nodes.push_back(
          {"i" + std::to_string(i), "input.count", {}, static_cast<std::int64_t>(1000 * i)});
    }
    for (std::size_t i = 0; i < others; ++i) {
      static constexpr const char* kIds[] = {"preprocess.add", "filter.drop", "preprocess.sum",
                                             "augment.repeat"};
      Made made{"n" + std::to_string(i), kIds[pick(4)], {}, static_cast<std::int64_t>(2 + pick(3))};
      const std::size_t wanted = 1 + pick(3);
      for (std::size_t edge = 0; edge < wanted; ++edge) {
        const std::size_t before = pick(nodes.size());
        if (std::find(made.before.begin(), made.before.end(), before) == made.before.end())
          made.before.push_back(before);
      }
      nodes.push_back(made);
    }
    const auto rows = static_cast<std::int64_t>(1 + pick(12));
    PlanBuilder builder;
    for (const Made& made : nodes) {
      std::vector<std::string> before;
      for (const std::size_t each : made.before) before.push_back(nodes[each].name);
      Json params{{"from", made.parameter}, {"rows", rows},         {"batch", 1 + pick(4)},
                  {"by", made.parameter},   {"of", made.parameter}, {"times", made.parameter}};
      builder.add(made.name, made.id, params, before, {{"grain", pick(3)}});
    }
    const auto plan = builder.build();
    RunOptions narrow;
    narrow.window = static_cast<std::int64_t>(1 + pick(4));
    narrow.edge_bytes = 1 + pick(200);
    const auto wanted = Reference{nodes}.run(rows);
    INFO("seed " << seed);
    const auto ran = test::run_inline(plan, seed, narrow);
    REQUIRE(!ran.outcome.error);
    REQUIRE(ran.values == wanted);
    REQUIRE(run_threads(plan, 3, narrow).values == wanted);
  }
}
