// Lets go of all rows, so that what makes them is measured alone.
#include <string>

#include <millrace/operator.hpp>

namespace {

class Discard final : public millrace::Operator {
 public:
  static constexpr auto kName = "output.discard";
  static constexpr auto kRole = millrace::Role::Output;
  static constexpr auto kParams = "{}";

  void process(millrace::Context&, millrace::Batch batch) override { rows_ += batch.rows(); }
  void finish(millrace::Context& context) override {
    context.result("rows", std::to_string(rows_));
  }

 private:
  std::int64_t rows_ = 0;
};

}  // namespace

MR_PLUGIN("bench_discard", "1.0.0", Discard)
