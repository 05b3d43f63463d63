#include "plugins/label/choice_columns.hpp"

#include <algorithm>

namespace millrace::label {

void plan_added_columns(Context& context, const std::vector<ColumnType>& columns) {
  for (auto column = columns.begin(); column != columns.end(); ++column) {
    const bool is_twice = std::any_of(columns.begin(), column, [&](const ColumnType& other) {
      return other.first == column->first;
    });
    if (is_twice) {
      return context.fault("parameter_value", "",
                           "each column that is added needs a name of its own: " + column->first);
    }
    if (column->first == kRootColumn) {
      return context.fault("parameter_value", "", "the engine's own column cannot be added: @root");
    }
  }
  context.trait("adds", ColumnTypes{columns}.json());
}

void plan_choice_columns(Context& context, const Params& params,
                         const std::vector<ColumnType>& more) {
  std::vector<ColumnType> columns{{params.string("label_column", "label"), "utf8"}};
  if (const auto count = params.string("count_column"); !count.empty()) {
    columns.emplace_back(count, "int64");
  }
  columns.insert(columns.end(), more.begin(), more.end());
  plan_added_columns(context, columns);
}

Batch ChoiceColumns::add(Batch batch, const std::vector<Choice>& choices,
                         const std::vector<std::string>& labels) const {
  Builder<std::string_view> names;
  names.reserve(static_cast<std::int64_t>(choices.size()));
  for (const Choice& choice : choices) {
    if (choice.label == Choice::kNone) {
      names.append_null();
    } else {
      names.append(labels[static_cast<std::size_t>(choice.label)]);
    }
  }
  batch = std::move(batch).with(label_, std::move(names));
  if (count_.empty()) return batch;
  Builder<std::int64_t> counts;
  counts.reserve(static_cast<std::int64_t>(choices.size()));
  for (const Choice& choice : choices) counts.append(choice.count);
  return std::move(batch).with(count_, std::move(counts));
}

}  // namespace millrace::label
