// Takes values out of JSON that stands in a column, as the catalog's documents do.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/records/column_types.hpp"
#include "plugins/records/value_text.hpp"

namespace millrace::preprocess {
namespace {

// Turns ~1 into / and ~0 into ~ (RFC 6901, 4). False: a ~ stands before something else.
bool unescape(std::string_view step, std::string& name) {
  name.clear();
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (step[i] != '~') {
      name += step[i];
    } else if (i + 1 < step.size() && (step[i + 1] == '0' || step[i + 1] == '1')) {
      name += step[++i] == '0' ? '~' : '/';
    } else {
      return false;
    }
  }
  return true;
}

// The steps of a JSON pointer. Throws Failure where it is none.
std::vector<std::string> steps_of(std::string_view pointer) {
  std::vector<std::string> steps;
  std::string name;
  while (!pointer.empty()) {
    const auto end = std::min(pointer.find('/', 1), pointer.size());
    if (pointer.front() != '/' || !unescape(pointer.substr(1, end - 1), name))
      throw Failure{MR_INVALID_ARGUMENT, "not a JSON pointer, as \"/message\" or \"/nodes/0\""};
    steps.push_back(name);
    pointer.remove_prefix(end);
  }
  return steps;
}

// The value there; null where there is none.
Value find(Value value, const std::vector<std::string>& steps) {
  for (const auto& step : steps) {
    if (value.kind() == MR_ARRAY) {
      std::size_t index = 0;
      const auto* const last = step.data() + step.size();
      const auto [end, error] = std::from_chars(step.data(), last, index);
      const bool is_index = error == std::errc{} && end == last && index < value.size();
      value = is_index ? value.at(index) : Value{};
    } else {
      value = value.kind() == MR_OBJECT ? value[step] : Value{};
    }
  }
  return value;
}

class PickJson final : public Operator {
 public:
  static constexpr auto kName = "pick.json";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kDoc =
      "Takes values out of JSON that stands in a column, by JSON pointers, each into a column of "
      "its own: a text as it is, anything else as JSON. What is not there, and JSON null, is null, "
      "and so is all of a row whose text is null. A text that is no JSON fails the job.";
  static constexpr auto kParams = R"({
    "column": {"type": "string", "mandatory": true, "minLength": 1, "doc": "Column with JSON as texts."},
    "columns": {"type": "object", "mandatory": true, "additionalProperties": {"type": "string", "maxLength": 1024},
      "doc": "Name of a new column and the JSON pointer of its value: {\"why\": \"/message\"}. One of that name is replaced."}
  })";
  static constexpr auto kTraits = R"json({"stability": "alpha", "replicable": true,
    "examples": [
      {"params": {"column": "error", "columns": {"why": "/message", "code": "/code", "first": "/steps/0"}},
       "rows": {"id": [1, 2], "error": ["{\"code\": 7, \"message\": \"no such table\", \"steps\": [[1], \"b\"]}", null]},
       "doc": "no such table, 7 and [1]; and three nulls."}]})json";

  static void plan(Context& context, const Params& params) {
    const Value columns = params["columns"];
    records::ColumnTypes adds;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto name = columns.key(i);
      if (name.empty() || name == kRootColumn)
        context.fault("parameter_value", "/columns",
                      "a column cannot have this name: \"" + std::string{name} + "\"");
      adds.add(name, "utf8");
      try {
        steps_of(columns.at(i).string());
      } catch (const Failure& failure) {
        context.fault("parameter_pattern", "/columns", std::string{name} + ": " + failure.what());
      }
    }
    if (columns.size() == 0) context.fault("parameter_range", "/columns", "name one at the least");
    context.trait("reads", records::ColumnTypes{}.add(params.string("column"), "utf8").json());
    context.trait("adds", adds.json());
  }

  explicit PickJson(const Params& params) : column_{params.string("column")} {
    const Value columns = params["columns"];
    for (std::size_t i = 0; i < columns.size(); ++i)
      picks_.push_back({std::string{columns.key(i)}, steps_of(columns.at(i).string())});
  }

  void process(Context& context, Batch batch) override {
    const auto texts = batch.column<std::string_view>(column_);
    std::vector<Builder<std::string_view>> columns(picks_.size());
    for (std::int64_t row = 0; row < texts.size(); ++row) {
      const Value whole = texts[row] ? context.parse(*texts[row]) : Value{};
      for (std::size_t i = 0; i < picks_.size(); ++i) append(columns[i], find(whole, picks_[i].at));
    }
    for (std::size_t i = 0; i < picks_.size(); ++i)
      batch = std::move(batch).with(picks_[i].to, std::move(columns[i]));
    context.emit(std::move(batch));
  }

 private:
  struct Pick {
    std::string to;
    std::vector<std::string> at;
  };

  void append(Builder<std::string_view>& column, const Value& value) {
    if (value.is_null()) return column.append_null();
    if (value.kind() == MR_STRING) return column.append(value.string());
    text_.clear();
    records::append_value(text_, value);
    column.append(text_);
  }

  const std::string column_;
  std::vector<Pick> picks_;
  std::string text_;
};

}  // namespace
}  // namespace millrace::preprocess

MR_PLUGIN("pick_json", "1.0.0", millrace::preprocess::PickJson)
