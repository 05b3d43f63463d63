// What an operator asks of its calls, in a real run: to be called again, and to be helped.
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include <catch2/catch.hpp>

#include "engine/plugin/host.hpp"
#include "tests/engine_run/test_operators.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

std::int32_t send(mr_context* context, Batch batch) {
  ArrowArray array{};
  ArrowSchema schema{};
  std::move(batch).export_to(&array, &schema);
  return host_table().emit(context, {}, &array, &schema);
}

template <class Instance>
std::int32_t create(const mr_operator*, mr_context*, const mr_value*, void** self) {
  *self = std::make_unique<Instance>().release();
  return MR_OK;
}

template <class Instance>
void destroy(void* self) {
  const std::unique_ptr<Instance> last{static_cast<Instance*>(self)};
}

template <class Instance>
std::int32_t process(void* self, mr_context* context, ArrowArray* array, ArrowSchema* schema) {
  auto& instance = *static_cast<Instance*>(self);
  if (array != nullptr) instance.take(Batch::import(array, schema));
  return instance.go_on(context);
}

template <class Instance>
const mr_operator& table() {
  static const mr_operator made = [] {
    mr_operator op{};
    op.struct_size = sizeof op;
    op.create = create<Instance>;
    op.destroy = destroy<Instance>;
    op.process = process<Instance>;
    return op;
  }();
  return made;
}

// Emits one row in a call, and asks for more while there are some.
struct RowByRow {
  void take(Batch batch) {
    rows = std::move(batch);
    next = 0;
  }
  std::int32_t go_on(mr_context* context) {
    if (const auto code = send(context, rows.slice(next++, 1)); code != MR_OK) return code;
    return next < rows.rows() ? MR_MORE : MR_OK;
  }
  Batch rows;
  std::int64_t next = 0;
};

// Lets two calls wait for each other, which they can only on two threads.
struct Meeting {
  void take(Batch batch) { rows = std::move(batch); }
  std::int32_t go_on(mr_context* context) {
    entered = 0;
    const auto code = host_table().parallel(context, 2, meet, this);
    return code == MR_OK ? send(context, std::move(rows)) : code;
  }
  static std::int32_t meet(void* user, std::uint64_t) {
    auto& self = *static_cast<Meeting*>(user);
    std::unique_lock lock{self.mutex};
    ++self.entered;
    self.changed.notify_all();
    const bool met = self.changed.wait_for(lock, std::chrono::seconds{30},
                                           [&self] { return self.entered == 2; });
    return met ? MR_OK : MR_DEADLINE_EXCEEDED;
  }
  Batch rows;
  std::mutex mutex;
  std::condition_variable changed;
  int entered = 0;
};

// A plan of an input, an operator of ours, and a running sum behind it.
template <class Instance>
std::shared_ptr<const Plan> plan_of() {
  auto plan = std::make_shared<Plan>(*PlanBuilder{}
                                          .add("in", "input.count", {{"rows", 30}, {"batch", 4}})
                                          .add("ours", "filter.drop", Json::object(), {"in"})
                                          .add("sum", "preprocess.sum", Json::object(), {"ours"})
                                          .build());
  plan->nodes.at(1).chain.front().table = &table<Instance>();
  return plan;
}

std::vector<std::int64_t> running_sums() {
  std::vector<std::int64_t> sums;
  for (std::int64_t i = 0; i < 30; ++i) sums.push_back(i * (i + 1) / 2);
  return sums;
}

}  // namespace

TEST_CASE("an operator that wants more is called again before its next batch", "[run][more]") {
  const auto plan = plan_of<RowByRow>();
  for (std::uint64_t seed = 0; seed < 10; ++seed)
    CHECK(test::run_inline(plan, seed).values == running_sums());
  const auto ran = run_threads(plan, 4);
  CHECK_FALSE(ran.outcome.error);
  CHECK(ran.values == running_sums());
}

TEST_CASE("threads of the compute pool help with the parallel calls of an operator",
          "[run][parallel]") {
  const auto ran = run_threads(plan_of<Meeting>(), 2);
  CHECK_FALSE(ran.outcome.error);
  CHECK(ran.values == running_sums());
}
