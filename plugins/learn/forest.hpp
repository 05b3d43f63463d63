#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "plugins/learn/sparse_rows.hpp"
#include "plugins/learn/stop_poll.hpp"

namespace millrace::learn {

/// A node of a tree; trees stand in preorder, so that the left child is the next node.
struct ForestNode {
  static constexpr std::int32_t kLeaf = -1;
  std::int32_t column = kLeaf;
  float threshold = 0;     // rows whose value is at most this go left
  std::uint32_t next = 0;  // the right child, from the tree's root; of a leaf its row of shares
};

/// Decision trees that vote with the shares of classes in their leaves.
struct Forest {
  std::uint32_t classes = 0, columns = 0;
  std::vector<std::size_t> begins{0};  // of the trees in nodes, and the end of the last
  std::vector<ForestNode> nodes;
  /// Rows of `classes` shares; the first `classes` rows are those of pure leaves.
  std::vector<float> shares;

  [[nodiscard]] std::size_t trees() const { return begins.size() - 1; }
};

struct ForestOptions {
  std::size_t trees = 100;
  std::uint64_t seed = 1;
  std::size_t most_bytes = std::size_t{512} << 20;  // of nodes and shares
  IsStopping is_stopping{};
  /// Calls function(i) for each i below `count`, perhaps on several threads.
  std::function<void(std::uint64_t count, const std::function<void(std::uint64_t)>& function)>
      parallel{};
  /// Told now and then how many trees there are, by the calling thread.
  std::function<void(std::size_t trees)> told{};
};

/// Learns a random forest (Breiman, 2001) as RandomForestClassifier of scikit-learn does by
/// default: bootstrap samples, Gini impurity, sqrt(columns) columns looked at for each split (more
/// while all of them are constant), trees grown until leaves are pure. The same for any number of
/// threads. `classes` has the class of each row, below `count`. Throws Failure with DataInvalid
/// without rows, Exhausted over most_bytes, Cancelled when stopping.
Forest fit_forest(const SparseRows& rows, std::span<const std::uint32_t> classes,
                  std::uint32_t count, const ForestOptions& options);

/// Votes on rows; keeps memory that it uses again. [one thread]
class ForestVoter {
 public:
  /// `forest` lives longer.
  explicit ForestVoter(const Forest& forest)
      : forest_{forest}, row_(forest.columns), shares_(forest.classes) {}
  /// Returns the mean share of each class over the trees. Columns are below forest.columns.
  std::span<const double> shares(std::span<const std::uint32_t> columns,
                                 std::span<const double> values);
  /// Returns the class of the largest share, the first of equal ones.
  std::uint32_t vote(std::span<const std::uint32_t> columns, std::span<const double> values);

 private:
  const Forest& forest_;
  std::vector<float> row_;  // zero between calls
  std::vector<double> shares_;
};

}  // namespace millrace::learn
