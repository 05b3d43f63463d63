// Declares a parameter of a type that there is not.
#include <utility>

#include <millrace/operator.hpp>

namespace {

class BadDeclaration final : public millrace::Operator {
 public:
  static constexpr auto kName = "filter.bad_declaration";
  static constexpr auto kRole = millrace::Role::Filter;
  static constexpr auto kParams = R"({"limit": {"type": "numbre"}})";
  void process(millrace::Context& context, millrace::Batch batch) override {
    context.emit(std::move(batch));
  }
};

}  // namespace

MR_PLUGIN("test.bad_declaration", "1.0.0", BadDeclaration)
