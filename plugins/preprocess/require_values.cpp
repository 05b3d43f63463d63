// Lets rows pass, and fails where they are not what the nodes behind it count on.
#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/preprocess/state_words.hpp"
#include "plugins/preprocess/text_column.hpp"
#include "plugins/records/column_types.hpp"

namespace millrace::preprocess {
namespace {

// A text in which {name} stands for the value of a column.
class Template {
 public:
  explicit Template(std::string_view text) {
    while (!text.empty()) {
      const auto open = text.find('{'), close = text.find('}', std::min(open, text.size()));
      if (close == std::string_view::npos) break;
      parts_.push_back({std::string{text.substr(0, open)},
                        std::string{text.substr(open + 1, close - open - 1)}});
      text.remove_prefix(close + 1);
    }
    end_ = text;
  }

  [[nodiscard]] std::vector<std::string> columns() const {
    std::vector<std::string> names;
    for (const auto& part : parts_) names.push_back(part.column);
    return names;
  }
  [[nodiscard]] std::string fill(const Batch& batch, std::int64_t row) const {
    std::string text;
    for (const auto& part : parts_) {
      TextColumn column{batch, part.column};
      text.append(part.before).append(column[row].value_or("null"));
    }
    return text + end_;
  }

 private:
  struct Part {
    std::string before, column;
  };
  std::vector<Part> parts_;
  std::string end_;
};

class RequireValues final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "require.values";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kDoc =
      "Lets all rows pass, and fails the job with `message` where they are not as the nodes behind "
      "it need them. With `every` each row must have one of some values, and the first that has "
      "another fails at once. With `present` each of some values must be in a row, and with "
      "neither of the two one row must have a value: what is missing is known at the end.";
  static constexpr auto kParams = R"({
    "column": {"type": "string", "mandatory": true, "minLength": 1, "doc": "Column that is looked at: texts or whole numbers."},
    "every": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 10000, "doc": "Values of which every row must have one."},
    "present": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 10000, "doc": "Values each of which some row must have."},
    "message": {"type": "string", "mandatory": true, "minLength": 1, "maxLength": 4096,
      "doc": "What the job fails with. With `every`, {name} stands for the row's value of that column."}
  })";
  static constexpr auto kTraits = R"({"stability": "alpha",
    "conformance": {"skip": {"empty": "without rows none has a value, which is a failure"}},
    "examples": [
      {"params": {"column": "stat", "every": ["finish", "no_data"], "message": "task {id} is unfinished"},
       "rows": {"id": ["a", "b"], "stat": ["finish", "no_data"]},
       "doc": "Both pass; a third without stat would fail the job: task c is unfinished."},
      {"params": {"column": "set", "present": ["train", "test"], "message": "a set has no rows"},
       "rows": {"text": ["x", "y", "z"], "set": ["test", null, "train"]}, "doc": "All pass."}]})";

  static void plan(Context& context, const Params& params) {
    records::ColumnTypes reads;
    reads.add(params.string("column"), kTextColumnTypes);
    const bool has_every = !params["every"].is_null();
    if (has_every && !params["present"].is_null())
      context.fault("parameter_value", "/present", "give `every` or `present`, not both");
    if (has_every)
      for (const auto& name : Template{params.string("message")}.columns())
        reads.add(name, kTextColumnTypes);
    context.trait("reads", reads.json());
  }

  explicit RequireValues(const Params& params)
      : column_{params.string("column")},
        message_{params.string("message")},
        has_every_{!params["every"].is_null()},
        has_present_{!params["present"].is_null()} {
    for (auto& value : params.strings("every")) allowed_.insert(std::move(value));
    for (auto& value : params.strings("present")) missing_.insert(std::move(value));
  }

  void process(Context& context, Batch batch) override {
    if (has_every_) {
      check_every(batch);
    } else if (!has_value_ || !missing_.empty()) {
      look_for_missing(batch);
    }
    context.emit(std::move(batch));
  }

  void finish(Context&) override {
    if (has_every_ || (has_present_ ? missing_.empty() : has_value_)) return;
    throw Failure{MR_DATA_INVALID, message_};
  }

  std::string snapshot(Context&) override {
    std::string state;
    append_word(state, has_value_ ? 1 : 0);
    append_word(state, static_cast<std::int64_t>(missing_.size()));
    for (const auto& value : missing_) append_word(state, value);
    return state;
  }

  void restore(Context&, std::string_view state) override {
    has_value_ = take_number(state) != 0;
    missing_.clear();
    for (auto values = take_number(state); values > 0; --values) missing_.insert(take_text(state));
  }

 private:
  void check_every(const Batch& batch) const {
    if (batch.empty()) return;
    TextColumn values{batch, column_};
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      const auto value = values[row];
      if (value && allowed_.contains(*value)) continue;
      throw Failure{MR_DATA_INVALID, Template{message_}.fill(batch, row)};
    }
  }

  void look_for_missing(const Batch& batch) {
    if (batch.empty()) return;
    TextColumn values{batch, column_};
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      const auto value = values[row];
      if (!value) continue;
      has_value_ = true;
      if (const auto found = missing_.find(*value); found != missing_.end()) missing_.erase(found);
      if (missing_.empty()) return;
    }
  }

  const std::string column_, message_;
  const bool has_every_, has_present_;
  std::set<std::string, std::less<>> allowed_;
  std::set<std::string, std::less<>> missing_;  // of `present`, so far
  bool has_value_ = false;                      // some row
};

}  // namespace
}  // namespace millrace::preprocess

MR_PLUGIN("require_values", "1.0.0", millrace::preprocess::RequireValues)
