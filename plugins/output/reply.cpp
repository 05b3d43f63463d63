// Hands its rows to whoever asked for the run.
#include <utility>

#include <millrace/operator.hpp>

namespace {

class Reply final : public millrace::Operator {
 public:
  static constexpr auto kName = "output.reply";
  static constexpr auto kRole = millrace::Role::Output;
  static constexpr auto kDoc =
      "Hands its rows, unchanged and in order, to whoever asked for the run: `millrace run` prints "
      "them, the answer to a request is made of them. Of a queued job of a server nobody reads "
      "them.";
  static constexpr auto kParams = "{}";
  static constexpr auto kTraits = R"({"stability": "stable", "stateless": true, "accepts_any": true,
    "examples": [{"rows": {"id": [1, 2, null], "name": ["a", null, "c"]}}]})";

  void process(millrace::Context& context, millrace::Batch batch) override {
    context.emit(std::move(batch));
  }
};

}  // namespace

MR_PLUGIN("output_reply", "1.0.0", Reply)
