// What docs/writing-a-plugin.md shows of operators that take their time.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

namespace {

class Windows final : public millrace::Operator {
 public:
  static constexpr auto kName = "preprocess.windows";
  static constexpr auto kRole = millrace::Role::Preprocess;
  static constexpr auto kDoc = "Cuts a batch into windows, each a batch of its own.";
  static constexpr auto kParams =
      R"({"rows": {"type": "integer", "default": 2, "minimum": 1, "doc": "Rows of a window."}})";
  static constexpr auto kTraits = R"({"replicable": true})";

  explicit Windows(const millrace::Params& params) : rows_{params.integer("rows")} {}

  // [more]
  void process(millrace::Context& context, millrace::Batch batch) override {
    batch_ = std::move(batch);
    next_ = 0;
    process_more(context);
  }
  void process_more(millrace::Context& context) override {
    const auto rows = std::min(rows_, batch_.rows() - next_);
    context.emit(batch_.slice(next_, rows));
    next_ += rows;
    if (next_ < batch_.rows()) context.more();
  }
  // [/more]

 private:
  std::int64_t rows_;
  millrace::Batch batch_;
  std::int64_t next_ = 0;  // row that begins the next window
};

class Roots final : public millrace::Operator {
 public:
  static constexpr auto kName = "preprocess.roots";
  static constexpr auto kRole = millrace::Role::Preprocess;
  static constexpr auto kDoc = "Adds the square root of a column, and tells the mean of each batch.";
  static constexpr auto kParams = "{}";
  static constexpr auto kTraits =
      R"({"replicable": true, "reads": {"value": "float64"}, "adds": {"root": "float64"}})";

  // [parallel]
  void process(millrace::Context& context, millrace::Batch batch) override {
    const auto values = batch.column<double>("value");
    std::vector<double> roots(static_cast<std::size_t>(values.size()));
    context.parallel(roots.size(), [&](std::uint64_t row) {
      roots[row] = std::sqrt(std::abs(values.value(static_cast<std::int64_t>(row), 0)));
    });
    double sum = 0;
    for (const double root : roots) sum += root;  // in the order of rows, for any number of cores
    if (!roots.empty()) {
      context.metric("mean_root", context.sequence(), sum / static_cast<double>(roots.size()));
    }
    millrace::Builder<double> column;
    for (const double root : roots) column.append(root);
    context.emit(std::move(batch).with("root", std::move(column)));
  }
  // [/parallel]
};

}  // namespace

MR_PLUGIN("test.guide", "1.0.0", Windows, Roots)
