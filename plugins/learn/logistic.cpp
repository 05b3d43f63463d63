#include "plugins/learn/logistic.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <millrace/context.hpp>

namespace millrace::learn {

namespace {

// Marsaglia's xorshift, as scikit-learn's our_rand_r.
std::uint32_t next_random(std::uint32_t& state) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state % 0x80000000U;
}

// Weights that are scaled all at once by one factor.
class ScaledWeights {
 public:
  explicit ScaledWeights(std::size_t count) : weights_(count), penalties_(count) {}

  [[nodiscard]] double product(std::span<const std::uint32_t> columns,
                               std::span<const double> values) const {
    double sum = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) sum += weights_[columns[i]] * values[i];
    return sum * scale_;
  }
  void scale(double factor) {
    scale_ *= factor;
    if (scale_ < kLeastScale) fold();
  }
  void add(std::span<const std::uint32_t> columns, std::span<const double> values, double factor) {
    for (std::size_t i = 0; i < columns.size(); ++i)
      weights_[columns[i]] += values[i] * (factor / scale_);
  }
  // Brings the weights of a row up to the L1 penalty of all steps so far.
  void shrink(std::span<const std::uint32_t> columns, double total) {
    for (const auto column : columns) {
      double& weight = weights_[column];
      double& paid = penalties_[column];
      const double before = weight;
      if (scale_ * before > 0)
        weight = std::max(0.0, weight - ((total + paid) / scale_));
      else if (scale_ * before < 0)
        weight = std::min(0.0, weight + ((total - paid) / scale_));
      paid += scale_ * (weight - before);
    }
  }
  [[nodiscard]] bool is_finite() const {
    return std::all_of(weights_.begin(), weights_.end(), [](double w) { return std::isfinite(w); });
  }
  std::vector<double> take() {
    fold();
    return std::move(weights_);
  }

 private:
  static constexpr double kLeastScale = 1e-9;

  void fold() {
    for (double& weight : weights_) weight *= scale_;
    scale_ = 1;
  }

  std::vector<double> weights_, penalties_;
  double scale_ = 1;
};

double logistic_loss(double margin) {
  if (margin > 18) return std::exp(-margin);
  if (margin < -18) return -margin;
  return std::log(1.0 + std::exp(-margin));
}

double logistic_slope(double margin, double sign) {
  if (margin > 18) return std::exp(-margin) * -sign;
  if (margin < -18) return -sign;
  return -sign / (std::exp(margin) + 1.0);
}

}  // namespace

LinearModel fit_logistic(const SparseRows& rows, std::span<const std::uint8_t> is_positive,
                         const LogisticOptions& options) {
  const auto count = rows.rows();
  const auto positive = static_cast<std::size_t>(
      std::count_if(is_positive.begin(), is_positive.end(), [](auto flag) { return flag != 0; }));
  if (positive == 0 || positive == count)
    throw Failure{MR_DATA_INVALID, "The number of classes has to be greater than one; got 1 class"};
  const auto balanced = [&](std::size_t of) {
    return static_cast<double>(count) / (2 * static_cast<double>(of));
  };
  const double positive_weight = balanced(positive), negative_weight = balanced(count - positive);
  // Bottou's t0, by a typical weight of sqrt(1 / sqrt(alpha)).
  const double typical = std::sqrt(1.0 / std::sqrt(options.alpha));
  const double first_rate = typical / std::max(1.0, logistic_slope(-typical, 1.0));
  const double t0 = 1.0 / (first_rate * options.alpha);
  constexpr double kInterceptDecay = 0.01;  // of sparse rows
  constexpr double kMostSlope = 1e12;

  ScaledWeights weights{rows.width};
  LinearModel model;
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  double t = 1, penalty = 0, best_loss = std::numeric_limits<double>::infinity();
  std::size_t patience = 0;
  StopPoll poll{options.is_stopping};
  while (model.losses.size() < options.most_epochs) {
    // Each epoch shuffles what the last one left, by the same numbers.
    auto random = options.seed == 0 ? 1U : options.seed;
    for (std::size_t i = 0; i + 1 < count; ++i)
      std::swap(order[i], order[i + next_random(random) % (count - i)]);
    double loss = 0;
    for (const auto row : order) {
      const auto columns = rows.columns_of(row);
      const auto values = rows.values_of(row);
      poll.step(columns.size() + 1);
      const double sign = is_positive[row] != 0 ? 1 : -1;
      const double margin = (weights.product(columns, values) + model.intercept) * sign;
      const double rate = 1.0 / (options.alpha * (t0 + t - 1));
      loss += logistic_loss(margin);
      const double slope = std::clamp(logistic_slope(margin, sign), -kMostSlope, kMostSlope);
      const double step = -rate * slope * (sign > 0 ? positive_weight : negative_weight);
      weights.scale(std::max(0.0, 1.0 - ((1.0 - options.l1_ratio) * rate * options.alpha)));
      if (step != 0) {
        weights.add(columns, values, step);
        model.intercept += step * kInterceptDecay;
      }
      penalty += options.l1_ratio * rate * options.alpha;
      weights.shrink(columns, penalty);
      ++t;
    }
    if (!std::isfinite(model.intercept) || !weights.is_finite())
      throw Failure{MR_DATA_INVALID, "training overflowed: give a larger alpha"};
    model.losses.push_back(loss / static_cast<double>(count));
    const bool is_better = loss <= best_loss - options.tolerance * static_cast<double>(count);
    patience = is_better ? 0 : patience + 1;
    best_loss = std::min(best_loss, loss);
    if (patience >= options.patience_epochs) break;
  }
  model.weights = weights.take();
  return model;
}

}  // namespace millrace::learn
