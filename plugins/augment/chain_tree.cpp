#include "plugins/augment/chain_tree.hpp"

#include <algorithm>
#include <utility>

namespace millrace::augment {
namespace {

// Photometric operations see the colours alone.
void apply_beside_alpha(const PlannedStep& planned, const Step& step, const cv::Mat& in,
                        cv::Mat& out) {
  cv::Mat colours{in.size(), CV_8UC3}, changed;
  const int colour_pairs[] = {0, 0, 1, 1, 2, 2};
  cv::mixChannels(&in, 1, &colours, 1, colour_pairs, 3);
  planned.op->spec->pixels(step, colours, changed);
  out.create(in.size(), CV_8UC4);
  const cv::Mat sources[] = {changed, in};
  const int all_pairs[] = {0, 0, 1, 1, 2, 2, 6, 3};  // channel 3 of `in` is the seventh of both
  cv::mixChannels(sources, 2, &out, 1, all_pairs, 4);
}

}  // namespace

void apply(const PlannedStep& planned, const cv::Mat& in, cv::Mat& out) {
  const auto step = planned.op->step(planned.before);
  try {
    if (planned.op->spec->keeps_alpha && in.channels() == 4) {
      apply_beside_alpha(planned, step, in, out);
    } else {
      planned.op->spec->pixels(step, in, out);
    }
  } catch (const cv::Exception& error) {
    throw OpFailure{std::string{planned.op->spec->name} + ": " + error.err};
  }
}

cv::Mat PicturePool::take() {
  if (pictures_.empty()) return {};
  auto picture = std::move(pictures_.back());
  pictures_.pop_back();
  return picture;
}

void PicturePool::give(cv::Mat picture) {
  const bool is_last_user = picture.u != nullptr && picture.u->refcount == 1;
  if (is_last_user && pictures_.size() < kMost) pictures_.push_back(std::move(picture));
}

std::size_t ChainTree::child_of(std::size_t branch, const PlannedStep& step) {
  for (const auto child : branches_[branch].children) {
    if (branches_[child].step.op == step.op) return child;  // a recipe of one text is one object
  }
  branches_.push_back({step, {}, {}});
  branches_[branch].children.push_back(branches_.size() - 1);
  return branches_.size() - 1;
}

void ChainTree::add(const ChainPlan& plan, std::size_t copy) {
  std::size_t branch = 0;
  for (const auto& step : plan.steps) branch = child_of(branch, step);
  auto& leaves = branches_[branch].leaves;
  auto leaf = std::find_if(leaves.begin(), leaves.end(),
                           [&](const Leaf& known) { return known.encoding == plan.encoding; });
  if (leaf == leaves.end()) leaf = leaves.insert(leaves.end(), Leaf{plan.encoding, {}});
  leaf->copies.push_back(copy);
}

void ChainTree::run(cv::Mat picture, PicturePool& pool, const Harvest& harvest) const {
  grow(branches_.front(), std::move(picture), pool, harvest);
}

void ChainTree::grow(const Branch& branch, cv::Mat picture, PicturePool& pool,
                     const Harvest& harvest) const {
  for (const auto& leaf : branch.leaves) harvest.finished(picture, leaf.encoding, leaf.copies);
  for (const auto place : branch.children) {
    const auto& child = branches_[place];
    auto result = pool.take();
    try {
      apply(child.step, picture, result);
    } catch (const OpFailure& failure) {
      std::vector<std::size_t> copies;
      collect(child, copies);
      harvest.failed(copies, failure.what());
      continue;
    }
    // The last child has seen the picture: a long chain holds two of them, not all.
    if (place == branch.children.back()) pool.give(std::move(picture));
    grow(child, std::move(result), pool, harvest);
  }
  pool.give(std::move(picture));
}

void ChainTree::collect(const Branch& branch, std::vector<std::size_t>& copies) const {
  for (const auto& leaf : branch.leaves)
    copies.insert(copies.end(), leaf.copies.begin(), leaf.copies.end());
  for (const auto place : branch.children) collect(branches_[place], copies);
}

}  // namespace millrace::augment
