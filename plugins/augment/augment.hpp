#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/augment/copies.hpp"
#include "plugins/augment/resolve.hpp"

namespace millrace::augment {

/// Decides for every record how many copies it gets, and emits them as recipes: the chain of
/// operations with every choice made, under an identity of its own. No pixel is touched. The body
/// of augment.apply and of every augment.<op>. [worker, serial per instance]
class Augment final : public Operator {
 public:
  Augment(const Params& params, std::vector<CheckedOp> chain);
  void process(Context& context, Batch batch) override;

 private:
  class Writer;
  void copy_row(Context& context, std::int64_t row, std::string_view identity,
                std::string_view label, std::string_view done, Writer& writer);

  CopyRules copies_;
  std::vector<CheckedOp> chain_;
  bool passes_;           // nothing but noop: records go on as they came
  bool is_fixed_;         // nothing is drawn
  std::string resolved_;  // of a fixed chain, or of the copy at hand
};

/// Tells the planner what the chain is: whether its records are recipes, and whether all of them
/// only turn and mirror.
void declare_traits(Context& context, const std::vector<CheckedOp>& chain);

/// The parts of declarations that all operators with copies share: the parameters `condition` and
/// `default` as JSON members, and the traits.
extern const std::string_view kCopyParams;
extern const std::string_view kAugmentTraits;

}  // namespace millrace::augment
