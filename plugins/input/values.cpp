// Emits rows that stand in the pipeline itself.
#include <string>
#include <utility>

#include <millrace/operator.hpp>

namespace {

using millrace::Batch;
using millrace::Builder;
using millrace::Failure;
using millrace::Value;

// The kind of the first value that is not null; all others must be of it, or integers among
// numbers.
int kind_of(std::string_view name, const Value& values) {
  int kind = MR_NULL;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int next = values.at(i).kind();
    if (next == MR_NULL || next == kind) continue;
    const bool widens = (kind == MR_INTEGER && next == MR_NUMBER);
    const bool fits = (kind == MR_NUMBER && next == MR_INTEGER);
    if (kind == MR_NULL || widens) {
      kind = next;
    } else if (!fits) {
      throw Failure{MR_INVALID_ARGUMENT,
                    "values of one column have one type: " + std::string{name}};
    }
  }
  return kind;
}

template <class T, class Read>
Batch with_column(Batch batch, std::string_view name, const Value& values, Read read) {
  Builder<T> column;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Value value = values.at(i);
    value.is_null() ? column.append_null() : column.append(read(value));
  }
  return std::move(batch).with(name, std::move(column));
}

class Values final : public millrace::Source, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "input.values";
  static constexpr auto kRole = millrace::Role::Input;
  static constexpr auto kDoc =
      "Emits one batch of the rows that are written in the pipeline: for what is to be done once, "
      "for small tables, and for trying a pipeline out.";
  static constexpr auto kParams = R"({
    "columns": {"type": "object", "mandatory": true,
      "additionalProperties": {"type": "array", "items": {"type": "any"}},
      "doc": "Name of a column and its values: strings, integers, numbers, true and false, or null. All columns have as many."}
  })";
  static constexpr auto kTraits = R"({"stability": "stable", "emits": null,
    "examples": [{"params": {"columns": {"id": [1, 2], "name": ["a", null]}}}]})";

  explicit Values(const millrace::Params& params) : columns_{params["columns"]} {}

  bool produce(millrace::Context& context) override {
    if (std::exchange(is_done_, true)) return false;
    Batch batch;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto name = columns_.key(i);
      const Value values = columns_.at(i);
      if (values.size() != columns_.at(0).size())
        throw Failure{MR_INVALID_ARGUMENT, "columns differ in length: " + std::string{name}};
      batch = add(std::move(batch), name, values);
    }
    context.count("read", batch.rows());
    context.emit(std::move(batch));
    return false;
  }

  std::string snapshot(millrace::Context&) override { return is_done_ ? "done" : "not begun"; }
  void restore(millrace::Context&, std::string_view state) override { is_done_ = state == "done"; }

 private:
  // An integer among numbers with a fraction becomes a double, where one is equal to it.
  static double number_of(std::string_view name, const Value& value) {
    const double number = value.number();
    if (value.kind() == MR_INTEGER &&
        (number >= 0x1p63 || static_cast<std::int64_t>(number) != value.integer())) {
      throw Failure{MR_INVALID_ARGUMENT, "a column of numbers cannot keep the integer " +
                                             std::to_string(value.integer()) + ": " +
                                             std::string{name}};
    }
    return number;
  }
  static Batch add(Batch batch, std::string_view name, const Value& values) {
    switch (kind_of(name, values)) {
      case MR_BOOL:
        return with_column<bool>(std::move(batch), name, values,
                                 [](const Value& value) { return value.boolean(); });
      case MR_INTEGER:
        return with_column<std::int64_t>(std::move(batch), name, values,
                                         [](const Value& value) { return value.integer(); });
      case MR_NUMBER:
        return with_column<double>(std::move(batch), name, values,
                                   [name](const Value& value) { return number_of(name, value); });
      case MR_NULL:
      case MR_STRING:
        return with_column<std::string_view>(std::move(batch), name, values,
                                             [](const Value& value) { return value.string(); });
      default:
        throw Failure{MR_INVALID_ARGUMENT,
                      "a column holds plain values, no lists and objects: " + std::string{name}};
    }
  }

  Value columns_;  // the parameters live as long as we do
  bool is_done_ = false;
};

}  // namespace

MR_PLUGIN("input_values", "1.0.0", Values)
