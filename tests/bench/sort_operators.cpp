// The ends of the pipeline that sort_bench runs: rows that are drawn, and a check of their order.
#include <cstdint>
#include <string>
#include <utility>

#include <millrace/operator.hpp>

namespace {

using millrace::Batch;
using millrace::Builder;
using millrace::Context;
using millrace::Failure;
using millrace::Params;

constexpr std::int64_t kBatchRows = 4096;

// The finalizer of splitmix64 (Steele, Lea and Flood, 2014): row i has the key mixed(i).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

class Draw final : public millrace::Source, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "input.draw";
  static constexpr auto kRole = millrace::Role::Input;
  static constexpr auto kParams =
      R"({"rows": {"type": "integer", "mandatory": true}, "bytes": {"type": "integer", "default": 84}})";
  static constexpr auto kTraits = R"({"emits": {"key": "int64", "payload": "utf8"}})";

  explicit Draw(const Params& params)
      : rows_{params.integer("rows")},
        payload_(static_cast<std::size_t>(params.integer("bytes", 84)), 'p') {}

  bool produce(Context& context) override {
    Builder<std::int64_t> keys;
    Builder<std::string_view> payloads;
    for (std::int64_t i = 0; i < kBatchRows && next_ < rows_; ++i, ++next_) {
      keys.append(static_cast<std::int64_t>(mixed(static_cast<std::uint64_t>(next_))));
      payloads.append(payload_);
    }
    context.progress(static_cast<std::uint64_t>(next_), static_cast<std::uint64_t>(rows_), "rows");
    if (keys.size() > 0)
      context.emit(Batch{}.with("key", std::move(keys)).with("payload", std::move(payloads)));
    return next_ < rows_;
  }

  std::string snapshot(Context&) override { return std::to_string(next_); }
  void restore(Context&, std::string_view state) override {
    next_ = std::stoll(std::string{state});
  }

 private:
  std::int64_t rows_, next_ = 0;
  std::string payload_;
};

class CheckSorted final : public millrace::Operator {
 public:
  static constexpr auto kName = "output.check_sorted";
  static constexpr auto kRole = millrace::Role::Output;
  static constexpr auto kParams = "{}";
  static constexpr auto kTraits = R"({"reads": {"key": "int64", "payload": "utf8"}})";
  explicit CheckSorted(const Params&) {}

  void process(Context&, Batch batch) override {
    const auto keys = batch.column<std::int64_t>("key");
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      const auto key = keys.value(row);
      if (rows_ > 0 && key < last_) throw Failure{MR_INTERNAL, "rows are out of order"};
      last_ = key;
      sum_ += static_cast<std::uint64_t>(key);
      ++rows_;
    }
  }

  void finish(Context& context) override {
    std::uint64_t wanted = 0;
    for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(rows_); ++i) wanted += mixed(i);
    if (sum_ != wanted) throw Failure{MR_INTERNAL, "other rows came than were drawn"};
    context.result("rows", std::to_string(rows_));
  }

 private:
  std::int64_t rows_ = 0, last_ = 0;
  std::uint64_t sum_ = 0;
};

}  // namespace

MR_PLUGIN("sort_bench_operators", "1.0.0", Draw, CheckSorted)
