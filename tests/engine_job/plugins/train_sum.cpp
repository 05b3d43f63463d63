#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <millrace/operator.hpp>

namespace {

// Adds numbers up, and makes the sum a content of `bytes` bytes, of which a model is made in the
// end. At each point of that (staged, half, written, sealed, made) it says that it is there with a
// file `gate`.POINT, and at the point `stop_at` it waits until the file `gate` exists.
class Trainer final : public millrace::Operator, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "train.sum";
  static constexpr auto kRole = millrace::Role::Train;
  static constexpr auto kParams = R"({
    "gate": {"type": "string", "default": ""}, "stop_at": {"type": "string", "default": ""},
    "name": {"type": "string", "default": "sum"}, "bytes": {"type": "integer", "default": 100000},
    "makes_model": {"type": "boolean", "default": true},
    "fails": {"type": "boolean", "default": false}})";

  explicit Trainer(const millrace::Params& params)
      : gate_{params.string("gate")},
        stop_at_{params.string("stop_at")},
        name_{params.string("name", "sum")},
        bytes_{static_cast<std::size_t>(params.integer("bytes", 100'000))},
        makes_model_{params.boolean("makes_model", true)},
        fails_{params.boolean("fails")} {}

  void process(millrace::Context& context, millrace::Batch batch) override {
    const auto numbers = batch.column<std::int64_t>("number");
    for (std::int64_t row = 0; row < batch.rows(); ++row) sum_ += numbers.value(row);
    context.metric("sum", context.sequence(), static_cast<double>(sum_));
  }

  void finish(millrace::Context& context) override {
    std::string text = std::to_string(sum_) + name_;
    text.resize(bytes_, '.');
    millrace::Writer content = context.stage("blob:");
    reach(context, "staged");
    content.write(text.substr(0, bytes_ / 2));
    reach(context, "half");
    content.write(text.substr(bytes_ / 2));
    reach(context, "written");
    const std::string sha256 = context.seal(content);
    context.result("content", '"' + sha256 + '"');
    if (context.read_all("blob:" + sha256, bytes_ + 1) != text)
      throw millrace::Failure(MR_DATA_INVALID, "the content is another one");
    reach(context, "sealed");
    if (makes_model_) {
      const std::string model =
          R"({"entity": "models", "action": "insert", "set": {"user_id": 1, "project_id": 1, "name": ")" +
          name_ + R"(", "metrics": {"sum": )" + std::to_string(sum_) +
          R"(}, "file_name": "sum.txt", )" + R"("file_bytes": )" + std::to_string(bytes_) +
          R"(, "file_sha256": ")" + sha256 + "\"}}";
      context.result(
          "model",
          std::to_string(context.change(context.parse(model)).column<std::int64_t>("id").value(0)));
    }
    reach(context, "made");
    if (fails_) throw millrace::Failure(MR_DATA_INVALID, "what was learnt is of no use");
  }

  std::string snapshot(millrace::Context&) override { return std::to_string(sum_); }
  void restore(millrace::Context&, std::string_view state) override {
    std::from_chars(state.data(), state.data() + state.size(), sum_);
  }

 private:
  void reach(millrace::Context& context, const std::string& point) {
    if (gate_.empty()) return;
    std::ofstream{gate_ + "." + point};
    while (point == stop_at_ && !std::filesystem::exists(gate_)) {
      if (context.stopping()) throw millrace::Failure(MR_CANCELLED, "stopped at the gate");
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }

  std::string gate_, stop_at_, name_;
  std::size_t bytes_;
  bool makes_model_, fails_;
  std::int64_t sum_ = 0;
};

}  // namespace

MR_PLUGIN("train_sum", "1.0.0", Trainer)
