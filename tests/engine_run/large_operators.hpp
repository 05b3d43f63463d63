#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include <millrace/operator.hpp>

namespace millrace::test {

/// The bytes of the large batches that are alive, and the most there ever were. [any thread]
struct LiveBytes {
  std::atomic<std::int64_t> now{0}, most{0};

  static LiveBytes& all() {
    static LiveBytes bytes;
    return bytes;
  }
  void add(std::int64_t bytes) {
    const std::int64_t sum = now.fetch_add(bytes) + bytes;
    std::int64_t seen = most.load();
    while (seen < sum && !most.compare_exchange_weak(seen, sum)) {
    }
  }
};

/// A row with @root, value, and `bytes` of padding, counted while it lives.
inline Batch large_batch(std::int64_t root, std::int64_t value, std::size_t bytes) {
  struct Counted {
    ArrowArray array;
    std::int64_t bytes;
  };
  Builder<std::int64_t> roots, values;
  Builder<std::string_view> pads;
  roots.append(root);
  values.append(value);
  pads.append(std::string(bytes, 'x'));
  Batch batch = Batch{}
                    .with(kRootColumn, std::move(roots))
                    .with("value", std::move(values))
                    .with("pad", std::move(pads));
  ArrowSchema schema{};
  auto* counted = new Counted{{}, static_cast<std::int64_t>(bytes)};  // owned by the array below
  std::move(batch).export_to(&counted->array, &schema);
  LiveBytes::all().add(counted->bytes);
  ArrowArray shown = counted->array;
  shown.private_data = counted;
  shown.release = [](ArrowArray* array) {
    auto* mine = static_cast<Counted*>(array->private_data);
    mine->array.release(&mine->array);
    LiveBytes::all().add(-mine->bytes);
    delete mine;
    array->release = nullptr;
  };
  return Batch::import(&shown, &schema);
}

/// Rows 0 to `batches` - 1, a batch of `bytes` each.
class LargeInput final : public Source, public Checkpointed {
 public:
  static constexpr auto kName = "input.large";
  static constexpr auto kRole = Role::Input;
  static constexpr auto kParams =
      R"({"batches": {"type": "integer"}, "bytes": {"type": "integer"}})";
  explicit LargeInput(const Params& params)
      : batches_{params.integer("batches", 1)},
        bytes_{static_cast<std::size_t>(params.integer("bytes", 0))} {}
  bool produce(Context& context) override {
    context.emit(large_batch(next_, next_, bytes_));
    return ++next_ < batches_;
  }
  std::string snapshot(Context&) override { return std::to_string(next_); }
  void restore(Context&, std::string_view state) override {
    next_ = std::stoll(std::string{state});
  }

 private:
  std::int64_t batches_;
  std::size_t bytes_;
  std::int64_t next_ = 0;
};

/// Makes `times` batches of `bytes` of each row, value * 1000 + place: in one call, or `steps` of
/// them a call. In the first try of a call that is not the first it fails `fails` times. With
/// `at_end` it does so once, for value 0, in finish().
class Burst final : public Operator {
 public:
  static constexpr auto kName = "preprocess.burst";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = R"({"times": {"type": "integer"}, "bytes": {"type": "integer"},
    "steps": {"type": "integer"}, "at_end": {"type": "boolean"}, "failures": {"type": "integer"}})";
  static constexpr auto kTraits = R"({"stateless": true})";
  explicit Burst(const Params& params)
      : times_{params.integer("times", 1)},
        bytes_{static_cast<std::size_t>(params.integer("bytes", 0))},
        steps_{params.integer("steps", 0)},
        failures_{params.integer("failures", 0)},
        at_end_{params.boolean("at_end")} {}

  void process(Context& context, Batch batch) override {
    if (at_end_) return;
    value_ = batch.column<std::int64_t>("value").value(0);
    next_ = 0;
    go_on(context);
  }
  void process_more(Context& context) override {
    if (context.attempt() < failures_) throw Failure{MR_UNAVAILABLE, "no luck"};
    go_on(context);
  }
  void finish(Context& context) override {
    if (at_end_) go_on(context);
  }

 private:
  void go_on(Context& context) {
    const std::int64_t end = steps_ == 0 ? times_ : std::min(times_, next_ + steps_);
    context.count("calls");
    for (; next_ < end; ++next_) context.emit(large_batch(value_, value_ * 1000 + next_, bytes_));
    if (next_ < times_) context.more();
  }

  std::int64_t times_;
  std::size_t bytes_;
  std::int64_t steps_, failures_;
  bool at_end_;
  std::int64_t value_ = 0, next_ = 0;
};

/// Makes a batch of `bytes` of each row; the one of value 0 takes until `others` are done, and no
/// more than a second.
class Swell final : public Operator {
 public:
  static constexpr auto kName = "preprocess.swell";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams =
      R"({"bytes": {"type": "integer"}, "others": {"type": "integer"}})";
  static constexpr auto kTraits = R"({"replicable": true})";
  static inline std::atomic<std::int64_t> done{0};
  explicit Swell(const Params& params)
      : bytes_{static_cast<std::size_t>(params.integer("bytes", 0))},
        others_{params.integer("others", 0)} {}
  void process(Context& context, Batch batch) override {
    const auto value = batch.column<std::int64_t>("value").value(0);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{1};
    while (value == 0 && done.load() < others_ && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    context.emit(large_batch(value, value, bytes_));
    done.fetch_add(1);
  }

 private:
  std::size_t bytes_;
  std::int64_t others_;
};

/// Passes the rows on without their padding, and keeps nothing of its memory. With `stands` its
/// first call stands until nothing more comes to be.
class Shrink final : public Operator {
 public:
  static constexpr auto kName = "preprocess.shrink";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = R"({"stands": {"type": "boolean"}})";
  static constexpr auto kTraits = R"({"stateless": true})";
  explicit Shrink(const Params& params) : stands_{params.boolean("stands", false)} {}
  void process(Context& context, Batch batch) override {
    if (std::exchange(stands_, false)) await_stillness();
    Builder<std::int64_t> roots, values;
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      roots.append(batch.column<std::int64_t>(kRootColumn).value(row));
      values.append(batch.column<std::int64_t>("value").value(row));
    }
    context.emit(Batch{}.with(kRootColumn, std::move(roots)).with("value", std::move(values)));
  }

 private:
  // Until nothing has been made for a second: whoever feeds this has all that may wait.
  static void await_stillness() {
    using namespace std::chrono_literals;
    auto seen = LiveBytes::all().now.load();
    for (int still = 0; still < 10; ++still) {
      std::this_thread::sleep_for(100ms);
      if (std::exchange(seen, LiveBytes::all().now.load()) != seen) still = 0;
    }
  }

  bool stands_;
};

/// Emits how many rows each call got.
class Whole final : public Operator {
 public:
  static constexpr auto kName = "preprocess.whole";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = "{}";
  static constexpr auto kTraits = R"({"stateless": true, "whole_sequence": true})";
  explicit Whole(const Params&) {}
  void process(Context& context, Batch batch) override {
    Builder<std::int64_t> rows;
    rows.append(batch.rows());
    context.emit(Batch{}.with("value", std::move(rows)));
  }
};

}  // namespace millrace::test
