#include <millrace/operator.hpp>

namespace {

class MinArea final : public millrace::Operator {
 public:
  static constexpr auto kName = "filter.min_area";
  static constexpr auto kRole = millrace::Role::Filter;
  static constexpr auto kDoc = "Drops rows whose image is smaller than a limit, or of unknown size.";
  static constexpr auto kParams =
      R"({"min_area": {"type": "number", "default": 1024, "unit": "pixels", "doc": "Least area."}})";
  static constexpr auto kTraits = R"({"replicable": true, "reads": {"area": "number"}})";

  explicit MinArea(const millrace::Params& params) : min_area_{params.number("min_area", 1024)} {}

  void process(millrace::Context& context, millrace::Batch batch) override {
    context.emit(std::move(batch).keep_rows("area", [this](double a) { return a >= min_area_; }));
  }

 private:
  double min_area_;  // pixels
};
}  // namespace

MR_PLUGIN("example.min_area", "1.0.0", MinArea)
