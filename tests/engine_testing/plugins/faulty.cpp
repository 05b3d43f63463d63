// Operators with one flaw each, for the conformance suite to find.
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

namespace {

using namespace millrace;

#define FAULTY_FILTER(name, params, traits)   \
  static constexpr auto kName = name;         \
  static constexpr auto kRole = Role::Filter; \
  static constexpr auto kDoc = "Has a flaw."; \
  static constexpr auto kParams = params;     \
  static constexpr auto kTraits = traits

class Undocumented final : public Operator {
 public:
  static constexpr auto kName = "filter.undocumented";
  static constexpr auto kRole = Role::Filter;
  static constexpr auto kParams = R"({"n": {"type": "integer", "default": 1}})";
  void process(Context& context, Batch batch) override { context.emit(std::move(batch)); }
};

class BreaksAtBound final : public Operator {
 public:
  FAULTY_FILTER(
      "filter.breaks_at_bound",
      R"({"n": {"type": "integer", "default": 5, "minimum": 0, "maximum": 9, "doc": "N."}})", "{}");
  explicit BreaksAtBound(const Params& params) {
    if (params.integer("n") == 9) throw std::logic_error{"nine"};
  }
  void process(Context& context, Batch batch) override { context.emit(std::move(batch)); }
};

class BadPort final : public Operator {
 public:
  FAULTY_FILTER("filter.bad_port", "{}", "{}");
  void process(Context& context, Batch batch) override {
    context.emit(std::move(batch), "nowhere");
  }
};

class LiesAboutColumns final : public Operator {
 public:
  FAULTY_FILTER("filter.lies_about_columns", "{}", R"({"adds": {"width": "int32"}})");
  void process(Context& context, Batch batch) override { context.emit(std::move(batch)); }
};

class NeedsMore final : public Operator {
 public:
  FAULTY_FILTER("filter.needs_more", "{}",
                R"({"reads": {"a": "int64"}, "examples": [{"rows": {"a": [1, 2], "b": [3, 4]}}]})");
  void process(Context& context, Batch batch) override {
    (void)batch.column<std::int64_t>("a");
    (void)batch.column<std::int64_t>("b");
    context.emit(std::move(batch));
  }
};

class WaitsForDisk final : public Operator {
 public:
  FAULTY_FILTER("filter.waits_for_disk", "{}", R"({"replicable": true})");
  void process(Context& context, Batch batch) override {
    context.put("work:///rows", std::to_string(batch.rows()));
    context.emit(std::move(batch));
  }
};

class SpillsState final : public Operator, public millrace::Checkpointed {
 public:
  FAULTY_FILTER("filter.spills_state", "{}", "{}");
  void process(Context& context, Batch batch) override {
    rows_ += batch.rows();
    context.emit(std::move(batch));
  }
  std::string snapshot(Context& context) override {
    context.put(kFile, std::to_string(rows_));
    return "1";
  }
  void restore(Context& context, std::string_view) override {
    rows_ = std::stoll(context.read_all(kFile, 100));
  }

 private:
  static constexpr auto kFile = "work:///rows";
  std::int64_t rows_ = 0;
};

class AsksCatalog final : public Operator {
 public:
  FAULTY_FILTER("filter.asks_catalog", "{}",
                R"({"examples": [{"rows": {"a": [1, 2]}, "catalog": {"id": [7]}}]})");
  void process(Context& context, Batch batch) override {
    (void)context.query(context.parse(R"({"entity": "models"})"));
    context.emit(std::move(batch));
  }
};

// Does nothing with it, as far as its example tells.
class TakesAddress final : public Operator {
 public:
  FAULTY_FILTER("filter.takes_address",
                R"({"lists": {"type": "array", "items": {"type": "uri"}, "doc": "Lists."}})",
                R"({"resources": {"class": "compute"}, "blocking": true})");
  void process(Context& context, Batch batch) override { context.emit(std::move(batch)); }
};

class FailsEmpty final : public Operator {
 public:
  FAULTY_FILTER("filter.fails_empty", "{}", "{}");
  void process(Context& context, Batch batch) override {
    if (batch.empty()) throw Failure{MR_DATA_INVALID, "no rows"};
    context.emit(std::move(batch));
  }
};

class BreaksOnNull final : public Operator {
 public:
  FAULTY_FILTER("filter.breaks_on_null", "{}", R"({"reads": {"a": "int64"}})");
  void process(Context& context, Batch batch) override {
    const auto a = batch.column<std::int64_t>("a");
    for (std::int64_t row = 0; row < a.size(); ++row) {
      if (!a[row]) throw std::logic_error{"null"};
    }
    context.emit(std::move(batch));
  }
};

// Reads the buffer of its column itself and forgets the offsets.
class IgnoresOffset final : public Operator {
 public:
  FAULTY_FILTER(
      "filter.ignores_offset", "{}",
      R"({"reads": {"a": "int64"}, "examples": [{"rows": {"a": [1, 2, 3], "b": ["x", "y", "z"]}}]})");
  void process(Context& context, Batch batch) override {
    (void)batch.column<std::int64_t>("a");
    ArrowArray array{};
    ArrowSchema schema{};
    const auto rows = batch.rows();
    std::move(batch).export_to(&array, &schema);
    const auto* values = static_cast<const std::int64_t*>(array.children[0]->buffers[1]);
    const auto shift = array.offset + array.children[0]->offset;
    Builder<std::int64_t> builder;
    for (std::int64_t row = 0; row < rows; ++row) builder.append(values[row] + shift);
    array.release(&array);
    schema.release(&schema);
    context.emit(Batch{}.with("a", std::move(builder)));
  }
};

class BreaksOnSchema final : public Operator {
 public:
  FAULTY_FILTER("filter.breaks_on_schema", "{}", R"({"reads": {"a": "int64"}})");
  void process(Context& context, Batch batch) override {
    if (!batch.has("a")) throw std::logic_error{"no a"};
    context.emit(std::move(batch));
  }
};

class Leaks final : public Operator {
 public:
  FAULTY_FILTER("filter.leaks", "{}", "{}");
  void process(Context& context, Batch batch) override {
    static auto& kept = *new std::vector<Batch>;
    kept.push_back(batch.share());
    context.emit(std::move(batch));
  }
};

class DropsRoot final : public Operator {
 public:
  FAULTY_FILTER("filter.drops_root", "{}", R"({"reads": {"a": "int64"}})");
  void process(Context& context, Batch batch) override {
    const std::vector<std::string_view> kept{"a"};
    context.emit(std::move(batch).select(kept));
  }
};

class Reverses final : public Operator {
 public:
  FAULTY_FILTER("filter.reverses", "{}", R"({"reads": {"a": "int64"}})");
  void process(Context& context, Batch batch) override {
    std::vector<std::int64_t> rows;
    for (auto row = batch.rows(); row > 0; --row) rows.push_back(row - 1);
    context.emit(batch.take(rows));
  }
};

int calls_of_all = 0;

class Unsteady final : public Operator {
 public:
  FAULTY_FILTER(
      "filter.unsteady", "{}",
      R"({"conformance": {"skip": {"sliced": "is unsteady by design", "checkpoint": "keeps nothing"}}})");
  void process(Context& context, Batch batch) override {
    Builder<std::int64_t> call;
    for (std::int64_t row = 0; row < batch.rows(); ++row) call.append(calls_of_all);
    ++calls_of_all;
    context.emit(std::move(batch).with("call", std::move(call)));
  }
};

class Remembers final : public Operator {
 public:
  FAULTY_FILTER("filter.remembers", "{}", R"({"replicable": true})");
  void process(Context& context, Batch batch) override {
    Builder<std::int64_t> seen;
    for (std::int64_t row = 0; row < batch.rows(); ++row) seen.append(seen_);
    ++seen_;
    context.emit(std::move(batch).with("seen", std::move(seen)));
  }

 private:
  std::int64_t seen_ = 0;
};

class BreaksWhenStopped final : public Operator {
 public:
  FAULTY_FILTER("filter.breaks_when_stopped", "{}", "{}");
  void process(Context& context, Batch batch) override {
    if (context.stopping()) throw std::logic_error{"stopped"};
    context.emit(std::move(batch));
  }
};

class Forgets final : public Operator, public Checkpointed {
 public:
  FAULTY_FILTER("filter.forgets", "{}", "{}");
  void process(Context&, Batch batch) override { rows_ += batch.rows(); }
  void finish(Context& context) override { context.result("rows", std::to_string(rows_)); }
  std::string snapshot(Context&) override { return "0"; }
  void restore(Context&, std::string_view) override {}

 private:
  std::int64_t rows_ = 0;
};

class Endless final : public Source {
 public:
  static constexpr auto kName = "input.endless";
  static constexpr auto kRole = Role::Input;
  static constexpr auto kDoc = "Never ends.";
  static constexpr auto kParams = "{}";
  bool produce(Context&) override { return true; }
};

class EmitsAgain final : public Source {
 public:
  static constexpr auto kName = "input.emits_again";
  static constexpr auto kRole = Role::Input;
  static constexpr auto kDoc = "Emits past its end.";
  static constexpr auto kParams = "{}";
  bool produce(Context& context) override {
    Builder<std::int64_t> values;
    values.append(1);
    context.emit(Batch{}.with("value", std::move(values)));
    return false;
  }
};

class BadSkip final : public Operator {
 public:
  FAULTY_FILTER("filter.bad_skip", "{}",
                R"({"conformance": {"skip": {"slized": "a typing error"}}})");
  void process(Context& context, Batch batch) override { context.emit(std::move(batch)); }
};

class NeedsExample final : public Operator {
 public:
  FAULTY_FILTER("filter.needs_example",
                R"({"n": {"type": "integer", "mandatory": true, "doc": "N."}})", "{}");
  void process(Context& context, Batch batch) override { context.emit(std::move(batch)); }
};

class FailingExample final : public Operator {
 public:
  FAULTY_FILTER("filter.failing_example", "{}",
                R"({"examples": [{"rows": {"a": [1]}, "typos": {}}]})");
  void process(Context& context, Batch batch) override { context.emit(std::move(batch)); }
};

class Excused final : public Operator {
 public:
  FAULTY_FILTER(
      "filter.excused", "{}",
      R"({"conformance": {"skip": {"empty": "an empty batch means a broken camera here"}}})");
  void process(Context& context, Batch batch) override {
    if (batch.empty()) throw Failure{MR_DATA_INVALID, "no rows"};
    context.emit(std::move(batch));
  }
};

// Never has enough.
class AlwaysMore final : public Operator {
 public:
  FAULTY_FILTER("filter.always_more", "{}", "{}");
  void process(Context& context, Batch) override { context.more(); }
  void process_more(Context& context) override { context.more(); }
};

// Tells the same step of a curve for each of its rows.
class TellsTwice final : public Operator {
 public:
  FAULTY_FILTER("filter.tells_twice", "{}", "{}");
  void process(Context& context, Batch batch) override {
    for (std::int64_t row = 0; row < batch.rows(); ++row) context.metric("loss", 0, 1.0);
    context.emit(std::move(batch));
  }
};

// Says whether another thread helped it, for which it waits a little.
class CountsThreads final : public Operator {
 public:
  FAULTY_FILTER("filter.counts_threads", "{}", R"({"conformance": {"skip": {
    "columns": "slow", "reads": "slow", "blocking": "slow", "empty": "slow", "all_null": "slow",
    "sliced": "slow", "wrong_schema": "slow", "release": "slow", "root": "slow", "deterministic": "slow",
    "cancelled": "slow", "after_end": "slow", "checkpoint": "slow", "more": "slow", "metrics": "slow"}}})");
  void process(Context& context, Batch batch) override {
    const auto caller = std::this_thread::get_id();
    std::atomic<bool> is_helped = false;
    context.parallel(100, [&](std::uint64_t) {
      if (std::this_thread::get_id() != caller) is_helped = true;
      for (int i = 0; i < 10 && !is_helped; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    });
    context.emit(std::move(batch));
    context.result("helped", is_helped ? "true" : "false");
  }
};

}  // namespace

MR_PLUGIN("test.faulty", "1.0.0", Undocumented, BreaksAtBound, BadPort, LiesAboutColumns, NeedsMore,
          WaitsForDisk, SpillsState, AsksCatalog, TakesAddress, FailsEmpty, BreaksOnNull,
          IgnoresOffset, BreaksOnSchema, Leaks, DropsRoot, Reverses, Unsteady, Remembers,
          BreaksWhenStopped, Forgets, Endless, EmitsAgain, BadSkip, NeedsExample, FailingExample,
          Excused, AlwaysMore, TellsTwice, CountsThreads)
