#pragma once

#include <span>
#include <string_view>

#include "api/route/values.hpp"
#include "engine/base/json.hpp"

namespace millrace::maisie {

/// A field of requests that becomes a column of the catalog.
struct FieldColumn {
  std::string_view name;     // in requests
  std::string_view column;   // of the entity
  Json declaration;          // see api/route/request_schema.hpp
  bool is_required = false;  // of a new row, and not null in any
};

/// The name of a workspace, project or tag.
FieldColumn name_column(std::string_view example);

/// Returns the fields as a route declares them that makes a row (`is_new`), or changes what is
/// given.
Json declared_fields(std::span<const FieldColumn> columns, bool is_new);

/// Returns the columns to set: those of the fields that were given. Objects and lists are taken out
/// of the values.
Json columns_of(std::span<const FieldColumn> columns, api::Values& values);

}  // namespace millrace::maisie
