// Has an operator whose id another plugin has too.
#include <utility>

#include <millrace/operator.hpp>

namespace {

class Twin final : public millrace::Operator {
 public:
  static constexpr auto kName = "filter.sample_min";
  static constexpr auto kRole = millrace::Role::Filter;
  static constexpr auto kParams = "{}";
  void process(millrace::Context& context, millrace::Batch batch) override {
    context.emit(std::move(batch));
  }
};

}  // namespace

MR_PLUGIN("test.twin", "1.0.0", Twin)
