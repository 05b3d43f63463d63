#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>
#include <millrace/context.hpp>
#include <millrace/params.hpp>

#include "plugins/label/choice.hpp"
#include "plugins/records/column_types.hpp"

namespace millrace::label {

/// The parameters of the columns that every operator that chooses labels adds, members of a JSON
/// object without its braces.
inline constexpr std::string_view kChoiceParams = R"(
    "label_column": {"type": "string", "default": "label", "minLength": 1,
      "doc": "Name of the column for the label, null where there is none. A column of that name is replaced."},
    "count_column": {"type": "string", "minLength": 1,
      "doc": "Name of a column for the count of the label, 0 where there is none. Absent: no such column."})";

using records::ColumnType;
using records::ColumnTypes;

/// Says in plan() that columns are added; a fault where two of them have one name, or one is
/// `@root`.
void plan_added_columns(Context& context, const std::vector<ColumnType>& columns);

/// The same of the columns of the choice, and `more`.
void plan_choice_columns(Context& context, const Params& params,
                         const std::vector<ColumnType>& more = {});

/// Adds the columns of the choices, one for each row.
class ChoiceColumns {
 public:
  explicit ChoiceColumns(const Params& params)
      : label_{params.string("label_column", "label")}, count_{params.string("count_column")} {}

  [[nodiscard]] Batch add(Batch batch, const std::vector<Choice>& choices,
                          const std::vector<std::string>& labels) const;

 private:
  std::string label_, count_;  // names; count_ empty: no such column
};

}  // namespace millrace::label
