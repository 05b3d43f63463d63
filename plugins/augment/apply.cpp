// augment.apply: makes copies of records by conditions, each with a chain of image operations
// written in the grammar.
#include <string>
#include <utility>
#include <vector>

#include "plugins/augment/augment.hpp"
#include "plugins/augment/example_rows.hpp"
#include "plugins/augment/operators.hpp"

namespace millrace::augment {
namespace {

constexpr std::string_view kDoc =
    "Makes new records of those that come in: conditions on labels decide how many copies a record "
    "gets, `ops` what is done "
    "to each copy. The records themselves are not passed on; an edge around the node keeps them. "
    "With the operation noop "
    "records pass as they came. Random parameters are drawn anew for every copy, from the seed of "
    "the job, the name of the "
    "node and the record, so a run is repeatable.";

constexpr std::string_view kOpsParam = R"(
    "ops": {"type": "string", "mandatory": true,
            "doc": "One operation: its name and its parameters after slashes, e.g. flip, rotate/15, rotate/[-10,10] (drawn from a range), rotate/[90,180,270] (one of three), crop/320x240/gravity:Center."},
    "chain": {"type": "boolean", "default": false,
              "doc": "Allow several operations with semicolons between them, applied to one picture in order."},)";

constexpr std::string_view kExamples =
    R"("examples": [{"params": {"condition": [{"label": "class.pulp", "values": {"normal": 2}}], "default": 0.5, "ops": "rotate/[10,20]"}, "rows": )" MR_EXAMPLE_ROWS
    R"(}, {"params": {"ops": "flip;blur;crop/10x10/gravity:Center", "chain": true}, "rows": )" MR_EXAMPLE_ROWS
    R"(}, {"params": {"ops": "noop"}, "rows": )" MR_EXAMPLE_ROWS "}]";

std::vector<CheckedOp> read(const Params& params, std::vector<OpsFault>& faults) {
  return read_ops(params["ops"].string(), {.is_chain_allowed = params.boolean("chain")}, faults);
}

void plan(Context& context, const Params& params, const void*) {
  plan_copies(context, params);
  std::vector<OpsFault> faults;
  const auto chain = read(params, faults);
  for (const auto& fault : faults) context.fault(fault.kind, "/ops", fault.message);
  if (faults.empty()) declare_traits(context, chain);
}

std::unique_ptr<Operator> make(Context&, const Params& params, const void*) {
  std::vector<OpsFault> faults;
  auto chain = read(params, faults);
  if (!faults.empty()) throw Failure{MR_INVALID_ARGUMENT, faults.front().message};
  return std::make_unique<Augment>(params, std::move(chain));
}

}  // namespace

OperatorDefinition define_apply() {
  OperatorDefinition definition;
  definition.id = "augment.apply";
  definition.role = Role::Augment;
  definition.declaration =
      declaration(kDoc, "{" + std::string{kOpsParam} + std::string{kCopyParams} + "}",
                  "{" + std::string{kAugmentTraits} + ", " + std::string{kExamples} + "}");
  definition.plan = plan;
  definition.make_operator = make;
  return definition;
}

}  // namespace millrace::augment
