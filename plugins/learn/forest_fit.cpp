// Grows the trees of a forest, each from a seed of its own.
#include <algorithm>
#include <atomic>
#include <cstdint>

#include <millrace/context.hpp>

#include "plugins/learn/forest.hpp"
#include "plugins/learn/tree_grower.hpp"

namespace millrace::learn {

// Trees are told of when as many are there; the last ones of a round leave a thread idle.
constexpr std::size_t kTreesOfRound = 32;

Forest fit_forest(const SparseRows& rows, std::span<const std::uint32_t> classes,
                  std::uint32_t count, const ForestOptions& options) {
  if (rows.rows() == 0) throw Failure{MR_DATA_INVALID, "there is no row to learn from"};
  const ForestData data{rows, classes, count, options.is_stopping};
  std::atomic<std::int64_t> room{static_cast<std::int64_t>(options.most_bytes)};
  std::vector<GrownTree> trees(options.trees);
  const auto grow = [&](std::uint64_t i) {
    const auto seed = SplitMix{options.seed ^ SplitMix{i}.next()}.next();
    trees[i] = TreeGrower{data, seed, options.is_stopping, room}.grow();
  };
  for (std::size_t done = 0; done < trees.size();) {
    const auto round = std::min(kTreesOfRound, trees.size() - done);
    if (options.parallel) {
      options.parallel(round, [&](std::uint64_t i) { grow(done + i); });
    } else {
      for (std::uint64_t i = 0; i < round; ++i) grow(done + i);
    }
    done += round;
    if (options.told) options.told(done);
  }
  Forest forest;
  forest.classes = count;
  forest.columns = data.columns();
  forest.shares.resize(std::size_t{count} * count);
  for (std::size_t i = 0; i < count; ++i) forest.shares[i * count + i] = 1;
  for (GrownTree& tree : trees) {
    const auto mixed = static_cast<std::uint32_t>(forest.shares.size() / count - count);
    for (ForestNode& node : tree.nodes) {
      if (node.column == ForestNode::kLeaf && node.next >= count) node.next += mixed;
    }
    forest.nodes.insert(forest.nodes.end(), tree.nodes.begin(), tree.nodes.end());
    forest.shares.insert(forest.shares.end(), tree.shares.begin(), tree.shares.end());
    forest.begins.push_back(forest.nodes.size());
    tree = {};
  }
  return forest;
}

}  // namespace millrace::learn
