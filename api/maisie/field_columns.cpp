#include "api/maisie/field_columns.hpp"

#include "engine/base/json_members.hpp"

namespace millrace::maisie {

FieldColumn name_column(std::string_view example) {
  return {.name = "name",
          .column = "name",
          .declaration = {{"type", "string"},
                          {"maxLength", 40},
                          {"missing", "No name provided"},
                          {"example", example}},
          .is_required = true};
}

Json declared_fields(std::span<const FieldColumn> columns, bool is_new) {
  Json fields = Json::object();
  for (const auto& column : columns) {
    Json declaration = column.declaration;
    if (column.is_required && is_new) declaration["mandatory"] = true;
    if (column.is_required && !is_new) {
      declaration["nullable"] = false;
      declaration.erase("example");  // who it is stays as it is
    }
    append_member(fields, column.name, std::move(declaration));
  }
  return fields;
}

Json columns_of(std::span<const FieldColumn> columns, api::Values& values) {
  Json set = Json::object();
  for (const auto& [name, column, declaration, is_required] : columns) {
    const Json* given = values.find(name);
    if (given == nullptr) continue;
    append_member(set, column, given->is_structured() ? values.take(name) : *given);
  }
  return set;
}

}  // namespace millrace::maisie
