// What docs/writing-a-plugin.md shows of operators that take their time, and of one that learns.
#include <algorithm>
#include <cmath>
#include <sstream>
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
  static constexpr auto kDoc =
      "Adds the square root of a column, and tells the mean of each batch.";
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

class Mean final : public millrace::Operator, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "train.mean";
  static constexpr auto kRole = millrace::Role::Train;
  static constexpr auto kDoc = "Learns the mean of a column, and registers it as a model.";
  static constexpr auto kParams = R"({
    "project": {"type": "integer", "mandatory": true, "doc": "Project of the model."},
    "user": {"type": "integer", "mandatory": true, "doc": "User whose model it is."}})";
  static constexpr auto kTraits =
      R"({"resources": {"class": "train"}, "reads": {"value": "float64"}, "examples": [
    {"params": {"project": 1, "user": 1}, "rows": {"value": [1.0, 2.0]}, "catalog": {"id": [7]}}]})";

  explicit Mean(const millrace::Params& params)
      : project_{params.integer("project")}, user_{params.integer("user")} {}

  void process(millrace::Context&, millrace::Batch batch) override {
    const auto values = batch.column<double>("value");
    for (std::int64_t row = 0; row < values.size(); ++row) {
      if (const auto value = values[row]) sum_ += *value, ++count_;
    }
  }

  // [content]
  void finish(millrace::Context& context) override {
    const double mean = count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
    millrace::Writer weights = context.stage("blob:");
    weights.write(std::to_string(mean));
    const auto size = weights.size();
    const std::string sha256 = context.seal(weights);
    context.metric("mean", count_, mean);
    const std::string model = R"({"entity": "models", "action": "insert", "set": {"name": "mean")"
                              R"(, "project_id": )" +
                              std::to_string(project_) + R"(, "user_id": )" +
                              std::to_string(user_) + R"(, "metrics": {"mean": )" +
                              std::to_string(mean) +
                              R"(}, "file_name": "mean.txt", "file_sha256": ")" + sha256 +
                              R"(", "file_bytes": )" + std::to_string(size) + "}}";
    context.emit(context.change(context.parse(model)));
  }
  // [/content]

  std::string snapshot(millrace::Context&) override {
    return std::to_string(count_) + " " + std::to_string(sum_);
  }
  void restore(millrace::Context&, std::string_view state) override {
    std::istringstream{std::string{state}} >> count_ >> sum_;
  }

 private:
  std::int64_t project_, user_;
  std::int64_t count_ = 0;
  double sum_ = 0;
};

}  // namespace

MR_PLUGIN("test.guide", "1.0.0", Windows, Roots, Mean)
