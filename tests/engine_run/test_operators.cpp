#include "tests/engine_run/test_operators.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <future>
#include <iostream>
#include <stdexcept>
#include <thread>

#include <millrace/operator.hpp>

#include "engine/plugin/host.hpp"
#include "tests/engine_run/large_operators.hpp"

namespace millrace::test {

namespace {

Batch values_batch(const std::vector<std::int64_t>& roots,
                   const std::vector<std::int64_t>& values) {
  Builder<std::int64_t> root, value;
  for (const auto each : roots) root.append(each);
  for (const auto each : values) value.append(each);
  return Batch{}.with(kRootColumn, std::move(root)).with("value", std::move(value));
}

template <class Change>
Batch change_values(Batch batch, Change change) {
  Builder<std::int64_t> changed;
  {
    const auto values = batch.column<std::int64_t>("value");
    for (std::int64_t row = 0; row < batch.rows(); ++row) changed.append(change(values.value(row)));
  }
  return std::move(batch).with("value", std::move(changed));
}

class Count final : public Source, public Checkpointed {
 public:
  static constexpr auto kName = "input.count";
  static constexpr auto kRole = Role::Input;
  static constexpr auto kParams = R"({"from": {"type": "integer"}, "rows": {"type": "integer"},
    "batch": {"type": "integer"}})";
  explicit Count(const Params& params)
      : next_{params.integer("from", 0)},
        end_{next_ + params.integer("rows", 10)},
        batch_{params.integer("batch", 3)} {}

  bool produce(Context& context) override {
    std::vector<std::int64_t> values;
    for (; next_ < end_ && static_cast<std::int64_t>(values.size()) < batch_; ++next_)
      values.push_back(next_);
    if (!values.empty()) context.emit(values_batch(values, values));
    return next_ < end_;
  }
  std::string snapshot(Context&) override { return std::to_string(next_); }
  void restore(Context&, std::string_view state) override {
    next_ = std::stoll(std::string{state});
  }

 private:
  std::int64_t next_, end_, batch_;
};

class Forgetful final : public Source {
 public:
  static constexpr auto kName = "input.forgetful";
  static constexpr auto kRole = Role::Input;
  static constexpr auto kParams = "{}";
  static constexpr auto kTraits = R"({"stateless": true})";
  explicit Forgetful(const Params&) {}
  bool produce(Context& context) override {
    context.emit(values_batch({next_}, {next_}));
    return ++next_ < 10;
  }

 private:
  std::int64_t next_ = 0;
};

class Add final : public Operator {
 public:
  static constexpr auto kName = "preprocess.add";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = R"({"by": {"type": "integer"}})";
  static constexpr auto kTraits = R"({"replicable": true})";
  explicit Add(const Params& params) : by_{params.integer("by", 1)} {}
  void process(Context& context, Batch batch) override {
    context.count("calls");
    context.emit(
        change_values(std::move(batch), [this](std::int64_t value) { return value + by_; }));
  }

 private:
  std::int64_t by_;
};

// Counts the instances that are called, and takes its time so that others are asked for.
class Slow final : public Operator {
 public:
  static constexpr auto kName = "preprocess.slow";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = "{}";
  static constexpr auto kTraits = R"({"replicable": true})";
  explicit Slow(const Params&) {}
  void process(Context& context, Batch batch) override {
    if (!std::exchange(is_counted_, true)) context.count("instances");
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
    context.emit(std::move(batch));
  }

 private:
  bool is_counted_ = false;
};

class Repeat final : public Operator {
 public:
  static constexpr auto kName = "augment.repeat";
  static constexpr auto kRole = Role::Augment;
  static constexpr auto kParams = R"({"times": {"type": "integer"}})";
  static constexpr auto kTraits = R"({"replicable": true})";
  explicit Repeat(const Params& params) : times_{params.integer("times", 2)} {}
  void process(Context& context, Batch batch) override {
    std::vector<std::int64_t> rows;
    const auto values = batch.column<std::int64_t>("value");
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      for (std::int64_t copy = 0; copy <= std::abs(values.value(row)) % times_; ++copy)
        rows.push_back(row);
    }
    context.emit(batch.take(rows));
  }

 private:
  std::int64_t times_;
};

class Drop final : public Operator {
 public:
  static constexpr auto kName = "filter.drop";
  static constexpr auto kRole = Role::Filter;
  static constexpr auto kParams = R"({"of": {"type": "integer"}})";
  static constexpr auto kTraits = R"({"stateless": true})";
  explicit Drop(const Params& params) : of_{params.integer("of", 2)} {}
  void process(Context& context, Batch batch) override {
    context.emit(std::move(batch).keep_rows(
        "value", [this](std::int64_t value) { return value % of_ != 0; }));
  }

 private:
  std::int64_t of_;
};

class Sum final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "preprocess.sum";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = "{}";
  explicit Sum(const Params&) {}
  void process(Context& context, Batch batch) override {
    context.emit(
        change_values(std::move(batch), [this](std::int64_t value) { return sum_ += value; }));
  }
  std::string snapshot(Context&) override { return std::to_string(sum_); }
  void restore(Context&, std::string_view state) override { sum_ = std::stoll(std::string{state}); }

 private:
  std::int64_t sum_ = 0;
};

class Total final : public Operator {
 public:
  static constexpr auto kName = "preprocess.total";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = "{}";
  explicit Total(const Params&) {}
  void process(Context&, Batch batch) override {
    const auto values = batch.column<std::int64_t>("value");
    for (std::int64_t row = 0; row < batch.rows(); ++row) total_ += values.value(row);
  }
  void finish(Context& context) override { context.emit(values_batch({0}, {total_})); }

 private:
  std::int64_t total_ = 0;
};

class Split final : public Operator {
 public:
  static constexpr auto kName = "preprocess.split";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = "{}";
  static constexpr auto kTraits = R"({"stateless": true, "ports": ["odd"]})";
  explicit Split(const Params&) {}
  void process(Context& context, Batch batch) override {
    Batch odd = batch.share();
    context.emit(
        std::move(odd).keep_rows("value", [](std::int64_t value) { return value % 2 != 0; }),
        "odd");
    context.emit(
        std::move(batch).keep_rows("value", [](std::int64_t value) { return value % 2 == 0; }));
  }
};

class Fail final : public Operator {
 public:
  static constexpr auto kName = "preprocess.fail";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = R"({"at": {"type": "integer"}, "times": {"type": "integer"},
    "code": {"type": "integer"}})";
  static constexpr auto kTraits = R"({"stateless": true})";
  explicit Fail(const Params& params)
      : at_{params.integer("at", 0)},
        left_{params.integer("times", 1'000'000)},
        code_{static_cast<int>(params.integer("code", MR_UNAVAILABLE))} {}
  void process(Context& context, Batch batch) override {
    const auto values = batch.column<std::int64_t>("value");
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (values.value(row) == at_ && left_-- > 0) {
        context.emit(batch.share());  // what a failed try emitted must not be seen
        throw Failure{code_, "no luck"};
      }
    }
    context.count("attempt", context.attempt());
    context.emit(std::move(batch));
  }

 private:
  std::int64_t at_, left_;
  int code_;
};

class Wait final : public Operator {
 public:
  static constexpr auto kName = "preprocess.wait";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = "{}";
  static constexpr auto kTraits = R"({"stateless": true})";
  explicit Wait(const Params&) {}
  void process(Context& context, Batch) override {
    context.count("waiting");
    while (!context.stopping()) std::this_thread::yield();
    throw Failure{MR_CANCELLED, "stopped"};
  }
};

// Fails at value `at` in its first `failures` tries, when all of its work is done but for saying
// so. When `silent` it cannot tell its state.
class Shaky final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "preprocess.shaky";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = R"({"at": {"type": "integer"}, "failures": {"type": "integer"},
    "silent": {"type": "boolean"}})";
  explicit Shaky(const Params& params)
      : at_{params.integer("at", 0)},
        failures_{params.integer("failures", 1)},
        silent_{params.boolean("silent")} {}
  void process(Context& context, Batch batch) override {
    const auto values = batch.column<std::int64_t>("value");
    bool is_bad = false;
    for (std::int64_t row = 0; row < batch.rows(); ++row)
      is_bad = is_bad || values.value(row) == at_;
    context.count("calls");
    context.record_event({.code = "seen", .message = "a batch"});
    context.emit(
        change_values(std::move(batch), [this](std::int64_t value) { return sum_ += value; }));
    if (is_bad && context.attempt() < failures_) throw Failure{MR_UNAVAILABLE, "no luck"};
  }
  std::string snapshot(Context&) override {
    if (silent_) throw Failure{MR_UNAVAILABLE, "too much to tell"};
    return std::to_string(sum_);
  }
  void restore(Context&, std::string_view state) override { sum_ = std::stoll(std::string{state}); }

 private:
  std::int64_t at_, failures_;
  bool silent_;
  std::int64_t sum_ = 0;
};

// The same as an input: counts like input.count.
class ShakyInput final : public Source, public Checkpointed {
 public:
  static constexpr auto kName = "input.shaky";
  static constexpr auto kRole = Role::Input;
  static constexpr auto kParams = R"({"rows": {"type": "integer"}, "at": {"type": "integer"},
    "failures": {"type": "integer"}})";
  explicit ShakyInput(const Params& params)
      : rows_{params.integer("rows", 10)},
        at_{params.integer("at", 0)},
        failures_{params.integer("failures", 1)} {}
  bool produce(Context& context) override {
    const std::int64_t value = next_++;
    context.count("calls");
    context.emit(values_batch({value}, {value}));
    if (value == at_ && context.attempt() < failures_) throw Failure{MR_IO, "no luck"};
    return next_ < rows_;
  }
  std::string snapshot(Context&) override { return std::to_string(next_); }
  void restore(Context&, std::string_view state) override {
    next_ = std::stoll(std::string{state});
  }

 private:
  std::int64_t rows_, at_, failures_;
  std::int64_t next_ = 0;
};

// Sums, and hears that it should stop, but does all of its work.
class Thorough final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "preprocess.thorough";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = "{}";
  explicit Thorough(const Params&) {}
  void process(Context& context, Batch batch) override {
    while (!context.stopping()) std::this_thread::yield();
    context.emit(
        change_values(std::move(batch), [this](std::int64_t value) { return sum_ += value; }));
  }
  std::string snapshot(Context&) override { return std::to_string(sum_); }
  void restore(Context&, std::string_view state) override { sum_ = std::stoll(std::string{state}); }

 private:
  std::int64_t sum_ = 0;
};

const mr_plugin& test_plugin() {
  static const mr_plugin* plugin = detail::describe(
      &host_table(), "test", "1.0.0",
      detail::define_all<Count, Forgetful, Add, Slow, Repeat, Drop, Sum, Total, Split, Fail, Wait,
                         Shaky, ShakyInput, Thorough, LargeInput, Burst, Swell, Shrink, Whole>);
  return *plugin;
}

const mr_operator& table_of(std::string_view id) {
  const mr_plugin& plugin = test_plugin();
  for (std::uint64_t i = 0; i < plugin.operator_count; ++i) {
    const mr_operator& table = *plugin.operators[i];
    if (std::string_view{table.id.data, table.id.size} == id) return table;
  }
  throw std::logic_error{"no such test operator: " + std::string{id}};
}

std::string_view view(mr_text text) { return {text.data, text.size}; }

Node make_node(std::string name, std::string_view id, Json params, const Json& traits) {
  const mr_operator& table = table_of(id);
  auto info = read_declaration(view(table.id), view(table.role), view(table.declaration));
  if (!info.ok()) throw std::logic_error{info.error().message};
  if (traits.contains("grain")) info->grain = traits["grain"].get<std::int64_t>();
  if (traits.contains("instances")) info->instances = traits["instances"].get<std::int64_t>();
  if (traits.contains("blocking")) info->blocking = traits["blocking"].get<bool>();
  Node node;
  node.name = std::move(name);
  node.info = std::make_shared<const OperatorInfo>(*std::move(info));
  node.table = &table;
  node.params = std::make_shared<const Json>(std::move(params));
  return node;
}

std::vector<std::int64_t> values_of(Outcome& outcome) {
  std::vector<std::int64_t> values;
  for (const auto& [node, batch] : outcome.rows) {
    const auto column = batch.column<std::int64_t>("value");
    for (std::int64_t row = 0; row < batch.rows(); ++row) values.push_back(column.value(row));
  }
  return values;
}

}  // namespace

void QuietServices::log(std::string_view, int, std::string_view message) {
  const std::lock_guard lock{mutex_};
  messages_.emplace_back(message);
}

void QuietServices::record_event(std::string_view node, const RecordLogEvent& event) {
  count(node, event.code, 1);
}

void QuietServices::count(std::string_view, std::string_view counter, std::int64_t by) {
  const std::lock_guard lock{mutex_};
  counts_[std::string{counter}] += by;
}

std::int64_t QuietServices::counter(std::string_view name) const {
  const std::lock_guard lock{mutex_};
  const auto found = counts_.find(name);
  return found == counts_.end() ? 0 : found->second;
}

std::vector<std::string> QuietServices::messages() const {
  const std::lock_guard lock{mutex_};
  return messages_;
}

PlanBuilder& PlanBuilder::add(std::string name, std::string_view id, Json params,
                              std::vector<std::string> before, Json traits) {
  const auto place = static_cast<std::int64_t>(plan_.nodes.size());
  plan_.first_into.push_back(static_cast<std::uint32_t>(plan_.edges.size()));
  for (const std::string& each : before) {
    const auto colon = each.find(':');
    const std::string port = colon == std::string::npos ? "" : each.substr(colon + 1);
    plan_.edges.push_back({NodeId{places_.at(each.substr(0, colon))}, NodeId{place}, port});
  }
  PlanNode node;
  node.chain.push_back(make_node(name, id, std::move(params), traits));
  plan_.nodes.push_back(std::move(node));
  places_[std::move(name)] = place;
  return *this;
}

PlanBuilder& PlanBuilder::retry(int tries) {
  plan_.nodes.back().chain.back().retry = {tries, std::chrono::milliseconds{1},
                                           std::chrono::milliseconds{4}};
  return *this;
}

PlanBuilder& PlanBuilder::resources(const Resources& resources) {
  plan_.nodes.back().chain.back().resources = resources;
  return *this;
}

PlanBuilder& PlanBuilder::timeout(std::chrono::milliseconds time) {
  plan_.nodes.back().chain.back().timeout = time;
  return *this;
}

PlanBuilder& PlanBuilder::fuse(std::string name, std::string_view id, Json params) {
  plan_.nodes.back().chain.push_back(
      make_node(std::move(name), id, std::move(params), Json::object()));
  return *this;
}

std::shared_ptr<const Plan> PlanBuilder::build() const {
  auto plan = std::make_shared<Plan>(plan_);
  plan->first_into.push_back(static_cast<std::uint32_t>(plan->edges.size()));
  return plan;
}

Ran run_inline(const std::shared_ptr<const Plan>& plan, std::uint64_t seed, RunOptions options,
               std::size_t pretend_workers) {
  InlineScheduler scheduler{system_clock(), seed, pretend_workers};
  Cancel cancel;
  QuietServices services{cancel};
  std::optional<Outcome> outcome;
  run_plan(plan, scheduler, services, cancel, std::move(options),
           [&](Outcome ended) { outcome = std::move(ended); });
  scheduler.drain();
  if (!outcome) throw std::logic_error{"the run delivered no outcome"};
  Ran ran{*std::move(outcome), {}, services.messages()};
  ran.values = values_of(ran.outcome);
  return ran;
}

Ran run_threads(const std::shared_ptr<const Plan>& plan, std::size_t workers, RunOptions options,
                std::function<void(Cancel&)> meanwhile) {
  const auto scheduler =
      make_worker_pools({.waiting = 4, .compute = workers, .waiting_share = 2}, system_clock());
  Cancel cancel;
  QuietServices services{cancel};
  std::promise<Outcome> promise;
  auto future = promise.get_future();
  run_plan(plan, *scheduler, services, cancel, std::move(options),
           [&](Outcome ended) { promise.set_value(std::move(ended)); });
  if (meanwhile) meanwhile(cancel);
  if (future.wait_for(std::chrono::minutes{5}) != std::future_status::ready) {
    std::cerr << "the run did not end within five minutes\n";
    std::abort();  // its threads use what would go with this function
  }
  Ran ran{future.get(), {}, services.messages()};
  ran.values = values_of(ran.outcome);
  for (const auto* name : {"calls", "attempt", "seen", "instances"})
    ran.outcome.counts[name] = services.counter(name);
  ran.outcome.counts["spilled"] = static_cast<std::int64_t>(services.spilled_bytes());
  return ran;
}

}  // namespace millrace::test
