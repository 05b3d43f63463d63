// Keeps its context, which it must not, and emits with it when it is destroyed. Only the check for
// that may run on it.
#include <utility>

#include <millrace/operator.hpp>

namespace {

using namespace millrace;

class EmitsLate final : public Operator {
 public:
  static constexpr auto kName = "filter.emits_late";
  static constexpr auto kRole = Role::Filter;
  static constexpr auto kDoc = "Emits when it is destroyed.";
  static constexpr auto kParams = "{}";
  static constexpr auto kTraits = R"({"conformance": {"skip": {
    "example": "context", "columns": "context", "reads": "context", "empty": "context", "all_null": "context",
    "sliced": "context", "wrong_schema": "context", "release": "context", "root": "context",
    "deterministic": "context", "cancelled": "context", "checkpoint": "context", "more": "context",
    "parallel": "context", "metrics": "context", "blocking": "context"}}})";

  ~EmitsLate() override {
    if (handle_ != nullptr) Context{handle_}.emit(Batch{}.with("x", std::move(values_)));
  }
  void process(Context& context, Batch) override {
    handle_ = context.handle();
    values_.append(1);
  }

 private:
  mr_context* handle_ = nullptr;
  Builder<std::int64_t> values_;
};

}  // namespace

MR_PLUGIN("test.late", "1.0.0", EmitsLate)
