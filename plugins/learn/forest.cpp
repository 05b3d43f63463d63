#include "plugins/learn/forest.hpp"

#include <algorithm>

namespace millrace::learn {

std::span<const double> ForestVoter::shares(std::span<const std::uint32_t> columns,
                                            std::span<const double> values) {
  for (std::size_t i = 0; i < columns.size(); ++i) row_[columns[i]] = static_cast<float>(values[i]);
  std::fill(shares_.begin(), shares_.end(), 0.0);
  for (std::size_t tree = 0; tree < forest_.trees(); ++tree) {
    const ForestNode* const root = forest_.nodes.data() + forest_.begins[tree];
    const ForestNode* node = root;
    while (node->column != ForestNode::kLeaf)
      node = row_[node->column] <= node->threshold ? node + 1 : root + node->next;
    const float* const shares = forest_.shares.data() + std::size_t{node->next} * forest_.classes;
    for (std::size_t i = 0; i < shares_.size(); ++i) shares_[i] += shares[i];
  }
  for (const auto column : columns) row_[column] = 0;
  for (double& share : shares_) share /= static_cast<double>(forest_.trees());
  return shares_;
}

std::uint32_t ForestVoter::vote(std::span<const std::uint32_t> columns,
                                std::span<const double> values) {
  const auto found = shares(columns, values);
  return static_cast<std::uint32_t>(std::max_element(found.begin(), found.end()) - found.begin());
}

}  // namespace millrace::learn
