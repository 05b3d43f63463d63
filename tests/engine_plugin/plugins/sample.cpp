// Well-behaved operators that between them use every hook and service.
#include <string>
#include <utility>

#include <millrace/operator.hpp>

namespace {

using namespace millrace;

class SampleMin final : public Operator {
 public:
  static constexpr auto kName = "filter.sample_min";
  static constexpr auto kRole = Role::Filter;
  static constexpr auto kDoc = "Drops rows whose value is below a limit.";
  static constexpr auto kParams =
      R"({"min": {"type": "number", "default": 2, "minimum": 0, "unit": "pixels", "doc": "Least value kept."}})";
  static constexpr auto kTraits = R"({"replicable": true, "reads": {"value": "number"},
    "examples": [{"rows": {"value": [1.5, 2, null, 9], "name": ["a", "b", "c", null]}}]})";

  explicit SampleMin(const Params& params) : min_{params.number("min")} {}

  void process(Context& context, Batch batch) override {
    context.emit(
        std::move(batch).keep_rows("value", [this](double value) { return value >= min_; }));
  }

 private:
  double min_;
};

// Emits the numbers below a limit, three at a time.
class SampleNumbers final : public Source, public Checkpointed {
 public:
  static constexpr auto kName = "input.sample_numbers";
  static constexpr auto kRole = Role::Input;
  static constexpr auto kDoc = "Emits whole numbers.";
  static constexpr auto kParams =
      R"({"count": {"type": "integer", "mandatory": true, "minimum": 0, "maximum": 1000, "doc": "How many."}})";
  static constexpr auto kTraits =
      R"({"emits": {"value": "int64"}, "examples": [{"params": {"count": 8}}]})";

  explicit SampleNumbers(const Params& params) : count_{params.integer("count")} {}

  bool produce(Context& context) override {
    if (next_ >= count_) return false;
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
    Builder<std::int64_t> values;
    for (int i = 0; i < 3 && next_ < count_; ++i) values.append(next_++);
    context.emit(Batch{}.with("value", std::move(values)));
    return next_ < count_;
  }
  std::string snapshot(Context&) override { return std::to_string(next_); }
  void restore(Context&, std::string_view state) override {
    next_ = std::stoll(std::string{state});
  }

 private:
  std::int64_t count_;
  std::int64_t next_ = 0;
};

// Refuses some parameters in plan() and replaces a trait for others.
class SamplePlan final : public Operator {
 public:
  static constexpr auto kName = "augment.sample_plan";
  static constexpr auto kRole = Role::Augment;
  static constexpr auto kDoc = "Looks at its parameters before it runs.";
  static constexpr auto kParams =
      R"({"ops": {"type": "string", "default": "flip", "doc": "What to do."}})";
  static constexpr auto kTraits = R"({"ports": ["odd"]})";

  static void plan(Context& context, const Params& params) {
    const auto ops = params.string("ops");
    if (ops == "bad") context.fault("ops_syntax", "/ops", "unknown op: bad");
    if (ops == "throw") throw std::runtime_error{"plan broke"};
    if (ops == "pure") context.trait("replicable", "true");
    if (ops == "odd_trait") context.trait("no_such_trait", "1");
    if (ops == "broken_trait") context.trait("replicable", "{");
  }
  void process(Context& context, Batch batch) override {
    const bool is_odd = batch.rows() % 2 == 1;
    context.emit(std::move(batch), is_odd ? "odd" : "");
  }
};

// Emits its rows one in a call, and their number at its end, as often as there were batches.
class SampleSplit final : public Operator {
 public:
  static constexpr auto kName = "preprocess.sample_split";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kDoc = "Emits each row as a batch of its own, in a call of its own.";
  static constexpr auto kParams = "{}";
  static constexpr auto kTraits = R"({"examples": [{"rows": {"value": [1, 2, 3]}}]})";

  void process(Context& context, Batch batch) override {
    batch_ = std::move(batch);
    row_ = 0;
    left_ = 2;
    process_more(context);
  }
  void process_more(Context& context) override {
    if (row_ < batch_.rows()) context.emit(batch_.slice(row_++, 1));
    if (row_ < batch_.rows()) context.more();
  }
  void finish(Context& context) override {
    context.count("finished");
    if (left_-- > 0) context.more();
  }

 private:
  Batch batch_;
  std::int64_t row_ = 0;
  int left_ = 0;
};

// Tells everything it can be told, and writes an output.
class SampleTeller final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "output.sample_teller";
  static constexpr auto kRole = Role::Output;
  static constexpr auto kDoc = "Writes how many rows each batch had.";
  static constexpr auto kParams =
      R"({"target": {"type": "uri", "access": "write", "mandatory": true, "doc": "Where to."}})";
  static constexpr auto kTraits = R"({"blocking": true, "examples": [
    {"params": {"target": "qiniu:///z0/out/rows.txt"}, "rows": {"value": [1, 2, 3]}}]})";

  explicit SampleTeller(const Params& params) : target_{params.string("target")} {}

  void process(Context& context, Batch batch) override {
    if (!is_open_) {
      writer_ = context.stage(target_);
      writer_.truncate(size_);
      is_open_ = true;
    }
    const auto line = std::to_string(batch.rows()) + "\n";
    writer_.write(line);
    size_ += line.size();
    context.count("rows", batch.rows());
    context.progress(size_, 0, "bytes");
    context.log(Level::Warn, "batch " + std::to_string(context.sequence()) + " of " +
                                 std::string{context.job()} + " at " + std::string{context.node()});
    context.record_event({.level = Level::Info, .code = "seen", .message = "seen", .line = 7});
  }
  void finish(Context& context) override { context.result("bytes", std::to_string(size_)); }
  std::string snapshot(Context&) override { return std::to_string(size_); }
  void restore(Context&, std::string_view state) override {
    size_ = std::stoull(std::string{state});
  }

 private:
  std::string target_;
  Writer writer_;
  bool is_open_ = false;
  std::uint64_t size_ = 0;
};

}  // namespace

MR_PLUGIN("test.sample", "1.2.3", SampleMin, SampleNumbers, SamplePlan, SampleSplit, SampleTeller)
