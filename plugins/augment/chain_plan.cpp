#include "plugins/augment/chain_plan.hpp"

#include <algorithm>
#include <utility>

namespace millrace::augment {
namespace {

std::vector<const ResolvedOp*> read_chain(std::string_view ops, RecipeBook& recipes) {
  std::vector<const ResolvedOp*> chain;
  for (;;) {
    const auto comma = ops.find(',');
    const auto& op = recipes.find(ops.substr(0, comma));
    if (op.spec->pixels != nullptr) chain.push_back(&op);
    if (comma == std::string_view::npos) return chain;
    ops.remove_prefix(comma + 1);
  }
}

// Quality is wished for by the last operation, when it is the one of the result's format; it then
// does nothing else.
bool take_quality(std::vector<const ResolvedOp*>& chain, Encoding& encoding) {
  if (chain.empty() || chain.back()->spec->sets_quality_of != encoding.format) return false;
  encoding.quality = chain.back()->args.integer("value");
  chain.pop_back();
  return true;
}

}  // namespace

void PictureLimits::check(std::int64_t width, std::int64_t height, std::string_view what) const {
  // Sides of 2^32 do not overflow: the side is looked at first.
  if (std::max(width, height) <= max_side && width * height <= max_pixels) return;
  throw RecordFailure{"too_large", std::string{what} + " is " + std::to_string(width) + "x" +
                                       std::to_string(height) + " pixels; allowed are " +
                                       std::to_string(max_side) + " a side and " +
                                       std::to_string(max_pixels) + " in all"};
}

const ResolvedOp& RecipeBook::find(std::string_view text) {
  const auto known = recipes_.find(text);
  if (known != recipes_.end()) return known->second;
  std::string why;
  auto read = read_recipe(text, why);
  if (!read) throw RecordFailure{"op_failed", why};
  return recipes_.emplace(text, *std::move(read)).first->second;
}

ChainPlan plan_chain(std::string_view ops, cv::Size size, ImageFormat source,
                     const PictureLimits& limits, RecipeBook& recipes) {
  auto chain = read_chain(ops, recipes);
  ChainPlan plan;
  plan.encoding.format = result_format(source);
  const bool is_quality_wished = take_quality(chain, plan.encoding);
  if (!is_quality_wished) plan.turn = Turn::None;
  for (const auto* op : chain) {
    const auto step = op->step(size);
    auto result = size;
    try {
      if (op->spec->size != nullptr) result = op->spec->size(step);
      if (op->spec->points != nullptr)
        plan.movements.push_back({op->spec->name, op->spec->points(step), result});
    } catch (const OpFailure& failure) {
      throw RecordFailure{"op_failed", failure.what()};
    } catch (const cv::Exception& error) {
      throw RecordFailure{"op_failed", std::string{op->spec->name} + ": " + error.err};
    }
    limits.check(result.width, result.height, "the result of " + std::string{op->spec->name});
    const auto turn = op->spec->turn != nullptr ? op->spec->turn(step) : std::optional<Turn>{};
    plan.turn = plan.turn && turn ? std::optional{then(*plan.turn, *turn)} : std::optional<Turn>{};
    plan.steps.push_back({op, size});
    size = result;
  }
  return plan;
}

}  // namespace millrace::augment
