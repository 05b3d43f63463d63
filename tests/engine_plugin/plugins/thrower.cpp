// Throws something from the hook that its parameter names.
#include <stdexcept>
#include <string>
#include <utility>

#include <millrace/operator.hpp>

namespace {

using namespace millrace;

constexpr auto kThrowerParams =
    R"({"where": {"type": "string", "default": ""}, "what": {"type": "string", "default": "std"}})";

void throw_now(const Params& params, std::string_view where) {
  if (params.string("where") != where) return;
  const auto what = params.string("what");
  if (what == "failure") throw Failure{MR_UNAVAILABLE, "try again from " + std::string{where}};
  if (what == "int") throw 42;
  if (what == "bytes") throw Failure{MR_DATA_INVALID, "not text: \xff\xfe"};
  throw std::runtime_error{"broke in " + std::string{where}};
}

// The hooks are called with parameters that are gone by then, so the constructor keeps what is
// thrown where.
struct Plan {
  explicit Plan(const Params& params)
      : where{params.string("where")}, what{params.string("what")} {}
  void run(std::string_view hook) const {
    if (where != hook) return;
    if (what == "failure") throw Failure{MR_UNAVAILABLE, "try again from " + where};
    if (what == "int") throw 42;
    throw std::runtime_error{"broke in " + where};
  }
  std::string where, what;
};

class Thrower final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "filter.thrower";
  static constexpr auto kRole = Role::Filter;
  static constexpr auto kParams = kThrowerParams;

  explicit Thrower(const Params& params) : plan_{params} { throw_now(params, "create"); }
  static void plan(Context&, const Params& params) { throw_now(params, "plan"); }
  void process(Context& context, Batch batch) override {
    plan_.run("process");
    context.emit(std::move(batch));
    plan_.run("process_after_emit");
  }
  void finish(Context&) override { plan_.run("finish"); }
  std::string snapshot(Context&) override {
    plan_.run("snapshot");
    return "state";
  }
  void restore(Context&, std::string_view) override { plan_.run("restore"); }

 private:
  Plan plan_;
};

class ThrowingSource final : public Source {
 public:
  static constexpr auto kName = "input.thrower";
  static constexpr auto kRole = Role::Input;
  static constexpr auto kParams = kThrowerParams;

  explicit ThrowingSource(const Params& params) : plan_{params} { throw_now(params, "create"); }
  bool produce(Context&) override {
    plan_.run("produce");
    return false;
  }

 private:
  Plan plan_;
};

}  // namespace

MR_PLUGIN("test.thrower", "1.0.0", Thrower, ThrowingSource)
