#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plugins/learn/sparse_rows.hpp"
#include "plugins/learn/stop_poll.hpp"

namespace millrace::learn {

/// A linear model: positive where the product with a row and the intercept are over 0 in all.
struct LinearModel {
  std::vector<double> weights;
  double intercept = 0;
  std::vector<double> losses;  // mean over the rows, by epoch: a pass over all of them
};

struct LogisticOptions {
  double alpha = 1e-4;    // strength of the penalty
  double l1_ratio = 0.9;  // of the elastic net: 0 is L2, 1 is L1
  std::size_t most_epochs = 1000;
  double tolerance = 1e-3;           // by how much the mean loss is to fall,
  std::size_t patience_epochs = 10;  // else learning ends after as many
  std::uint32_t seed = 1;            // of the order of rows; 0 is 1
  IsStopping is_stopping{};
};

/// Learns by stochastic gradient descent on the logistic loss with an elastic net, classes balanced
/// by weights, the rate 1 / (alpha * (t0 + t)), and the L1 part summed up as Tsuruoka, Tsujii and
/// Ananiadou (2009) do: SGDClassifier of scikit-learn 1.2 with loss="log_loss",
/// penalty="elasticnet", class_weight="balanced", up to rounding for the same seed of its shuffle.
/// `is_positive` has a flag for each row. Throws Failure with DataInvalid where all rows are of one
/// class or numbers overflow, Cancelled when stopping.
LinearModel fit_logistic(const SparseRows& rows, std::span<const std::uint8_t> is_positive,
                         const LogisticOptions& options);

}  // namespace millrace::learn
