// Grows the trees of a forest, each from a seed of its own.
#include <string>

#include <millrace/context.hpp>

#include "plugins/learn/forest.hpp"
#include "plugins/learn/tree_grower.hpp"

namespace millrace::learn {

Forest fit_forest(const SparseRows& rows, std::span<const std::uint32_t> classes,
                  std::uint32_t count, const ForestOptions& options) {
  if (rows.rows() == 0) throw Failure{MR_DATA_INVALID, "there is no row to learn from"};
  const ForestData data{rows, classes, count};
  std::vector<GrownTree> trees(options.trees);
  const auto grow = [&](std::uint64_t i) {
    const auto seed = SplitMix{options.seed ^ SplitMix{i}.next()}.next();
    trees[i] = TreeGrower{data, seed, options.is_stopping}.grow();
  };
  if (options.parallel) {
    options.parallel(trees.size(), grow);
  } else {
    for (std::uint64_t i = 0; i < trees.size(); ++i) grow(i);
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
