#include "api/audience/state_view.hpp"

#include <array>

#include "api/audience/row_values.hpp"

namespace millrace::audience {

namespace {

enum class Form {
  AsIs,
  Text,    // of a list, even where a table keeps it as a number
  Single,  // a number of single precision
  Result,  // names of tables; before the first one ""
  Schema   // of the input: "target_table" in the document, "target_schema" in the table
};

struct Member {
  const char* column;
  Form form = Form::AsIs;
};

constexpr std::array<Member, 18> kMembers{{{"task_id"},
                                           {"stat"},
                                           {"prod_stat"},
                                           {"model_type"},
                                           {"predict_type"},
                                           {"date_range"},
                                           {"target_schema", Form::Schema},
                                           {"create_time"},
                                           {"peak_memory"},
                                           {"length_receive_table"},
                                           {"length_output_table"},
                                           {"length_prod_table", Form::Text},
                                           {"result", Form::Result},
                                           {"uniq_source_author", Form::Text},
                                           {"rate_of_label", Form::Text},
                                           {"run_time", Form::Single},
                                           {"check_point"},
                                           {"error_message"}}};

Json shown(Json value, Form form, Profile profile) {
  if (form == Form::Text && value.is_number()) return value.dump();
  if (form == Form::Single) return single_of(std::move(value));
  if (form == Form::Result && value.is_null() && profile == Profile::Document) return "";
  return value;
}

}  // namespace

Json show_state(const Batch& rows, std::int64_t row, Profile profile) {
  Json state = Json::object();
  for (const auto& [column, form] : kMembers) {
    const bool is_renamed = form == Form::Schema && profile == Profile::Document;
    state[is_renamed ? "target_table" : column] = shown(value_of(rows, column, row), form, profile);
  }
  return state;
}

}  // namespace millrace::audience
