#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "plugins/augment/chain_plan.hpp"

namespace millrace::augment {

/// Pictures that are done with, whose memory the next ones take. [one thread at a time]
class PicturePool {
 public:
  /// Returns a picture whose memory nobody else sees, or an empty one.
  cv::Mat take();
  /// Keeps the memory if this was its last user.
  void give(cv::Mat picture);

 private:
  static constexpr std::size_t kMost = 4;
  std::vector<cv::Mat> pictures_;
};

/// The chains of all copies of one picture, as a tree: what several chains begin with is computed
/// once, and equal chains are one. Copies are known by numbers that the caller gives.
class ChainTree {
 public:
  void add(const ChainPlan& plan, std::size_t copy);

  /// Receives what comes out.
  struct Harvest {
    /// A finished picture and how it is to be written, for all copies that share it.
    std::function<void(const cv::Mat& picture, const Encoding& encoding,
                       const std::vector<std::size_t>& copies)>
        finished;
    /// An operation failed for these copies.
    std::function<void(const std::vector<std::size_t>& copies, const std::string& why)> failed;
  };
  /// Applies all chains to the picture, which is given up.
  void run(cv::Mat picture, PicturePool& pool, const Harvest& harvest) const;

 private:
  struct Leaf {
    Encoding encoding;
    std::vector<std::size_t> copies;
  };
  struct Branch {
    PlannedStep step;  // of the root: none
    std::vector<std::size_t> children;
    std::vector<Leaf> leaves;
  };
  std::size_t child_of(std::size_t branch, const PlannedStep& step);
  void grow(const Branch& branch, cv::Mat picture, PicturePool& pool, const Harvest& harvest) const;
  void collect(const Branch& branch, std::vector<std::size_t>& copies) const;

  std::vector<Branch> branches_ = std::vector<Branch>(1);
};

/// Applies one operation; the alpha channel of a picture passes by one that keeps it. Throws
/// OpFailure.
void apply(const PlannedStep& step, const cv::Mat& in, cv::Mat& out);

}  // namespace millrace::augment
